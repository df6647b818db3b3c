import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { build, type Metafile } from 'esbuild';

/** A package of npm's whose code is inside the executable. */
interface Material {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Text of its licence file; empty when it has none. */
  readonly text: string;
}

/**
 * Writes what the executable is made of beside the program: `licenses.txt`, `sbom.json` (CycloneDX 1.6) and `build.json`. The same
 * sources give the same bytes.
 * @param programs what esbuild says went into the program's files
 * @param target such as `linux-x64`
 */
export async function writeMaterials(
  stage: string,
  programs: readonly Metafile[],
  target: string,
  version: string,
): Promise<void> {
  const folders = new Set([...programs, await pageMetafile()].flatMap(packageFolders));
  const materials = [...folders, `node_modules/node-${target}`].map(materialOf);
  materials.sort((a, b) => a.name.localeCompare(b.name, 'en') || a.version.localeCompare(b.version, 'en'));
  fs.writeFileSync(`${stage}/licenses.txt`, licensesText(materials));
  fs.writeFileSync(
    `${stage}/sbom.json`,
    `${JSON.stringify(billOfMaterials(materials, version), undefined, 1)}\n`,
  );
  fs.writeFileSync(`${stage}/build.json`, JSON.stringify(buildInfo()));
}

/** What the page is made of; Vite does not say. */
async function pageMetafile(): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: ['web/src/page.tsx', 'web/src/login.tsx'],
    outdir: 'dist/unwritten',
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'error',
    define: { 'import.meta.env.DEV': 'false' },
  });
  return metafile;
}

/** `node_modules/a`, `node_modules/@b/c/node_modules/d` of all files that left something in the output. */
function packageFolders({ inputs }: Metafile): string[] {
  return Object.keys(inputs).flatMap((file) => {
    const match = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file);
    return match ? [match[0]] : [];
  });
}

function materialOf(folder: string): Material {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    license?: string;
  };
  const files = fs.readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name));
  const text = files.map((name) => fs.readFileSync(path.join(folder, name), 'utf8').trim()).join('\n\n');
  return { name: manifest.name, version: manifest.version, license: manifest.license ?? 'unknown', text };
}

function licensesText(materials: readonly Material[]): string {
  const own = fs.readFileSync('LICENSE', 'utf8').trim();
  const rule = '-'.repeat(78);
  const parts = materials.map(
    ({ name, version, license, text }) =>
      `${name} ${version} (${license})\n\n${text || `Licence: ${license}`}`,
  );
  return `${[`Belfry\n\n${own}`, ...parts].join(`\n\n${rule}\n`)}\n`;
}

function billOfMaterials(materials: readonly Material[], version: string): object {
  const components = materials.map(({ name, version: own, license }) => {
    const purl = `pkg:npm/${name.replace('@', '%40')}@${own}`;
    return {
      type: 'library',
      'bom-ref': purl,
      name,
      version: own,
      purl,
      licenses: [/^[\w.-]+$/.test(license) ? { license: { id: license } } : { expression: license }],
    };
  });
  const digest = createHash('sha256').update(JSON.stringify(components)).digest('hex');
  const serial = [8, 12, 16, 20, 32].map((end, i, all) => digest.slice(all[i - 1] ?? 0, end)).join('-');
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${serial}`,
    version: 1,
    metadata: { component: { type: 'application', name: 'belfry', version } },
    components,
  };
}

/** Of the commit, so that two builds of it say the same; a tree that differs from it says so. */
function buildInfo(): { revision: string; date: string } {
  const git = (...args: string[]): string => {
    try {
      return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    } catch {
      return '';
    }
  };
  const isChanged = git('status', '--porcelain') !== '';
  const revision = git('rev-parse', '--short=12', 'HEAD') || 'unknown';
  return { revision: isChanged ? `${revision}-modified` : revision, date: git('log', '-1', '--format=%cI') };
}
