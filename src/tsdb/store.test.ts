import { cpSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ScrapeAppender } from '../model/appender.ts';
import type { Histogram } from '../model/histogram.ts';
import { labelsFromObject } from '../model/labels.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { contents, sampleText, storeBench } from './store.fixture.ts';

const bench = storeBench();
const { directory, open } = bench;
afterEach(bench.clean);

const up = labelsFromObject({ __name__: 'up', job: 'a' });
const size = labelsFromObject({ __name__: 'size', job: 'a' });

/** A directory as a kill leaves it. */
function copyOf(dir: string): string {
  const copy = directory();
  cpSync(dir, copy, { recursive: true, filter: (file) => !/lock\.db|reserve/.test(file) });
  return copy;
}

describe('scrapes', () => {
  test('a series that goes away gets one staleness marker and may come back', () => {
    const store = open(directory());
    const source = store.source('a');
    const slots = [source.slot(up), source.slot(size)] as const;
    expect(source.begin(1000)).toBe(true);
    source.set(slots[0], 1);
    expect(source.set(slots[1], 5)).toBe(true);
    expect(source.set(slots[1], 6)).toBe(false);
    expect(source.commit()).toEqual({ appended: 2, seriesAdded: 2, wentStale: 0 });
    for (const time of [2000, 3000]) {
      source.begin(time);
      source.set(slots[0], 1);
      expect(source.commit()).toEqual({ appended: 1, seriesAdded: 0, wentStale: time === 2000 ? 1 : 0 });
    }
    source.begin(4000);
    source.set(slots[0], Number.NaN);
    source.set(slots[1], 7);
    expect(source.commit()).toEqual({ appended: 2, seriesAdded: 1, wentStale: 0 });
    expect(source.begin(4000)).toBe(false);
    expect(source.markAllStale(5000)).toEqual({ appended: 0, seriesAdded: 0, wentStale: 2 });
    expect(source.markAllStale(6000)).toEqual({ appended: 0, seriesAdded: 0, wentStale: 0 });
    expect(contents(store)).toEqual({
      'up{job="a"}': [
        [1000, '1'],
        [2000, '1'],
        [3000, '1'],
        [4000, 'NaN'],
        [5000, 'stale'],
      ],
      'size{job="a"}': [
        [1000, '5'],
        [2000, 'stale'],
        [4000, '7'],
        [5000, 'stale'],
      ],
    });
  });

  test('a clock that was an hour ahead costs nothing once it is right again, over a restart and until it has caught up', async () => {
    const dir = directory();
    const hour = 3_600_000;
    const at = 100 * hour;
    let store = open(dir);
    let source = store.source('a');
    const scrape = (time: number, ...samples: (readonly [typeof up, number])[]) => {
      if (!source.begin(time)) return false;
      for (const [labels, value] of samples) source.set(source.slot(labels), value);
      return source.commit();
    };
    const histogram: Histogram = {
      schema: 0,
      count: 2,
      sum: 3,
      zeroThreshold: 0,
      zeroCount: 0,
      positiveSpans: [{ offset: 0, length: 1 }],
      positiveBuckets: [2],
      negativeSpans: [],
      negativeBuckets: [],
      customValues: [],
      counterResetHint: 'unknown',
    };
    scrape(at, [up, 1], [size, 5]);
    scrape(at + hour, [up, 2], [size, 6]);
    // Adjusted a little: skipped, as before.
    for (const earlier of [1000, 59_999]) expect(scrape(at + hour - earlier, [up, 3])).toBe(false);
    expect(scrape(at + 1000, [up, 4], [size, 7])).toEqual({ appended: 2, seriesAdded: 0, wentStale: 0 });
    expect(scrape(at + 1000, [up, 4])).toBe(false);
    expect(scrape(at + 2000, [up, 5])).toEqual({ appended: 1, seriesAdded: 0, wentStale: 1 });
    expect(source.begin(at + 3000)).toBe(true);
    source.set(source.slot(up), Number.NaN);
    source.setHistogram(source.slot(size), histogram);
    source.commit();
    expect(source.begin(at + 3500)).toBe(true);
    source.set(source.slot(up), 99);
    source.abort();
    await store.flush();
    expect(scrape(at + 4000, [up, 6])).toMatchObject({ appended: 1, wentStale: 1 });
    expect(store.stats()).toMatchObject({ behindScrapes: 4, lostRows: 0 });
    await bench.close(store);

    store = open(dir);
    source = store.source('a');
    scrape(at + 5000, [up, 7]);
    // In the last minute before it has caught up, too.
    scrape(at + hour - 2000, [up, 8]);
    scrape(at + hour + 1000, [up, 9], [size, 8]);
    expect(contents(store)).toMatchObject({
      'up{job="a"}': [
        [at, '1'],
        [at + 1000, '4'],
        [at + 2000, '5'],
        [at + 3000, 'NaN'],
        [at + 4000, '6'],
        [at + 5000, '7'],
        [at + hour - 2000, '8'],
        [at + hour, '2'],
        [at + hour + 1000, '9'],
      ],
    });
    const times = contents(store)['size{job="a"}']!.map(([time, value]) => [time - at, value]);
    expect(times.slice(0, 3)).toEqual([
      [0, '5'],
      [1000, '7'],
      [2000, 'stale'],
    ]);
    expect(times[3]).toEqual([3000, sampleText(histogram)]);
    expect(times[4]).toEqual([4000, 'stale']);
    expect(times.slice(-2)).toEqual([
      [hour, '6'],
      [hour + 1000, '8'],
    ]);
  });

  test('a scrape that is earlier than the last one by a minute is taken, by less not', () => {
    const source = open(directory()).source('a');
    const begins = (time: number): boolean => {
      const isTaken = source.begin(time);
      if (isTaken) source.commit();
      return isTaken;
    };
    expect(begins(120_000)).toBe(true);
    expect([120_000, 60_001].map(begins)).toEqual([false, false]);
    expect([60_000, 60_000, 60_001, 120_000].map(begins)).toEqual([true, false, true, true]);
    expect([120_000, 120_001].map(begins)).toEqual([false, true]);
  });

  test('a kill while the clock is behind: what the last scrape had and the next one lacks goes stale, and nothing else', async () => {
    const dir = directory();
    const hour = 3_600_000;
    const at = 100 * hour;
    const late = labelsFromObject({ __name__: 'late', job: 'a' });
    const kept = Array.from({ length: 40 }, (_, i) => labelsFromObject({ __name__: 'kept', i: `${i}` }));
    let store = open(dir);
    let source = store.source('a');
    const scrape = (time: number, ...series: (typeof up)[]) => {
      if (!source.begin(time)) return false;
      for (const labels of [...series, ...kept]) source.set(source.slot(labels), 1);
      return source.commit();
    };
    scrape(at, up, size);
    scrape(at + hour, up, size);
    expect(scrape(at + 1000, up, late)).toMatchObject({ wentStale: 1, seriesAdded: 1 });
    // All is in partitions, and the log short; what the last scrape had must be in it all the same.
    await store.flush();
    await store.committed();
    // As after a kill: what is in the log counts, and nobody closes anything.
    store = open(copyOf(dir));
    source = store.source('a');
    expect(scrape(at + 2000, up)).toEqual({ appended: 41, seriesAdded: 0, wentStale: 1 });
    await store.committed();
    const again = copyOf(store.dir);
    store = open(again);
    source = store.source('a');
    // In the last minute before the clock has caught up it is still the next scrape.
    expect(scrape(at + hour - 1000, up)).toEqual({ appended: 41, seriesAdded: 0, wentStale: 0 });
    expect(scrape(at + hour + 1000)).toEqual({ appended: 40, seriesAdded: 0, wentStale: 1 });
    await store.committed();
    store = open(copyOf(again));
    source = store.source('a');
    expect(scrape(at + hour + 2000, up)).toEqual({ appended: 41, seriesAdded: 1, wentStale: 0 });
    const times = (name: string) =>
      contents(store)[`${name}{job="a"}`]!.map(([time, value]) => [(time - at) / 1000, value]);
    expect(times('late')).toEqual([
      [1, '1'],
      [2, 'stale'],
    ]);
    expect(times('size')).toEqual([
      [0, '1'],
      [1, 'stale'],
      [3600, '1'],
    ]);
    expect(times('up')).toEqual([
      [0, '1'],
      [1, '1'],
      [2, '1'],
      [3599, '1'],
      [3600, '1'],
      [3601, 'stale'],
      [3602, '1'],
    ]);
  });

  test('a series is known from its slot on until the slot is given back, and over a restart', async () => {
    const dir = directory();
    const store = open(dir);
    const source = store.source('a');
    expect([source.find(up), source.seriesCount]).toEqual([-1, 0]);
    const slot = source.slot(up);
    expect([source.find(up), source.find(size), source.seriesCount]).toEqual([slot, -1, 1]);
    for (const [time, now] of [
      [1000, slot],
      [2000, source.slot(size)],
    ] as const) {
      source.begin(time);
      source.set(now, 1);
      source.commit();
    }
    await store.flush();
    expect(source.releaseUnused()).toEqual([slot]);
    expect([source.find(up), source.seriesCount]).toEqual([-1, 1]);
    await store.close();
    const again = open(dir).source('a');
    expect([again.find(up), again.find(size) >= 0, again.seriesCount]).toEqual([-1, true, 1]);
  });

  test('an aborted scrape leaves nothing', () => {
    const store = open(directory());
    const source = store.source('a');
    source.begin(1000);
    source.set(source.slot(up), 1);
    source.abort();
    expect(contents(store)).toEqual({});
    expect(source.begin(1000)).toBe(true);
    source.commit();
  });

  test('a slot is not given back while a row that is in no partition has a sample of its series', async () => {
    const store = open(directory());
    const source = store.source('a');
    const slots = [source.slot(up), source.slot(size)] as const;
    const scrape = (time: number, ...present: number[]): void => {
      source.begin(time);
      for (const slot of present) source.set(slot, time);
      source.commit();
    };
    scrape(1000, ...slots);
    await store.flush();
    scrape(2000, ...slots);
    for (const time of [3000, 4000]) scrape(time, slots[0]);
    expect(source.releaseUnused()).toEqual([]);
    await store.flush();
    expect(source.releaseUnused()).toEqual([slots[1]]);
    expect(contents(store)['size{job="a"}']).toEqual([
      [1000, '1000'],
      [2000, '2000'],
      [3000, 'stale'],
    ]);
  });

  test('a slot that was asked for and not used yet is not given back', async () => {
    const store = open(directory());
    const source = store.source('a');
    const early = source.slot(up);
    const late = source.slot(size);
    for (const time of [1000, 2000]) {
      source.begin(time);
      if (time === 1000) source.set(early, 1);
      source.commit();
      expect(source.releaseUnused()).toEqual([]);
    }
    await store.flush();
    const fresh = source.slot(labelsFromObject({ __name__: 'fresh' }));
    expect(source.releaseUnused()).toEqual([early, late]);
    source.begin(3000);
    expect(source.set(fresh, 3)).toBe(true);
    source.commit();
    expect(() => source.labelsOfSlot(early)).toThrow('belongs to no series');
    expect(source.slot(up)).not.toBe(fresh);
    expect(contents(store).fresh).toEqual([[3000, '3']]);
  });

  test('people see what is in the log, rules what was appended', async () => {
    const store = open(directory());
    const source = store.source('a');
    source.begin(1000);
    source.set(source.slot(up), 1);
    source.commit();
    expect(store.append(size, 1000, 2)).toBe('ok');
    expect(Object.keys(contents(store, 'committed'))).toEqual([]);
    expect(Object.keys(contents(store, 'appended'))).toHaveLength(2);
    await store.committed();
    expect(Object.keys(contents(store, 'committed'))).toHaveLength(2);
  });
});

