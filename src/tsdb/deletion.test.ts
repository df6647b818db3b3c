import { cpSync, existsSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { formatSeries, labelsFromObject } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { unlimited, ViewChangedError } from '../model/queryable.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { openQueryable } from './open-queryable.ts';
import { type DayChange, finishChange } from './partition/change.ts';
import { type Deletion, DeletionTally, rewriteDay } from './partition/deletion.ts';
import { listPartitions } from './partition/directory.ts';
import { changedPath } from './partition/names.ts';
import { openPartitionFile } from './partition/schema.ts';
import { always, type Contents, contents, storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';

const bench = storeBench();
const templates = storeBench();
afterEach(bench.clean);

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 10);
const MINUTE = 60_000;

const labelsOf = (i: number) => labelsFromObject({ __name__: i % 2 === 0 ? 'even' : 'odd', i: String(i) });
const own = labelsFromObject({ __name__: 'own' });
const equals = (name: string, value: string): Matcher => ({ name, op: '=', value });

const UNTIL = START + 2.5 * DAY_MS;
/** Made once, copied for each test. */
let template = '';

/**
 * 80 series of one target every half hour for two sealed days and one that is written to, the last two hours of it in memory only; and
 * one with its own times, 30 s later.
 */
beforeAll(async () => {
  const clock = fakeClock(START);
  template = templates.directory();
  const store = templates.open(template, { clock });
  const source = store.source('a');
  const slots = Array.from({ length: 80 }, (_, i) => source.slot(labelsOf(i)));
  for (let time = START; time < UNTIL; time += 30 * MINUTE) {
    source.begin(time);
    for (const [i, slot] of slots.entries()) source.set(slot, i + time / MINUTE);
    source.commit();
    store.append(own, time + 30_000, time);
    if (time === UNTIL - 150 * MINUTE) await store.flush();
  }
  clock.jump(UNTIL - clock.now());
  await clock.advance('70m');
  source.begin(clock.now());
  for (const [i, slot] of slots.entries()) source.set(slot, i);
  source.commit();
  await templates.close(store);
});
afterAll(() => templates.clean());

function filled(): { store: Store; dir: string; clock: ReturnType<typeof fakeClock> } {
  const dir = bench.directory();
  cpSync(template, dir, { recursive: true });
  const clock = fakeClock(UNTIL + 80 * MINUTE);
  return { store: bench.open(dir, { clock }), dir, clock };
}

function without(all: Contents, goes: (series: string, time: number) => boolean): Contents {
  return Object.fromEntries(
    Object.entries(all)
      .map(([series, samples]) => [series, samples.filter(([time]) => !goes(series, time))] as const)
      .filter(([, samples]) => samples.length > 0),
  );
}

const partitions = (dir: string): string[] => readdirSync(dir).filter((name) => /^2026.*\.db$/.test(name));
const sizes = (dir: string): number =>
  partitions(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);

describe('deleting', () => {
  test('counts first, then removes the samples from memory, log and partitions, and frees their room', async () => {
    const { store, dir } = filled();
    const before = contents(store);
    expect(partitions(dir)).toEqual(['20260110.db', '20260111.db', '20260112.hot.db']);
    const deletion: Deletion = {
      selectors: [[equals('__name__', 'even')], [equals('i', '3')]],
      range: always,
    };
    const expected = { series: 41, samples: 41 * 121, days: 3 };
    const preview = await store.delete(deletion, true);
    expect(preview).toMatchObject(expected);
    expect(preview.examples.map(formatSeries)).toContain('even{i="0"}');
    expect(contents(store)).toEqual(before);
    const bytes = sizes(dir);
    expect(await store.delete(deletion, false)).toMatchObject(expected);
    const rest = without(before, (series) => series.startsWith('even') || series === 'odd{i="3"}');
    expect(contents(store)).toEqual(rest);
    expect(contents(store, 'committed')).toEqual(rest);
    expect(sizes(dir)).toBeLessThan(0.75 * bytes);
    expect(partitions(dir)).toEqual(['20260110.db', '20260111.db', '20260112.db']);
    const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'committed' });
    const querier = queryable.querier(unlimited);
    expect(querier.labelValues('__name__', [], always)).toEqual(['odd', 'own']);
    expect(querier.labelValues('i', [], always)).not.toContain('3');
    querier.close();
    queryable.close();
    await bench.close(store);
    expect(contents(bench.open(dir))).toEqual(rest);
  });

  test('takes a part of the time, both ends as given, and leaves what came after it', async () => {
    const { store, dir, clock } = filled();
    const before = contents(store);
    const range = { from: START + DAY_MS - 90 * MINUTE, to: START + DAY_MS + 90 * MINUTE + 1 };
    const deletion = { selectors: [[equals('__name__', 'odd')]], range };
    expect(await store.delete(deletion, false)).toMatchObject({ series: 40, samples: 40 * 7, days: 2 });
    const rest = without(
      before,
      (series, time) => series.startsWith('odd') && time >= range.from && time < range.to,
    );
    expect(contents(store)).toEqual(rest);
    store.append(labelsOf(1), range.from, 7);
    clock.jump(DAY_MS);
    await clock.advance('70m');
    await store.flush();
    expect(contents(store)['odd{i="1"}']).toHaveLength(before['odd{i="1"}']!.length - 7 + 1);
    await bench.close(store);
    expect(contents(bench.open(dir)).own).toEqual(before.own);
  });

  test('of everything leaves an empty store that goes on', async () => {
    const { store, dir } = filled();
    await store.delete({ selectors: [[{ name: '__name__', op: '=~', value: '.+' }]], range: always }, false);
    expect(contents(store)).toEqual({});
    expect(partitions(dir)).toEqual([]);
    store.append(own, START, 1);
    await store.flush();
    await bench.close(store);
    expect(contents(bench.open(dir))).toEqual({ own: [[START, '1']] });
  });

  test('copies the groups it does not concern as they are, histograms too', async () => {
    const { store, dir } = filled();
    const latency = labelsFromObject({ __name__: 'latency' });
    store.appendHistogram(latency, START + 7000, {
      schema: 0,
      count: 5,
      sum: 18.4,
      zeroThreshold: 1e-128,
      zeroCount: 1,
      positiveSpans: [{ offset: 0, length: 2 }],
      positiveBuckets: [2, 2],
      negativeSpans: [],
      negativeBuckets: [],
      customValues: [],
      counterResetHint: 'unknown',
    });
    const remove = (i: string) => store.delete({ selectors: [[equals('i', i)]], range: always }, false);
    // The first takes the histogram from its hot file into the day's sealed one; the second copies that.
    await remove('1');
    const before = contents(store);
    expect(before.latency).toHaveLength(1);
    await remove('2');
    expect(contents(store)).toEqual(without(before, (series) => series === 'even{i="2"}'));
    const { db } = openPartitionFile(join(dir, '20260110.db'), undefined);
    expect(db.prepare("SELECT value FROM meta WHERE key = 'format'").pluck().get()).toBe(2);
    db.close();
  });

  test('of what is not there changes no file', async () => {
    const { store, dir } = filled();
    await store.flush();
    const before = partitions(dir).map((name) => statSync(join(dir, name)).ino);
    const nothing = { selectors: [[equals('i', 'nobody')]], range: always };
    expect(await store.delete(nothing, false)).toMatchObject({ series: 0, samples: 0, days: 0 });
    expect(partitions(dir).map((name) => statSync(join(dir, name)).ino)).toEqual(before);
  });

  test('that meets a damaged partition removes nothing and names it', async () => {
    const { store, dir } = filled();
    await store.flush();
    const before = contents(store);
    renameSync(join(dir, '20260111.db'), join(dir, 'kept'));
    writeFileSync(join(dir, '20260111.db'), 'nothing like a database, nothing at all'.repeat(200));
    const deletion = { selectors: [[equals('__name__', 'odd')]], range: always };
    await expect(store.delete(deletion, false)).rejects.toThrow(join(dir, '20260111.db'));
    renameSync(join(dir, 'kept'), join(dir, '20260111.db'));
    expect(readdirSync(dir).filter((name) => name.includes('change'))).toEqual([]);
    await bench.close(store);
    expect(contents(bench.open(dir))).toEqual(before);
  });

  test('keeps of two values for one time the one that was there first, in whatever file the other is', async () => {
    const { store } = filled();
    const [time, first] = contents(store)['odd{i="1"}']![0]!;
    store.append(labelsOf(1), time, 99);
    await store.flush();
    await store.delete({ selectors: [[equals('i', '2')]], range: always }, false);
    expect(contents(store)['odd{i="1"}']![0]).toEqual([time, first]);
    // Its day has the other one no more: the value of then is all there is.
    await store.delete({ selectors: [[equals('i', '1')]], range: { from: time, to: time + 1 } }, false);
    expect(contents(store)['odd{i="1"}']![0]![0]).toBeGreaterThan(time);
  });

  test('goes on beside samples of the same day, which are all stored, and is counted', async () => {
    const { store, dir } = filled();
    const times = (): number[] => (contents(store).fresh ?? []).map(([time]) => time);
    const fresh = labelsFromObject({ __name__: 'fresh' });
    const deletion = store.delete({ selectors: [[equals('__name__', 'even')]], range: always }, false);
    // The day that is written to is on its way.
    const rewritten = join(dir, '20260112.db.changed');
    for (let turn = 0; turn < 10_000 && !existsSync(rewritten); turn++) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(existsSync(rewritten)).toBe(true);
    const appended = [UNTIL + 1];
    store.append(fresh, UNTIL + 1, 1);
    const flush = store.flush();
    const { samples } = await deletion;
    await flush;
    expect(times()).toEqual(appended);
    store.append(fresh, UNTIL - 1, 1);
    await store.flush();
    appended.unshift(UNTIL - 1);
    expect(times()).toEqual(appended);
    expect(store.stats().upkeep.deletedSamples).toBe(samples);
    await bench.close(store);
    const again = bench.open(dir);
    expect(contents(again).fresh!.map(([time]) => time)).toEqual(appended);
    expect(Object.keys(contents(again)).some((name) => name.startsWith('even'))).toBe(false);
  });

  test('of a series that comes again leaves what came afterwards, over a restart', async () => {
    const { store, dir, clock } = filled();
    await store.delete({ selectors: [[equals('i', '4')]], range: always }, false);
    expect(contents(store)['even{i="4"}']).toBeUndefined();
    const source = store.source('a');
    source.begin(clock.now());
    source.set(source.slot(labelsOf(4)), 1);
    source.commit();
    store.append(labelsOf(4), START, 2);
    const expected = [
      [START, '2'],
      [clock.now(), '1'],
    ];
    expect(contents(store)['even{i="4"}']).toEqual(expected);
    await store.flush();
    expect(contents(store)['even{i="4"}']).toEqual(expected);
    await bench.close(store);
    expect(contents(bench.open(dir))['even{i="4"}']).toEqual(expected);
  });

  test('waits for one that is under way', async () => {
    const { store } = filled();
    const of = (i: number) => store.delete({ selectors: [[equals('i', String(i))]], range: always }, false);
    const [first, second, preview] = await Promise.all([of(1), of(2), of(1)]);
    expect([first.series, second.series, preview.series]).toEqual([1, 1, 0]);
  });
});

