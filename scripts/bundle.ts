import fs from 'node:fs';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { build, type Metafile } from 'esbuild';
import { addonId } from '../src/platform.ts';
import { writeMaterials } from './materials.ts';

/** Beside the program, for `belfry init` and `belfry version`. */
const TEXTS = ['config.example.yaml', 'licenses.txt', 'sbom.json', 'build.json'];

/**
 * Bundles loader, main thread and worker into the staging folder that becomes the executable, with the page and the SQLite addon beside them.
 * @param platform name of better-sqlite3's prebuild, such as `linux-x64`
 */
export async function bundle(stage: string, platform: string, version: string): Promise<void> {
  fs.rmSync(stage, { recursive: true, force: true });
  fs.mkdirSync(stage, { recursive: true });
  const entries = { main: 'src/loader.ts', belfry: 'src/main.ts', worker: 'src/query/worker.ts' };
  const programs: Metafile[] = [];
  for (const [name, source] of Object.entries(entries)) {
    const { metafile } = await build({
      metafile: true,
      entryPoints: [source],
      outfile: `${stage}/${name}.cjs`,
      bundle: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      legalComments: 'none',
      // Names stay as they are, for stack traces. Every thread keeps its source in memory, and one character beyond Latin-1, be it in a
      // comment, would double that.
      minifyWhitespace: true,
      lineLimit: 160,
      logLevel: 'warning',
      // better-sqlite3's fallback loader; the addon is loaded by platform.ts and handed in.
      logOverride: { 'require-resolve-not-external': 'silent' },
      define: {
        'import.meta.url': '__importMetaUrl',
        'import.meta.dirname': '__dirname',
      },
      banner: { js: 'const __importMetaUrl=require("node:url").pathToFileURL(__filename).href;' },
    });
    programs.push(metafile);
  }
  fs.cpSync('dist/web', `${stage}/web`, { recursive: true });
  compress(`${stage}/web`);
  const addon = fs.readFileSync(`node_modules/better-sqlite3/prebuilds/${platform}.node`);
  fs.writeFileSync(`${stage}/better_sqlite3.node`, addon);
  fs.writeFileSync(`${stage}/better_sqlite3.node.id`, addonId(addon));
  fs.copyFileSync('config.example.yaml', `${stage}/config.example.yaml`);
  await writeMaterials(stage, programs, platform, version);
  // No "dependencies": pkg would pack them all beside the bundle that already holds them.
  const manifest = {
    name: 'belfry',
    version,
    license: 'MIT',
    bin: 'main.cjs',
    pkg: {
      scripts: ['belfry.cjs', 'worker.cjs'],
      assets: ['web/**/*', 'better_sqlite3.node', 'better_sqlite3.node.id', ...TEXTS],
    },
  };
  fs.writeFileSync(`${stage}/package.json`, JSON.stringify(manifest));
}

/** Puts `x.br` beside each file worth it, so that nothing is compressed while people wait. */
function compress(folder: string): void {
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isFile() || fs.statSync(file).size < 1024) continue;
    fs.writeFileSync(`${file}.br`, brotliCompressSync(fs.readFileSync(file)));
  }
}
