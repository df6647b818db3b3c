import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkAlerts, checkFigures, checkSamples, checkStore, withoutFailure } from './account.ts';
import { type Cast, Journal } from './journal.ts';
import { SERIES } from './targets.ts';

const scratch = mkdtempSync(join(tmpdir(), 'belfry-account-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const PAGES = 20;
const ALERTS = ['1', '2'];

/** A soak that went well, as it is found at its end; `change` spoils something of it. */
function soak() {
  const journal = new Journal();
  const served = Array.from({ length: PAGES }, (_, seq) => journal.startedAt - 100_000 + seq * 2000);
  const logFile = join(scratch, 'log');
  writeFileSync(logFile, '');
  /** What is stored: of each series the values with their times, Unix seconds. */
  const stored = Array.from({ length: SERIES }, (_, j) => ({
    metric: { j: String(j) },
    values: served.map((at, seq): [number, string] => [at / 1000, String(seq * 1000 + j)]),
  }));
  const up: [number, string][] = served.map((at) => [at / 1000, '1']);
  const counted = new Map(
    ['soak_flip', 'soak:flip'].map((name) => [name, new Map(ALERTS.map((n) => [n, 12]))]),
  );
  const told = new Map(ALERTS.map((n) => [n, { firing: [served[5]!], resolved: [served[15]!] }]));
  const metrics = new Map<string, number>();
  const monitor = {
    logFile,
    data: scratch,
    ask: async (_: string, { query }: { query: string }) => ({
      data: { result: query.startsWith('up') ? [{ metric: {}, values: up }] : stored },
    }),
    async query(query: string) {
      if (query.startsWith('count(')) return [{ value: [0, '1'] }];
      const name = /count_over_time\((\S+?)\[/.exec(query)![1]!;
      return [...counted.get(name)!].map(([n, count]) => ({ metric: { n }, value: [0, String(count)] }));
    },
    metric: async (name: string) => metrics.get(name) ?? 0,
  };
  const flips = new Map(ALERTS.map((n) => [n, 12]));
  const targets = [{ address: 'a:1', served, flips, quiet: true, close() {} }];
  const receiver = { address: '', mode: 'works', told, refused: 0, close() {} };
  const cast = { monitor, receiver, targets, journal } as unknown as Cast;
  return { cast, journal, served, stored, up, counted, told, metrics, logFile };
}

async function problemsOf({ cast, journal }: ReturnType<typeof soak>): Promise<readonly string[]> {
  await checkSamples(cast, Date.now());
  await checkAlerts(cast);
  await checkStore(cast);
  return journal.problems;
}

test('a soak in which all is as it must be has no problem, and its report counts all', async () => {
  const well = soak();
  expect(await problemsOf(well)).toEqual([]);
  expect(await checkSamples(well.cast, Date.now())).toBe(
    '20 pages of 40 series were served: 20 are stored whole and once, 0 were on their way at a kill or stop, 0 were scrapes that failed and say so',
  );
  expect(await checkAlerts(well.cast)).toContain(
    '2 alerts, 2 told as firing and as resolved, 0 hardly evaluated',
  );
});

test.each<[string, (found: ReturnType<typeof soak>) => void, RegExp]>([
  [
    'one sample is lost',
    ({ stored }) => void stored[7]!.values.splice(3, 1),
    /page 3, .*is stored with 39 of 40 series/,
  ],
  [
    'one sample is there twice',
    ({ stored }) => void stored[7]!.values.push(stored[7]!.values[3]!),
    /page 3, .*41 of 40/,
  ],
  [
    'one sample has another value',
    ({ stored }) => void (stored[7]!.values[3]![1] = '3007.5'),
    /3007\.5 of series 7 was never served/,
  ],
  [
    'one page is lost',
    ({ stored }) => stored.forEach(({ values }) => void values.splice(3, 1)),
    /of 20 pages 1 are missing without/,
  ],
  [
    'one page is lost, and another scrape has failed',
    ({ stored, up }) => {
      for (const { values } of stored) values.splice(3, 1);
      up[15]![1] = '0';
    },
    /of 20 pages 1 are missing without/,
  ],
  [
    'two pages are lost, and one scrape has failed there',
    ({ stored, up }) => {
      for (const { values } of stored) values.splice(3, 2);
      up[3]![1] = '0';
    },
    /of 20 pages 1 are missing without/,
  ],
  ['an alert is not told', ({ told }) => void told.delete('2'), /alert 2 .*never told as firing/],
  [
    'an end is not told',
    ({ told }) => void told.get('2')!.resolved.pop(),
    /alert 2 was told as firing and never as resolved/,
  ],
  [
    'an alert is told again',
    ({ told, served }) => void told.get('2')!.firing.push(served[9]!),
    /alert 2 was told again/,
  ],
  [
    'an end is told again',
    ({ told, served }) => void told.get('2')!.resolved.push(served[17]!),
    /alert 2 was told again/,
  ],
  [
    'rules were hardly evaluated',
    ({ counted }) => ALERTS.forEach((n) => void counted.get('soak:flip')!.set(n, 1)),
    /of 2 alerts 2 were hardly evaluated/,
  ],
  [
    'a target is gone',
    ({ cast }) => void (cast.targets as unknown[]).push(cast.targets[0]),
    /expected 2 targets, found 1/,
  ],
  [
    'it does not write',
    ({ metrics }) => void metrics.set('belfry_tsdb_degraded', 1),
    /belfry_tsdb_degraded is 1/,
  ],
  [
    'memory gave samples up',
    ({ metrics }) => void metrics.set('belfry_tsdb_lost_scrapes_total', 1),
    /lost_scrapes_total is 1/,
  ],
])('where %s, the account says so', async (_, spoil, problem) => {
  const found = soak();
  spoil(found);
  expect((await problemsOf(found)).join('\n')).toMatch(problem);
});

test('what a kill, a jump of the clock and a receiver without an answer explain is none', async () => {
  const found = soak();
  const { journal, served, stored, told, logFile, up } = found;
  journal.gaps.push([served[3]! - 1, served[3]! + 1]);
  journal.unsettle(served[8]!);
  journal.kills = 1;
  // A scrape that failed while the clock was an hour ahead.
  up[11] = [served[11]! / 1000 + 3600, '0'];
  for (const { values } of stored) values.splice(11, 1);
  for (const { values } of stored) values.splice(3, 1);
  told.get('1')!.firing.push(served[9]!);
  told.get('2')!.resolved.pop();
  writeFileSync(logFile, 'level=warn msg="notification failed" group="{}:{n=\\"2\\"}"\n');
  expect(await problemsOf(found)).toEqual([]);
});

test('memory and open files that grow are a problem', () => {
  const { cast, journal } = soak();
  checkFigures(cast, { rss: 180, files: 50 }, { rss: 430, files: 90 });
  expect(journal.problems).toEqual([]);
  checkFigures(cast, { rss: 180, files: 50 }, { rss: 431, files: 91 });
  expect(journal.problems).toEqual(['memory grew from 180 to 431 MB', 'open files grew from 50 to 91']);
});

test('each failure explains one page, near it', () => {
  expect(withoutFailure([1000, 3000], [2000])).toEqual([3000]);
  expect(withoutFailure([1000], [8000])).toEqual([1000]);
  expect(withoutFailure([1000], [3_600_000 - 2000, 9])).toEqual([]);
  // Served late, all at once, by a process that had stood still; one more than there are failures.
  const stalls = [[10_000, 40_000]] as const;
  expect(withoutFailure([40_100, 40_100, 40_100], [12_000, 30_000])).toEqual([40_100, 40_100, 40_100]);
  expect(withoutFailure([40_100, 40_100, 40_100], [12_000, 30_000], stalls)).toEqual([40_100]);
  expect(withoutFailure([60_000], [12_000], stalls)).toEqual([60_000]);
});