describe('samples with their own times', () => {
  test('are taken in any order, once', () => {
    const store = open(directory());
    expect(store.append(up, 5000, 1)).toBe('ok');
    expect(store.append(up, 3000, 2)).toBe('ok');
    expect(store.append(up, -5_000_000_000_000, 3)).toBe('ok');
    expect(store.appendStale(up, 6000)).toBe('ok');
    expect(store.append(up, 3000, 2)).toBe('duplicate');
    expect(store.append(up, 3000, 4)).toBe('conflict');
    expect(store.append(up, 9e15, 4)).toBe('too_new');
    expect(contents(store)).toEqual({
      'up{job="a"}': [
        [-5_000_000_000_000, '3'],
        [3000, '2'],
        [5000, '1'],
        [6000, 'stale'],
      ],
    });
    expect(store.stats().rejected).toEqual({
      duplicate: 1,
      conflict: 1,
      too_old: 0,
      too_new: 1,
      invalid: 0,
    });
  });
});

describe('the data directory', () => {
  test('belongs to its owner and to one store at a time', async () => {
    const dir = join(directory(), 'deep', 'data');
    const store = open(dir);
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(() => open(dir)).toThrow(`data directory ${dir} is in use by another process`);
    await bench.close(store);
    open(dir);
  });
});

