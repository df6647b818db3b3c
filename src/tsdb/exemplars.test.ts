import { cpSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, test } from 'vitest';
import type { Exemplar } from '../model/exemplar.ts';
import { formatSeries, labelsFromObject } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { unlimited } from '../model/queryable.ts';
import type { TimeRange } from '../model/time.ts';
import { ExemplarRows } from './log/exemplar-rows.ts';
import { openQueryable } from './open-queryable.ts';
import { always, storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';

const bench = storeBench();
afterEach(bench.clean);
const open = (dir = bench.directory(), maxExemplars = 100): Store => bench.open(dir, { maxExemplars });

const requests = labelsFromObject({ __name__: 'requests_total', job: 'a' });
const errors = labelsFromObject({ __name__: 'errors_total', job: 'a' });
const trace = (id: string, value: number, timestamp?: number): Exemplar => ({
  labels: labelsFromObject({ trace_id: id }),
  value,
  ...(timestamp === undefined ? {} : { timestamp }),
});

/** Trace ids with values and times, by series. */
function kept(
  store: Store,
  sets: readonly (readonly Matcher[])[] = [[]],
  range: TimeRange = always,
): Record<string, string[]> {
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'committed' });
  const found = queryable.exemplars(sets, range, unlimited);
  queryable.close();
  return Object.fromEntries(
    found.map(({ labels, exemplars }) => [
      formatSeries(labels),
      exemplars.map((one) => `${formatSeries(one.labels)} ${one.value} @${one.timestamp}`),
    ]),
  );
}

