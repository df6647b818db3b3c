import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { compatibilityPage, readScripts } from '../../../scripts/compatibility.ts';
import { parseCommand, splitScript } from './script.ts';

const ROOT = path.resolve(import.meta.dirname, '../../..');
const FOLDER = path.join(ROOT, '../shared/promqltest');
const isThere = fs.existsSync(FOLDER);
if (!isThere) console.warn(`upstream's promqltest scripts are not at ${FOLDER}: skipped`);

/** Counts a script's cases without running them: that all pass is what conformance.test.ts holds. */
function allPass(text: string): { passed: number; total: number } {
  const total = splitScript(text).filter((command) => {
    try {
      return parseCommand(command).kind === 'eval';
    } catch {
      return true;
    }
  }).length;
  return { passed: total, total };
}

describe.skipIf(!isThere)('docs/compatibility.md', () => {
  const page = isThere ? fs.readFileSync(path.join(ROOT, 'docs/compatibility.md'), 'utf8') : '';

  test('is what the scripts and routes say, all cases passed; else run: node scripts/compatibility.ts', () => {
    expect(page).toBe(compatibilityPage(readScripts(FOLDER), allPass));
  });

  test('every function, aggregation, operator and kind of selector stands in a case', () => {
    expect(page.split('\n').filter((row) => row.endsWith(' | 0 |'))).toEqual([]);
  });
});