describe('reopening', () => {
  test('brings back rings, own samples, metadata and what must go stale', async () => {
    const dir = directory();
    const first = open(dir);
    const source = first.source('a');
    const slots = [source.slot(up), source.slot(size)] as const;
    for (let i = 0; i < 50; i++) {
      source.begin(1000 * i);
      source.set(slots[0], i % 7 === 0 ? 0.1 * i : i);
      if (i % 5 !== 0) source.set(slots[1], -i);
      source.commit();
    }
    first.append(labelsFromObject({ __name__: 'own' }), 7, Number.NEGATIVE_INFINITY);
    first.appendStale(labelsFromObject({ __name__: 'own' }), 8);
    first.metadata('up', { type: 'gauge', help: 'Is it up?', unit: '' });
    const before = contents(first);
    await bench.close(first);

    const second = open(dir);
    expect(contents(second)).toEqual(before);
    expect(second.metricMetadata.get('up')).toEqual({ type: 'gauge', help: 'Is it up?', unit: '' });
    const again = second.source('a');
    expect(again.begin(49_000)).toBe(false);
    expect(again.slot(up)).toBe(slots[0]);
    again.begin(50_000);
    again.set(again.slot(labelsFromObject({ __name__: 'new' })), 1);
    expect(again.commit()).toEqual({ appended: 1, seriesAdded: 1, wentStale: 2 });
  });
});