describe('exemplars', () => {
  test('of scrapes and of samples with their own times are found by series and time', () => {
    const store = open();
    const source = store.source('a');
    source.begin(1000);
    const slot = source.slot(requests);
    source.set(slot, 5);
    source.exemplar(slot, trace('a', 0.5));
    source.exemplar(slot, trace('b', 0.7, 1500));
    source.commit();
    expect(store.exemplar(errors, trace('c', 1, 2000))).toBe('ok');
    // The series of a source and one without are the same series.
    expect(store.exemplar(requests, trace('d', 2, 1200))).toBe('ok');
    expect(kept(store)).toEqual({
      'errors_total{job="a"}': ['{trace_id="c"} 1 @2000'],
      'requests_total{job="a"}': [
        '{trace_id="a"} 0.5 @1000',
        '{trace_id="d"} 2 @1200',
        '{trace_id="b"} 0.7 @1500',
      ],
    });
    const isRequests: Matcher = { name: '__name__', op: '=', value: 'requests_total' };
    expect(kept(store, [[isRequests]], { from: 1001, to: 1501 })).toEqual({
      'requests_total{job="a"}': ['{trace_id="d"} 2 @1200', '{trace_id="b"} 0.7 @1500'],
    });
    expect(kept(store, [])).toEqual({});
  });

  test('of one series go forward in time, then in value; the last one again is passed over', () => {
    const store = open();
    expect(store.exemplar(requests, trace('a', 1, 1000))).toBe('ok');
    expect(store.exemplar(requests, trace('a', 1, 1000))).toBe('duplicate');
    expect(store.exemplar(requests, trace('b', 2, 1000))).toBe('ok');
    expect(store.exemplar(requests, trace('a', 1, 1000))).toBe('too_old');
    expect(store.exemplar(requests, trace('c', 9, 999))).toBe('too_old');
    expect(store.exemplar(requests, trace('x'.repeat(121), 9, 2000))).toBe('invalid');
    expect(store.exemplar(requests, trace('x'.repeat(120), 9, 2000))).toBe('ok');
    // Characters are counted, not bytes.
    expect(store.exemplar(requests, trace('😀'.repeat(120), 9, 3000))).toBe('ok');
    expect(store.stats().exemplars).toMatchObject({
      appended: 4,
      duplicates: 1,
      outOfOrder: 2,
      tooLong: 1,
      kept: 4,
      series: 1,
      oldest: 1000,
    });
  });

  test('beyond the limit the oldest go, and a smaller limit keeps the latest', async () => {
    const store = open(bench.directory(), 3);
    for (let i = 1; i <= 5; i++) store.exemplar(i % 2 ? requests : errors, trace(String(i), i, 1000 * i));
    expect(kept(store)).toEqual({
      'errors_total{job="a"}': ['{trace_id="4"} 4 @4000'],
      'requests_total{job="a"}': ['{trace_id="3"} 3 @3000', '{trace_id="5"} 5 @5000'],
    });
    store.setMaxExemplars(1);
    expect(kept(store)).toEqual({ 'requests_total{job="a"}': ['{trace_id="5"} 5 @5000'] });
    expect(store.exemplar(requests, trace('old', 1, 4000))).toBe('too_old');
    store.setMaxExemplars(4);
    for (let i = 6; i <= 8; i++) store.exemplar(errors, trace(String(i), i, 1000 * i));
    expect(kept(store)['requests_total{job="a"}']).toEqual(['{trace_id="5"} 5 @5000']);
    store.setMaxExemplars(0);
    expect(kept(store)).toEqual({});
    expect(store.exemplar(errors, trace('9', 9, 9000))).toBe('ok');
    expect(kept(store)).toEqual({});
    // What waited for the log when the limit fell to nothing does not keep it from being written.
    await store.committed();
    expect(store.degraded()).toBeUndefined();
  });

  test('outlive a kill, with samples in partitions or not', async () => {
    const dir = bench.directory();
    const store = open(dir);
    const source = store.source('a');
    source.begin(1000);
    const slot = source.slot(requests);
    source.set(slot, 5);
    source.exemplar(slot, trace('a', 0.5));
    source.commit();
    store.exemplar(errors, trace('b', 1, 2000));
    await store.flush();
    store.exemplar(errors, trace('c', 2, 3000));
    await store.committed();
    const expected = {
      'errors_total{job="a"}': ['{trace_id="b"} 1 @2000', '{trace_id="c"} 2 @3000'],
      'requests_total{job="a"}': ['{trace_id="a"} 0.5 @1000'],
    };
    const after = join(bench.directory(), 'after');
    cpSync(dir, after, { recursive: true, filter: (file) => !/lock\.db|reserve/.test(file) });
    const again = open(after);
    expect(kept(again)).toEqual(expected);
    expect(again.exemplar(errors, trace('old', 2, 2000))).toBe('too_old');
    // And go on from there.
    again.exemplar(errors, trace('d', 3, 4000));
    const reopened = again.source('a');
    reopened.begin(5000);
    reopened.set(reopened.slot(requests), 6);
    reopened.exemplar(reopened.slot(requests), trace('e', 4));
    reopened.commit();
    await bench.close(again);
    expect(kept(open(after, 2))).toEqual({
      'errors_total{job="a"}': ['{trace_id="d"} 3 @4000'],
      'requests_total{job="a"}': ['{trace_id="e"} 4 @5000'],
    });
  });
});

test('rows of exemplars stay few, hold all that count, and not much more', () => {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE exemplars (seq INTEGER PRIMARY KEY, n INTEGER NOT NULL, b BLOB NOT NULL)');
  const rows = new ExemplarRows(db);
  rows.kept = 500;
  for (let seq = 1; seq <= 5000; seq++) rows.append(seq, 1, Uint8Array.of(seq & 255, seq >> 8));
  const stored = [...rows.stored()];
  const count = stored.reduce((sum, { n }) => sum + n, 0);
  expect(count).toBeGreaterThanOrEqual(500);
  expect(count).toBeLessThan(500 + 64);
  expect(stored.length).toBeLessThan(80);
  expect(stored.at(-1)!.seq).toBe(5000);
  expect([...new ExemplarRows(db).stored()]).toEqual(stored);
  db.close();
});
