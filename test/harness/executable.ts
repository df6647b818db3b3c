import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');
/** The build under test; BELFRY names another one, such as a script that runs the sources. */
export const EXECUTABLE = process.env.BELFRY ?? path.join(root, 'dist/belfry');

/** Builds `dist/belfry` unless it is newer than all it is made of. Vitest runs it once before the appliance tests. */
export default function buildOnce(): void {
  if (process.env.BELFRY !== undefined) return;
  const builtAt = fs.statSync(EXECUTABLE, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newest = Math.max(
    ...['src', 'web', 'scripts', 'package-lock.json'].map((entry) => newestIn(path.join(root, entry))),
  );
  if (builtAt > newest) return;
  console.log('building dist/belfry for the appliance tests');
  execFileSync(process.execPath, ['scripts/build.ts'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}

function newestIn(entry: string): number {
  const stat = fs.statSync(entry, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(
    0,
    ...fs
      .readdirSync(entry)
      .map((name) => (name.endsWith('.test.ts') ? 0 : newestIn(path.join(entry, name)))),
  );
}
