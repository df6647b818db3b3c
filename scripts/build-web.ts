import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const PAGES = ['web/index.html', 'web/login.html', 'web/status-page.html'];

/** Builds the page into `outDir` (dist/web unless given). Half a second; needs the development dependencies. */
export async function buildWeb(outDir = join(root, 'dist/web')): Promise<void> {
  const { build } = await import('vite');
  await build({
    configFile: join(root, 'vite.config.ts'),
    root: join(root, 'web'),
    logLevel: 'warn',
    build: { outDir },
  });
}

/** Builds the page into `dist/web` when it is not there or the sources are newer. @returns whether it built */
export async function ensureWeb(): Promise<boolean> {
  const outDir = join(root, 'dist/web');
  const built = statSync(join(outDir, 'index.html'), { throwIfNoEntry: false })?.mtimeMs;
  if (built !== undefined && built >= newestSource()) return false;
  await buildWeb(outDir);
  return true;
}

function newestSource(): number {
  const files = ['vite.config.ts', ...PAGES].map((file) => join(root, file));
  for (const folder of ['web/src', 'web/public']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
    }
  }
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

if (import.meta.main) await buildWeb(process.argv[2]);
