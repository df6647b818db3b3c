import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeClock } from '../testing/fake-clock.ts';
import { peer } from '../testing/peer.ts';
import { checkLanguages } from './languages.ts';
import { ran } from './ran.fixture.ts';
import { testRules } from './test-rules.ts';

const cwd = join(import.meta.dirname, '../rules/unit-test/testdata');
const promtool = peer('promtool');

function run(...argv: string[]) {
  const clock = fakeClock();
  return ran((args, io) => testRules(args, io, { clock, ...checkLanguages(clock.now) }), argv, { cwd });
}

test('tests that pass', async () => {
  expect(await run('passing.yml', 'order.yml', 'histograms.yml')).toEqual({
    code: 0,
    out: 'Unit Testing:  passing.yml\n  SUCCESS\n\nUnit Testing:  order.yml\n  SUCCESS\n\nUnit Testing:  histograms.yml\n  SUCCESS\n\n',
    err: '',
  });
});

test('what failed is shown as expected and got', async () => {
  const { code, err } = await run('wrong-order.yml');
  expect([code, err]).toEqual([
    1,
    '  FAILED:\n    expr: "second", time: 2m,\n        exp: {__name__="second"} 3.1E+01\n        got: {__name__="second"} 2.1E+01\n',
  ]);
});

test('a rule that fails ends its test', async () => {
  expect((await run('limit.yml')).err).toBe(
    '  FAILED:\n    rule: Crowd, time: 2m0s, err: exceeded limit of 2 with 3 alerts\n',
  );
});

test('a key that is not known is an error with its place', async () => {
  expect(await run('unknown-key.yml')).toMatchObject({
    code: 1,
    err: '  FAILED:\nunknown-key.yml:4:5: tests[0].input_serie: expected a known key, got "input_serie"; did you mean "input_series"?\n',
  });
});

test('a file that is not there fails; the others are run', async () => {
  const { code, out, err } = await run('none.yml', 'order.yml');
  expect(code).toBe(1);
  expect(err).toContain('ENOENT');
  expect(out).toContain('Unit Testing:  order.yml\n  SUCCESS\n');
});

test('--run takes the tests whose names match, several patterns are alternatives', async () => {
  expect((await run('--run', '^right$', 'failing.yml')).code).toBe(0);
  expect((await run('--run', 'nothing', '--run', 'wrong', 'failing.yml')).code).toBe(1);
  await expect(run('--run', '(', 'failing.yml')).rejects.toThrow('--run: expected a regular expression');
});

test('--diff marks what is missing and what is too much', async () => {
  const { err } = await run('--diff', '--run', 'wrong', 'failing.yml');
  expect(err).toContain('\u001b[31m- Labels:{alertname="Down", instance="b"');
  expect(err).toContain('\u001b[32m+ Labels:{alertname="Down", instance="a"');
});

test('--debug shows the series at the end', async () => {
  const { err } = await run('--debug', 'order.yml');
  expect(err).toContain('DEBUG: Starting test order\n');
  expect(err).toContain('second =>\n11 @[0]\n21 @[60000]\n31 @[120000]');
});

test('--junit writes suites, cases and failures', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'belfry-junit-'));
  try {
    const file = join(folder, 'out.xml');
    await run('--junit', file, 'order.yml', 'wrong-order.yml', 'unknown-key.yml');
    const xml = readFileSync(file, 'utf8');
    expect(xml).toContain(
      '<testsuites><testsuite name="order.yml" tests="1" failures="0" errors="0" skipped="0" timestamp="2026-01-01T00:00:00"><testcase name="order"></testcase></testsuite>',
    );
    expect(xml).toContain('<testcase name="a cycle behind"><failure>    expr: &#34;second&#34;');
    expect(xml).toContain(
      'name="unknown-key.yml" tests="0" failures="0" errors="1" skipped="0" timestamp=""><testcase name="unknown"><error>',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([[[]], [['--frobnicate', 'a.yml']]])('wrong usage: %j', async (argv) => {
  await expect(run(...argv)).rejects.toThrow(/test rules: expected|unknown flag/);
});

/** `text` without what a peer of another version says otherwise: places of mistakes, and paths of patterns. */
const comparable = (text: string): string => text.replace(/^( {2}WARNING: no file match pattern ).*$/m, '$1');

test.skipIf(!promtool.isThere).each(['passing', 'failing', 'order', 'wrong-order', 'limit'])(
  'the real promtool says the same of %s.yml, word for word',
  async (name) => {
    const ours = await run(`${name}.yml`);
    let code = 0;
    let theirs = '';
    try {
      theirs = execFileSync('sh', ['-c', `"${promtool.file}" test rules ${name}.yml 2>&1`], {
        cwd,
        encoding: 'utf8',
      });
    } catch (error) {
      const failed = error as { status: number; stdout: string };
      code = failed.status;
      theirs = failed.stdout;
    }
    const lines = (text: string): string[] => comparable(text).split('\n').filter(Boolean).sort();
    expect(ours.code).toBe(code);
    expect(lines(ours.out + ours.err)).toEqual(lines(theirs));
  },
);
