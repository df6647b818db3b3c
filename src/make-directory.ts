import fs from 'node:fs';
import path from 'node:path';

/**
 * Makes a directory with those above it that are missing, for the owner only. Node's own way does that, too, but never returns where a
 * parent takes no directories, as in /proc.
 * @throws the system's error, when one of them cannot be made or is a file
 */
export function makeDirectory(dir: string): void {
  const missing: string[] = [];
  let at = path.resolve(dir);
  while (!fs.existsSync(at)) {
    missing.unshift(at);
    at = path.dirname(at);
  }
  for (const one of missing) makeOne(one);
  // It says what is wrong with a name that is taken.
  if (!fs.statSync(dir).isDirectory()) fs.mkdirSync(dir);
}

function makeOne(dir: string): void {
  try {
    fs.mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if ((error as { code?: string }).code !== 'EEXIST') throw error;
  }
}
