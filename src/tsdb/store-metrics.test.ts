import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import type { Clock } from '../clock.ts';
import type { Histogram } from '../model/histogram.ts';
import { labelsFromObject } from '../model/labels.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { storeBench } from './store.fixture.ts';
import type { Store } from './store.ts';

const bench = storeBench();
afterEach(bench.clean);

const DAY = Date.UTC(2026, 0, 2);
const HOUR = 3_600_000;
const TICK_MS = 4;

/** A clock on which 4 ms pass between two looks at it, so that what takes time takes some. */
function tickingClock(now: number): Clock {
  const clock = fakeClock(now);
  let ticks = 0;
  return { ...clock, now: () => clock.now(), monotonic: () => clock.monotonic() + TICK_MS * ticks++ };
}

/** The metrics of a registry by name and labels. */
async function metricsOf(registry: Registry): Promise<Record<string, number>> {
  const text = await registry.metrics();
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

/** 40 series of one target, so two groups, in `rows` scrapes of which the last one lacks a series, and one series with its own times. */
function fill(store: Store, rows: number): void {
  const source = store.source('target');
  for (let row = 0; row < rows; row++) {
    source.begin(DAY + 15_000 * row);
    for (let i = 0; i < 40; i++) {
      if (i === 7 && row === rows - 1) continue;
      source.set(source.slot(labelsFromObject({ __name__: 'm', i: `${i}` })), row * i);
    }
    source.commit();
  }
  source.close();
  for (let n = 0; n < 5; n++) store.append(labelsFromObject({ __name__: 'own' }), DAY + n, n);
}

test('the store counts what it did and what there is', async () => {
  const dir = bench.directory();
  const registry = new Registry();
  const store = bench.open(dir, { clock: tickingClock(DAY + HOUR), registry });
  expect(await metricsOf(registry)).toMatchObject({
    belfry_tsdb_samples_appended_total: 0,
    belfry_tsdb_series: 0,
    'belfry_tsdb_chunks{kind="hot"}': 0,
    belfry_tsdb_flushes_total: 0,
    belfry_tsdb_flush_seconds_total: 0,
  });
  fill(store, 20);
  await store.committed();
  const inHead = await metricsOf(registry);
  expect(inHead).toMatchObject({
    // The staleness marker of the series that went away is none.
    belfry_tsdb_samples_appended_total: 20 * 40 - 1 + 5,
    belfry_tsdb_series: 41,
    'belfry_tsdb_chunks{kind="hot"}': 0,
    belfry_tsdb_log_rows_total: store.stats().log.rowsWritten,
    belfry_tsdb_flushed_samples_total: 0,
    belfry_tsdb_degraded: 0,
  });
  expect(inHead.belfry_tsdb_log_rows_total).toBeGreaterThan(0);
  expect(inHead.belfry_tsdb_log_written_bytes_total).toBeGreaterThan(500);
  expect(inHead.belfry_tsdb_log_bytes).toBeGreaterThanOrEqual(inHead.belfry_tsdb_log_written_bytes_total!);
  expect(inHead.belfry_tsdb_head_bytes).toBeGreaterThan(20 * 40 * 8);

  await store.flush();
  const stored = await metricsOf(registry);
  expect(stored).toMatchObject({
    belfry_tsdb_flushed_samples_total: 20 * 40 + 5,
    'belfry_tsdb_partitions{kind="hot"}': 1,
    'belfry_tsdb_partitions{kind="sealed"}': 0,
    // Two groups of the target and one of the series with its own times.
    'belfry_tsdb_chunks{kind="hot"}': 3,
    'belfry_tsdb_chunks{kind="sealed"}': 0,
    belfry_tsdb_seals_total: 0,
  });
  expect(stored.belfry_tsdb_flushes_total).toBeGreaterThanOrEqual(1);
  expect(stored.belfry_tsdb_flush_seconds_total).toBeGreaterThanOrEqual(TICK_MS / 1000);
  const files = readdirSync(dir).filter((name) => name.startsWith('20260102.hot.db'));
  expect(stored['belfry_tsdb_partition_bytes{kind="hot"}']).toBe(
    files.reduce((sum, name) => sum + statSync(join(dir, name)).size, 0),
  );
  await bench.close(store);
});

test('a restart says how long the replay took, and a seal is counted with its time', async () => {
  const dir = bench.directory();
  const first = bench.open(dir, { clock: tickingClock(DAY + HOUR) });
  fill(first, 50);
  await bench.close(first);
  const replayed = new Registry();
  const second = bench.open(dir, { clock: tickingClock(DAY + 2 * HOUR), registry: replayed });
  const found = await metricsOf(replayed);
  expect(found.belfry_tsdb_replay_seconds).toBeGreaterThanOrEqual(TICK_MS / 1000);
  expect(found.belfry_tsdb_series).toBe(41);
  expect(second.stats().replay).toMatchObject({ series: 41, samples: 50 * 40 + 5 });
  await second.flush();
  await bench.close(second);
  const registry = new Registry();
  const store = bench.open(dir, { clock: tickingClock(DAY + 48 * HOUR), registry });
  await store.flush();
  const sealed = await metricsOf(registry);
  expect(readdirSync(dir).filter((name) => name.startsWith('2026'))).toEqual(['20260102.db']);
  expect(sealed).toMatchObject({
    'belfry_tsdb_partitions{kind="hot"}': 0,
    'belfry_tsdb_partitions{kind="sealed"}': 1,
    'belfry_tsdb_chunks{kind="hot"}': 0,
    'belfry_tsdb_chunks{kind="sealed"}': 3,
    'belfry_tsdb_partition_bytes{kind="sealed"}': statSync(join(dir, '20260102.db')).size,
    belfry_tsdb_seals_total: 1,
    belfry_tsdb_seal_failures_total: 0,
  });
  expect(sealed.belfry_tsdb_seal_seconds_total).toBeGreaterThanOrEqual(TICK_MS / 1000);
});

test('a day that cannot be sealed is counted, and a day that goes by its reason', async () => {
  const dir = bench.directory();
  const first = bench.open(dir, { clock: tickingClock(DAY + HOUR) });
  fill(first, 20);
  await first.flush();
  await bench.close(first);
  const hot = new Database(join(dir, '20260102.hot.db'));
  hot.exec("UPDATE block SET b = x'00'");
  hot.close();
  const registry = new Registry();
  const store = bench.open(dir, { clock: tickingClock(DAY + 48 * HOUR), registry });
  await store.flush();
  expect(await metricsOf(registry)).toMatchObject({
    belfry_tsdb_seals_total: 0,
    belfry_tsdb_seal_failures_total: 1,
    'belfry_tsdb_removed_days_total{reason="time"}': 0,
    'belfry_tsdb_removed_days_total{reason="size"}': 0,
  });
  for (const day of [1, 2]) store.append(labelsFromObject({ __name__: 'own' }), DAY + day * 24 * HOUR, 1);
  await store.flush();
  store.setRetention({ timeMs: 0, sizeBytes: 1 });
  await store.flush();
  expect(await metricsOf(registry)).toMatchObject({
    'belfry_tsdb_removed_days_total{reason="time"}': 0,
    'belfry_tsdb_removed_days_total{reason="size"}': 2,
    'belfry_tsdb_partitions{kind="hot"}': 1,
  });
});

test('scrapes behind the clock and exemplars that are left out are counted', async () => {
  const registry = new Registry();
  const store = bench.open(bench.directory(), { clock: fakeClock(DAY), registry, maxExemplars: 10 });
  const source = store.source('a');
  for (const time of [DAY, DAY - HOUR, DAY - HOUR + 1]) {
    source.begin(time);
    source.commit();
  }
  const own = labelsFromObject({ __name__: 'own' });
  const exemplar = (timestamp: number, id: string) =>
    store.exemplar(own, { labels: labelsFromObject({ id }), value: 1, timestamp });
  exemplar(DAY, 'a');
  for (let n = 0; n < 3; n++) exemplar(DAY - 1000, 'b');
  for (let n = 0; n < 4; n++) exemplar(DAY + 1000, 'x'.repeat(200));
  expect(await metricsOf(registry)).toMatchObject({
    belfry_tsdb_behind_scrapes_total: 2,
    belfry_tsdb_lost_scrapes_total: 0,
    belfry_tsdb_exemplars_appended_total: 1,
    belfry_tsdb_out_of_order_exemplars_total: 3,
    belfry_tsdb_too_long_exemplars_total: 4,
    belfry_tsdb_exemplars: 1,
    belfry_tsdb_max_exemplars: 10,
    belfry_tsdb_series_with_exemplars: 1,
    belfry_tsdb_oldest_exemplar_timestamp_seconds: DAY / 1000,
  });
});

test('samples that are not stored are counted by reason', async () => {
  const registry = new Registry();
  const store = bench.open(bench.directory(), {
    clock: fakeClock(DAY),
    registry,
    retention: { timeMs: HOUR, sizeBytes: 0 },
  });
  const own = labelsFromObject({ __name__: 'own' });
  const broken: Histogram = {
    schema: 99,
    count: 0,
    sum: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [],
    positiveBuckets: [],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [],
    counterResetHint: 'unknown',
  };
  store.append(own, DAY, 1);
  for (let n = 0; n < 2; n++) store.append(own, DAY, 1);
  for (let n = 0; n < 3; n++) store.append(own, DAY, 2);
  for (let n = 0; n < 4; n++) store.append(own, DAY - 2 * HOUR, n);
  for (let n = 0; n < 5; n++) store.append(own, 9e15, n);
  for (let n = 0; n < 6; n++) store.appendHistogram(own, DAY + 1, broken);
  expect(await metricsOf(registry)).toMatchObject({
    belfry_tsdb_samples_appended_total: 1,
    'belfry_tsdb_rejected_samples_total{reason="duplicate"}': 2,
    'belfry_tsdb_rejected_samples_total{reason="conflict"}': 3,
    'belfry_tsdb_rejected_samples_total{reason="too_old"}': 4,
    'belfry_tsdb_rejected_samples_total{reason="too_new"}': 5,
    'belfry_tsdb_rejected_samples_total{reason="invalid"}': 6,
  });
});
