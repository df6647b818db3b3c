import fs from 'node:fs';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build, type Metafile, type Plugin } from 'esbuild';
import { addonId } from '../src/platform.ts';
import { writeMaterials } from './materials.ts';

/**
 * Parts of prom-client and pino that nobody here calls, by who asks for them; they would load clients for HTTP and zlib, and what starts
 * processes, before anything else runs, and stay in memory.
 */
const UNUSED: Readonly<Record<string, RegExp>> = {
  './lib/pushgateway': /prom-client\/index\.js$/,
  './lib/cluster': /prom-client\/index\.js$/,
  '@opentelemetry/api': /prom-client\/lib\/metrics\//,
  'thread-stream': /pino\/lib\/transport\.js$/,
};

const withoutUnused: Plugin = {
  name: 'without unused parts',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /pushgateway|cluster|opentelemetry|thread-stream/ }, ({ path: name, importer }) =>
      UNUSED[name]?.test(importer) ? { path: name, namespace: 'unused' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'unused' }, () => ({ contents: '' }));
  },
};

/** What a module is, to Node. */
const MODULE_FUNCTION = 'function (exports, require, module, __filename, __dirname) ';

/**
 * Bundles loader, server, commands and worker into the staging folder that becomes the executable, with the page and the SQLite addon beside them.
 * @param platform name of better-sqlite3's prebuild, such as `linux-x64`
 */
export async function bundle(stage: string, platform: string, version: string): Promise<void> {
  fs.rmSync(stage, { recursive: true, force: true });
  fs.mkdirSync(stage, { recursive: true });
  const entries = {
    main: 'src/loader.ts',
    server: 'src/server.ts',
    belfry: 'src/main.ts',
    worker: 'src/query/worker.ts',
  };
  const importMetaUrl = 'const __importMetaUrl=require("node:url").pathToFileURL(__filename).href;';
  const programs: Metafile[] = [];
  for (const [name, source] of Object.entries(entries)) {
    const { metafile } = await build({
      metafile: true,
      plugins: [withoutUnused],
      entryPoints: [source],
      outfile: `${stage}/${name}.cjs`,
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      legalComments: 'none',
      // Names stay as they are, for stack traces.
      minifyWhitespace: true,
      lineLimit: 160,
      logLevel: 'warning',
      // better-sqlite3's fallback loader; the addon is loaded by platform.ts and handed in.
      logOverride: { 'require-resolve-not-external': 'silent' },
      define: {
        'import.meta.url': '__importMetaUrl',
        'import.meta.dirname': '__dirname',
      },
      // The loader runs the others as functions of what a module is given.
      banner: { js: name === 'main' ? importMetaUrl : `(${MODULE_FUNCTION}{${importMetaUrl}` },
      footer: { js: name === 'main' ? '' : '})' },
    });
    if (name !== 'main') toLatin1(`${stage}/${name}.cjs`);
    programs.push(metafile);
  }
  fs.cpSync('dist/web', `${stage}/web`, { recursive: true });
  compress(`${stage}/web`);
  const addon = fs.readFileSync(`node_modules/better-sqlite3/prebuilds/${platform}.node`);
  fs.writeFileSync(`${stage}/better_sqlite3.node`, addon);
  fs.writeFileSync(`${stage}/better_sqlite3.node.id`, addonId(addon));
  fs.copyFileSync('config.example.yaml', `${stage}/config.example.yaml`);
  await writeMaterials(stage, programs, platform, version);
}

/**
 * A byte for each character: every thread keeps its source in memory, where one character beyond Latin-1 would double it.
 * @throws Error when there is one
 */
function toLatin1(file: string): void {
  const source = fs.readFileSync(file, 'utf8');
  const beyond = /[^\0-\xff]/.exec(source);
  if (beyond) throw new Error(`${file}: ${JSON.stringify(beyond[0])} at ${beyond.index} is beyond Latin-1`);
  fs.writeFileSync(file, source, 'latin1');
}

/** Puts `x.br` beside each file worth it, so that nothing is compressed while people wait. */
function compress(folder: string): void {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isFile() || fs.statSync(file).size < 1024) continue;
    fs.writeFileSync(`${file}.br`, brotliCompressSync(fs.readFileSync(file)));
  }
}
