import fs from 'node:fs';
import path from 'node:path';
import type { TemplateFile } from './notification.ts';

/** Reads the template files of globs, in the order of the globs and by name within each. @throws Error when one cannot be read */
export function readTemplateFiles(patterns: readonly string[]): TemplateFile[] {
  return patterns
    .flatMap((pattern) => fs.globSync(pattern).sort())
    .map((file) => ({ name: path.basename(file), text: fs.readFileSync(file, 'utf8') }));
}
