import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runScript } from './runner.ts';

/** Upstream's scripts, read in place. */
const FOLDER = path.resolve(import.meta.dirname, '../../../../shared/promqltest');

/** Cases that pass, per file; only ever raised. */
const PASSING: Readonly<Record<string, number>> = {
  'aggregators.test': 130,
  'at_modifier.test': 63,
  'collision.test': 2,
  'duration_expression.test': 48,
  'extended_vectors.test': 140,
  'fill-modifier.test': 39,
  'functions.test': 372,
  'histograms.test': 152,
  'info.test': 46,
  'limit.test': 28,
  'literals.test': 25,
  'name_label_dropping.test': 23,
  'native_histograms.test': 413,
  'operators.test': 182,
  'range_queries.test': 16,
  'selectors.test': 22,
  'staleness.test': 13,
  'start_timestamps.test': 21,
  'subquery.test': 31,
  'trig_functions.test': 18,
  'type_and_unit.test': 49,
};

const isThere = fs.existsSync(FOLDER);
if (!isThere) console.warn(`upstream's promqltest scripts are not at ${FOLDER}: skipped`);

describe.skipIf(!isThere)("upstream's scripts", () => {
  test('the table names every script', () => {
    const files = fs.readdirSync(FOLDER).filter((file) => file.endsWith('.test'));
    expect(files.sort()).toEqual(Object.keys(PASSING).sort());
  });

  test.each(Object.entries(PASSING))('%s: %d cases pass', (file, passing) => {
    const result = runScript(fs.readFileSync(path.join(FOLDER, file), 'utf8'));
    const failures = result.failures.map(({ line, expr, message }) => `${file}:${line}: ${expr}: ${message}`);
    expect({ passed: result.passed, failures }).toEqual({ passed: passing, failures: [] });
  });

  test('a changed expectation fails its case, in every script', () => {
    let mutated = 0;
    const survivors: string[] = [];
    for (const file of Object.keys(PASSING)) {
      const lines = fs.readFileSync(path.join(FOLDER, file), 'utf8').split('\n');
      const mutants = expectationLines(lines).filter((_, i) => i % 23 === 0);
      for (const line of mutants) {
        const changed = mutate(lines[line]!);
        if (changed === undefined) continue;
        mutated++;
        const script = upTo(lines, line).with(line, changed).join('\n');
        if (!caught(script, line)) survivors.push(`${file}:${line + 1}: ${changed.trim()}`);
      }
    }
    expect(survivors).toEqual([]);
    expect(mutated).toBeGreaterThan(80);
  });
});

/** Lines that say what an eval gives: those below it up to an empty line. */
function expectationLines(lines: readonly string[]): number[] {
  const found: number[] = [];
  let isEval = false;
  lines.forEach((line, i) => {
    const text = line.trim();
    if (/^(load|eval|clear)/.test(text)) isEval = text.startsWith('eval');
    else if (text === '') isEval = false;
    else if (isEval && !text.startsWith('#')) found.push(i);
  });
  return found;
}

/** The script from the last `clear` before a line to the end of the line's block. */
function upTo(lines: readonly string[], line: number): string[] {
  let end = line;
  while (end < lines.length && lines[end]!.trim() !== '') end++;
  const clear = lines.slice(0, line).findLastIndex((text) => text.trim() === 'clear');
  return lines.slice(0, end).map((text, i) => (i > clear ? text : ''));
}

/** The line with another meaning; undefined for lines that cannot be changed simply. */
function mutate(line: string): string | undefined {
  const text = line.trim();
  if (/^expect (fail|warn|info) msg:/.test(text)) return `${line}x`;
  if (/^expect (no_warn|no_info|ordered|fail|warn|info|range|string)/.test(text)) return undefined;
  const histogram = /^(.*\{\{.*(?:count|sum):)(\d+)(\b.*)$/.exec(line);
  if (histogram) return `${histogram[1]}${Number(histogram[2]) + 1}${histogram[3]}`;
  const number = /^(|.*\s)(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/i.exec(line.trimEnd());
  if (!number) return undefined;
  const value = Number(number[2]);
  return number[1] + String(value === 0 ? 1 : value * 1.01);
}

/** Whether the block that holds the line is reported as failing. */
function caught(script: string, line: number): boolean {
  const { failures } = runScript(script);
  const head = script
    .split('\n')
    .slice(0, line + 1)
    .findLastIndex((text) => text.trim().startsWith('eval'));
  return failures.some((failure) => failure.line === head + 1);
}
