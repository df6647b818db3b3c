import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runScript } from './runner.ts';

const TESTDATA = path.resolve(import.meta.dirname, '../testdata');

test.each(fs.readdirSync(TESTDATA))('our own %s passes', (file) => {
  const { passed, total, failures } = runScript(fs.readFileSync(path.join(TESTDATA, file), 'utf8'));
  expect(failures).toEqual([]);
  expect(passed).toBe(total);
  expect(total).toBeGreaterThan(0);
});

/** A script that loads one series and evaluates a query. */
const script = (evaluation: string): string => `load 1m\n  m{a="1"} 1 2 3\n\n${evaluation}\n`;

describe('the runner tells', () => {
  test.each([
    ['a wrong value', 'eval instant at 2m m\n  m{a="1"} 4', 'm{a="1"}: expected 4, got 3'],
    [
      'a missing series',
      'eval instant at 2m m\n  m{a="1"} 3\n  m{a="2"} 3',
      'expected series m{a="2"}, which is missing',
    ],
    ['a series too many', 'eval instant at 2m m', 'unexpected series m{a="1"} with 3'],
    [
      'a missing point',
      'eval range from 0 to 2m step 1m m\n  m{a="1"} 1 2',
      'm{a="1"}: expected 2 points, got 1@0 2@60000 3@120000',
    ],
    ['a wrong scalar', 'eval instant at 0 1 + 1\n  3', 'expected the scalar 3, got 2'],
    [
      'a wrong string',
      'eval instant at 0 "x"\n  expect string "y"',
      'expected {"kind":"string","value":"y"}, got the string "x"',
    ],
    [
      'an error',
      'eval instant at 2m m * on() group_left m{a="1"} or vector(scalar(nope)',
      'unexpected error: 1:52: parse error: unclosed left parenthesis',
    ],
    ['no error', 'eval instant at 2m m\n  expect fail', 'expected an error, got a result'],
    [
      'another error',
      'eval instant at 2m topk(scalar(nope), m)\n  expect fail msg: Scalar',
      'expected the error "Scalar", got "Parameter value is NaN"',
    ],
    [
      'a missing warning',
      'eval instant at 2m m\n  expect warn\n  m{a="1"} 3',
      'expected a warn annotation "of any text", got []',
    ],
    [
      'a warning',
      'eval instant at 2m quantile(2, m)\n  expect no_warn\n  {} Inf',
      'expected no warn annotations, got ["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"]',
    ],
    [
      'a wrong order',
      'eval instant at 2m sort(m or vector(1))\n  expect ordered\n  m{a="1"} 3\n  {} 1',
      'expected {} at position 2, got it at 1',
    ],
  ])('%s', (_name, evaluation, message) => {
    expect(runScript(script(evaluation)).failures).toEqual([{ line: 4, expr: expect.any(String), message }]);
  });
});

test.each([
  ['bogus\n', 1],
  ['\nload\n', 2],
  ['load 1m\n  m{a="1" 1\n', 1],
  ['load 1m\n  m 1y2\n', 1],
  ['eval instant m 5 6\n  m 1 2 three\n', 1],
  ['eval instant at 0 m\n  expect nothing\n', 2],
  ['eval instant at 0 m\n  expect warn\n  expect no_warn\n', 2],
])('%j is a mistake at line %d, and the rest still runs', (text, line) => {
  const { failures, total, passed } = runScript(`${text}\neval instant at 0 1\n  1\n`);
  expect(failures.map((failure) => failure.line)).toEqual([line]);
  expect({ total, passed }).toEqual({ total: 2, passed: 1 });
});
