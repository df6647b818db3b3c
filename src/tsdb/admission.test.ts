import { afterEach, describe, expect, test } from 'vitest';
import type { Histogram } from '../model/histogram.ts';
import { labelsFromObject } from '../model/labels.ts';
import { wordsOf } from '../model/sample.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { contents, storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';

const bench = storeBench();
afterEach(bench.clean);

const NOW = Date.UTC(2026, 0, 2, 12);
const HOUR = 3_600_000;
const own = labelsFromObject({ __name__: 'own' });
const histogram: Histogram = {
  schema: 0,
  count: 1,
  sum: 1,
  zeroThreshold: 0,
  zeroCount: 1,
  positiveSpans: [],
  positiveBuckets: [],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'unknown',
};

/** The ways a sample with its own time comes in. */
const ways = {
  'a float': (store: Store, time: number) => store.append(own, time, 1),
  'the bits of a float': (store: Store, time: number) => store.appendBits(own, time, 0, 0x3ff00000),
  'a histogram': (store: Store, time: number) => store.appendHistogram(own, time, histogram),
  'a staleness marker': (store: Store, time: number) => store.appendStale(own, time),
};

describe.each(Object.entries(ways))('%s is taken', (_, take) => {
  test('from the year 1 to the end of the year 9999', async () => {
    const dir = bench.directory();
    const store = bench.open(dir, { clock: fakeClock(NOW) });
    const first = Date.parse('0001-01-01T00:00:00Z');
    const last = Date.parse('9999-12-31T23:59:59.999Z');
    expect([first - 1, first, last, last + 1, Number.NaN].map((time) => take(store, time))).toEqual([
      'too_old',
      'ok',
      'ok',
      'too_new',
      'too_new',
    ]);
    expect(store.stats().rejected).toMatchObject({ too_old: 1, too_new: 2 });
    await store.flush();
    expect(contents(store).own!.map(([time]) => time)).toEqual([first, last]);
    await bench.close(store);
    expect(contents(bench.open(dir)).own!.map(([time]) => time)).toEqual([first, last]);
  });

  test('when it is as old as the retention, and not when it is older; a change of that counts at once', () => {
    const clock = fakeClock(NOW);
    const store = bench.open(bench.directory(), { clock, retention: { timeMs: HOUR, sizeBytes: 0 } });
    expect(take(store, NOW - HOUR - 1)).toBe('too_old');
    expect(take(store, NOW - HOUR)).toBe('ok');
    store.setRetention({ timeMs: HOUR / 2, sizeBytes: 0 });
    expect(take(store, NOW - HOUR + 1)).toBe('too_old');
    store.setRetention({ timeMs: 0, sizeBytes: 0 });
    expect(take(store, NOW - 100 * HOUR)).toBe('ok');
    expect(store.stats().rejected).toMatchObject({ too_old: 2 });
  });
});

describe('of two values for one time', () => {
  const bitsOf = (value: number): readonly [number, number] => {
    const [low, high] = wordsOf(Float64Array.of(value));
    return [low!, high!];
  };

  test('any bit tells them apart', () => {
    const store = bench.open(bench.directory());
    const value = 0.1;
    expect(store.append(own, 1000, value)).toBe('ok');
    expect(store.append(own, 1000, value)).toBe('duplicate');
    const [low, high] = bitsOf(value);
    for (let bit = 0; bit < 32; bit++) {
      expect(store.appendBits(own, 1000, low ^ (1 << bit), high)).toBe('conflict');
      expect(store.appendBits(own, 1000, low, (high ^ (1 << bit)) >>> 0)).toBe('conflict');
    }
    expect(store.append(own, 1000, -value)).toBe('conflict');
    expect(contents(store).own).toEqual([[1000, '0.1']]);
  });

  test('the first stays, wherever it is when the other comes', async () => {
    const clock = fakeClock(Date.UTC(2026, 0, 3, 12));
    const dir = bench.directory();
    const store = bench.open(dir, { clock });
    const first = [
      [NOW, '1'],
      [NOW + 1000, '1'],
    ];
    for (const time of [NOW, NOW + 1000]) store.append(own, time, 1);
    await store.flush();
    // What is in a partition already is not looked up for each sample that comes.
    expect(store.append(own, NOW, 2)).toBe('ok');
    expect(contents(store).own).toEqual(first);
    await store.flush();
    expect(contents(store).own).toEqual(first);
    await clock.advance('3h');
    await store.flush();
    store.append(own, NOW + 1000, 3);
    expect(contents(store).own).toEqual(first);
    await store.flush();
    expect(contents(store).own).toEqual(first);
    await clock.advance('3h');
    await store.flush();
    expect(contents(store).own).toEqual(first);
    await bench.close(store);
    expect(contents(bench.open(dir)).own).toEqual(first);
  });
});