describe('series of several sources with the same labels', () => {
  test('are one, and what a scrape says counts before what brought its own time', async () => {
    const store = open(directory());
    store.append(up, 1000, 7);
    store.append(up, 1500, 8);
    for (const [key, time] of [
      ['a', 1000],
      ['b', 1000],
      ['b', 2000],
    ] as const) {
      const source = store.source(key + time);
      source.begin(time);
      source.set(source.slot(up), key === 'a' ? 1 : 2);
      source.commit();
    }
    const expected = {
      'up{job="a"}': [
        [1000, '1'],
        [1500, '8'],
        [2000, '2'],
      ],
    };
    expect(contents(store)).toEqual(expected);
    await store.flush();
    expect(contents(store)).toEqual(expected);
  });
});

describe('flush', () => {
  test('of everything ends although samples keep coming, with what there was when it began in partitions', async () => {
    const dir = bench.directory();
    const store = bench.open(dir);
    const source = store.source('a');
    const up = labelsFromObject({ __name__: 'up' });
    const own = labelsFromObject({ __name__: 'own' });
    let rows = 0;
    const add = (): void => {
      source.begin(1000 * ++rows);
      source.set(source.slot(up), rows);
      source.commit();
      store.append(own, 1000 * rows, rows);
    };
    for (let row = 0; row < 3; row++) add();
    let isDone = false;
    const done = store.flush().then(() => {
      isDone = true;
    });
    for (let turns = 0; turns < 2000 && !isDone; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      add();
    }
    expect(isDone).toBe(true);
    await done;
    expect(store.stats().flush.samples).toBeGreaterThanOrEqual(6);
    expect(store.stats().flush.flushes).toBeLessThanOrEqual(2);
    expect(contents(store).up).toHaveLength(rows);
    expect(contents(store).own).toHaveLength(rows);
  });

  test('does not count samples as moved that come to the log only after it began', async () => {
    const dir = directory();
    const clock = fakeClock();
    const store = open(dir, { clock });
    const times: number[] = [];
    const append = (): void => {
      times.push(clock.now());
      expect(store.append(up, clock.now(), 1)).toBe('ok');
    };
    append();
    await clock.advance('7m55s');
    // Whichever second the samples are moved in, one of them is not in the log yet.
    for (let n = 0; n < 15; n++) {
      await clock.advance(900);
      append();
      await clock.advance(100);
    }
    await clock.advance('5s');
    await expect.poll(() => store.stats().flush.flushes).toBe(1);
    await clock.advance('5s');
    // Rows of the log that nobody needs go.
    await store.sync();
    expect(store.stats().flush.samples).toBeLessThan(times.length);
    expect(contents(open(copyOf(dir)))['up{job="a"}']!.map(([time]) => time)).toEqual(times);
  });

  test('leaves nothing to a start but the last rows, which tell what went stale', async () => {
    const dir = bench.directory();
    const clock = fakeClock();
    const store = bench.open(dir, { clock });
    const [a, b] = ['a', 'b'].map((key) => store.source(key));
    const scrape = (source: ScrapeAppender, time: number, names: readonly string[]): void => {
      source.begin(time);
      for (const name of names) source.set(source.slot(labelsFromObject({ __name__: name })), time);
      source.commit();
    };
    for (let time = 1; time <= 30; time++) {
      scrape(a!, time * 1000, ['x', 'y']);
      scrape(b!, time * 1000, ['z']);
      await store.committed();
    }
    await store.flush();
    expect(store.stats().log.rows).toBeLessThanOrEqual(2);
    const before = contents(store);
    await bench.close(store);

    const again = bench.open(dir, { clock });
    expect(again.stats().replay).toMatchObject({ series: 3, samples: 3, damaged: 0 });
    expect(contents(again)).toEqual(before);
    const source = again.source('a');
    scrape(source, 31_000, ['y']);
    expect(contents(again).x?.at(-1)).toEqual([31_000, 'stale']);
    // The last row is in a partition: it is not flushed once more.
    await again.flush();
    expect(again.stats().flush.samples).toBe(2);
    expect(contents(again).y?.length).toBe(31);
  });

  test('moves everything to partitions, and nothing is seen twice or missed', async () => {
    const dir = directory();
    const store = open(dir);
    const source = store.source('a');
    const slot = source.slot(up);
    const day = Date.UTC(2026, 0, 1);
    for (let i = 0; i < 100; i++) {
      source.begin(day - 50_000 + 1000 * i);
      source.set(slot, i);
      source.commit();
      store.append(size, day + 500 * i, -i);
    }
    const before = contents(store);
    await store.flush();
    expect(contents(store)).toEqual(before);
    expect(store.stats().headBytes).toBeLessThan(store.stats().samplesAppended * 1000);
    source.begin(day + 100_000);
    source.set(slot, 1);
    source.commit();
    const after = contents(store);
    expect(after['up{job="a"}']).toHaveLength(101);
    await bench.close(store);
    expect(contents(open(dir))).toEqual(after);
  });
});