describe('a query', () => {
  test('that saw one of the days before a deletion is not given another as it is after it', async () => {
    const { store } = filled();
    const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'committed' });
    const day = (n: number) => ({ from: START + n * DAY_MS, to: START + (n + 1) * DAY_MS });
    const matchers = [equals('i', '4')];
    const early = queryable.querier(unlimited);
    expect(early.select(matchers, day(0))).toHaveLength(1);
    await store.delete({ selectors: [matchers], range: always }, false);
    expect(early.select(matchers, day(0))).toHaveLength(1);
    expect(() => early.select(matchers, day(1))).toThrow(ViewChangedError);
    early.close();
    const late = queryable.querier(unlimited);
    expect(late.select(matchers, day(0))).toEqual([]);
    late.close();
    queryable.close();
  });
});

/** The data directory as a kill would leave it; what a start makes of it. */
async function afterKill(dir: string, change: (copy: string) => void = () => {}): Promise<Contents> {
  const copy = bench.directory();
  cpSync(dir, copy, { recursive: true });
  change(copy);
  const store = bench.open(copy);
  const found = contents(store);
  await bench.close(store);
  expect(readdirSync(copy).filter((name) => /\.(changed|tmp)$|^change\.json/.test(name))).toEqual([]);
  return found;
}

describe('a kill', () => {
  test('at any step before the decision leaves everything, at any after it the rest', async () => {
    const { store, dir } = filled();
    await store.flush();
    await bench.close(store);
    const before = await afterKill(dir);
    const deletion: Deletion = { selectors: [[equals('__name__', 'even')]], range: always };
    const rest = without(before, (series) => series.startsWith('even'));
    const changes: DayChange[] = [];
    for (const files of listPartitions(dir)) {
      const steps = rewriteDay(dir, files, deletion, undefined, new DeletionTally());
      for (let i = 0; ; i++) {
        const { done, value } = steps.next();
        if (i < 3 || done) expect(await afterKill(dir)).toEqual(before);
        if (!done) continue;
        changes.push(value!);
        break;
      }
    }
    expect(changes.map(({ sealed, hotId }) => [sealed, hotId !== undefined])).toEqual([
      ['replaced', false],
      ['replaced', false],
      ['replaced', true],
    ]);
    const half = (copy: string): void =>
      writeFileSync(join(copy, 'change.json.tmp'), '{"format":1,"days":[{"day"');
    expect(await afterKill(dir, half)).toEqual(before);
    writeFileSync(join(dir, 'change.json'), JSON.stringify({ format: 1, days: changes }));
    for (let done = 0; done <= changes.length; done++) {
      const moved = (copy: string): void => {
        for (const { day } of changes.slice(0, done)) {
          renameSync(changedPath(copy, day), changedPath(copy, day).replace('.changed', ''));
        }
      };
      expect(await afterKill(dir, moved)).toEqual(rest);
    }
    // A hot file that was damaged in the same accident is no reason not to start; what is kept of its day is in the sealed one.
    const damaged = (copy: string): void =>
      writeFileSync(join(copy, '20260112.hot.db'), 'garbage'.repeat(999));
    expect(await afterKill(dir, damaged)).toEqual(rest);
    expect(finishChange(dir, { addon: undefined, log: silentLog() })).toBe(true);
    expect(existsSync(join(dir, 'change.json'))).toBe(false);
    expect(await afterKill(dir)).toEqual(rest);
  });

  test('brings nothing back of rows of the log that are kept for somebody else', async () => {
    const dir = bench.directory();
    const store = bench.open(dir, { clock: fakeClock(UNTIL), heldLogRow: 0 });
    const source = store.source('a');
    source.begin(UNTIL);
    source.set(source.slot(labelsOf(2)), 1);
    source.commit();
    store.append(own, UNTIL, 1);
    store.append(labelsOf(1), UNTIL, 1);
    await store.delete(
      { selectors: [[equals('__name__', 'own')], [equals('i', '2')]], range: always },
      false,
    );
    expect(store.stats().log.rows).toBeGreaterThan(1);
    expect(await afterKill(dir)).toEqual({ 'odd{i="1"}': [[UNTIL, '1']] });
  });

  test('right after the answer brings nothing back from the log', async () => {
    const { store, dir } = filled();
    const before = contents(store);
    await store.delete({ selectors: [[equals('__name__', 'odd')]], range: always }, false);
    expect(await afterKill(dir)).toEqual(without(before, (series) => series.startsWith('odd')));
  });
});
