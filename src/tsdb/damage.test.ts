import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import Database from 'better-sqlite3';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Histogram } from '../model/histogram.ts';
import { formatSeries, labelsFromObject } from '../model/labels.ts';
import { unlimited } from '../model/queryable.ts';
import { isStaleAt, wordsOf } from '../model/sample.ts';
import { evaluateInstant } from '../promql/evaluate.ts';
import { parseExpr } from '../promql/parse.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { type LoggedEvent, silentLog } from '../testing/silent-log.ts';
import { createDamageReport } from './damage.ts';
import type { HeadShared } from './head/layout.ts';
import { openQueryable } from './open-queryable.ts';
import { always, type Contents, contents, sampleText, storeBench } from './store.fixture.ts';

const bench = storeBench();
afterEach(bench.clean);

const DAY = 86_400_000;
/** The first day gets sealed, the second stays hot. */
const FIRST = Date.UTC(2026, 0, 2);
const SEALED = '20260102.db';
const HOT = '20260103.hot.db';
const dayOf = (name: string): string => (name === SEALED ? '2026-01-02' : '2026-01-03');
const ROWS = 40;

const labelsOf = (i: number) => labelsFromObject({ __name__: 'm', i: String(i), job: i < 4 ? 'a' : 'b' });
const native: Histogram = {
  schema: 3,
  count: 3,
  sum: 1.5,
  zeroThreshold: 0.001,
  zeroCount: 1,
  positiveSpans: [{ offset: 0, length: 1 }],
  positiveBuckets: [2],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'unknown',
};

/** A directory with a sealed day and a hot one, nothing of them left in its log's way. */
async function twoDays(): Promise<string> {
  const dir = bench.directory();
  for (const day of [FIRST, FIRST + DAY]) {
    const store = bench.open(dir, { clock: fakeClock(day + 3600_000) });
    const source = store.source('a');
    for (let row = 0; row < ROWS; row++) {
      const time = day + 60_000 * row;
      source.begin(time);
      for (let i = 0; i < 8; i++) source.set(source.slot(labelsOf(i)), row * (i + 1));
      source.setHistogram(source.slot(labelsFromObject({ __name__: 'h' })), { ...native, sum: row });
      source.commit();
      store.append(labelsFromObject({ __name__: 'own' }), time + 1, row / 7);
      if (row % 10 === 9) await store.flush();
    }
    await bench.close(store);
  }
  const later = bench.open(dir, { clock: fakeClock(FIRST + DAY + 2 * 3600_000) });
  await later.flush();
  await bench.close(later);
  expect(existsSync(join(dir, SEALED)) && existsSync(join(dir, HOT))).toBe(true);
  const db = new Database(join(dir, HOT));
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  return dir;
}

interface Answer {
  readonly found: Contents;
  readonly series: readonly string[];
  readonly warnings: readonly string[];
}

/** What is answered from the partitions of a directory alone. */
function ask(dir: string, head: HeadShared, range = always, told: string[] = []): Answer {
  const damaged = (file: string, error: Error): void => void told.push(`${basename(file)}: ${error.message}`);
  const queryable = openQueryable({ dir, head }, { addon: undefined, visibility: 'committed', damaged });
  const querier = queryable.querier(unlimited);
  const found: Contents = {};
  for (const { labels, timestamps, values, histograms } of querier.select([], range)) {
    const words = wordsOf(values);
    found[formatSeries(labels)] = Array.from(timestamps, (time, i) => [
      time,
      sampleText(histograms?.[i] ?? (isStaleAt(words, i) ? 'stale' : values[i]!)),
    ]);
  }
  const series = querier.series([], range).map(formatSeries).sort();
  const warnings = [...querier.warnings!];
  querier.close();
  queryable.close();
  return { found, series, warnings };
}

/** Whether all of `some` is in `all`: nothing was made up. */
const isPartOf = (some: Contents, all: Contents): boolean =>
  Object.entries(some).every(([series, samples]) => {
    const times = new Map(all[series] ?? []);
    return samples.every(([time, value]) => times.get(time) === value);
  });

let dir: string;
let head: HeadShared;
let whole: Answer;
beforeEach(async () => {
  dir = await twoDays();
  // A head without anything: what is asked comes from partitions.
  head = bench.open(bench.directory()).shared.head;
  whole = ask(dir, head);
  expect(whole.warnings).toEqual([]);
  expect(Object.keys(whole.found)).toHaveLength(10);
});

/** Where the blobs of a table lie in a file, those that stand in one piece; the largest first. */
function blobsOf(name: string, table: 'block' | 'ts' | 'own'): { id: number; at: number; length: number }[] {
  const file = join(dir, name);
  const bytes = readFileSync(file);
  const db = new Database(file, { readonly: true });
  const rows = db.prepare(`SELECT id, b FROM ${table} ORDER BY length(b) DESC, id`).all() as {
    id: number;
    b: Buffer;
  }[];
  db.close();
  return rows.flatMap(({ id, b }) => {
    const at = bytes.indexOf(b);
    return at < 0 ? [] : [{ id, at, length: b.length }];
  });
}

/** The block of the series `m`: in a sealed file the one of `own` is larger, since its numbers are no whole ones. */
function blockOfScrapes(name: string): { readonly id: number; readonly at: number } {
  const blocks = blobsOf(name, 'block');
  return name === SEALED ? blocks[1]! : blocks[0]!;
}

function flip(name: string, at: number, bit = 0): void {
  const file = join(dir, name);
  const bytes = readFileSync(file);
  bytes[at]! ^= 1 << bit;
  writeFileSync(file, bytes);
}

describe('a damaged block', () => {
  test.each([SEALED, HOT])('of %s costs its own samples, and the answer says so', (name) => {
    const block = blockOfScrapes(name);
    flip(name, block.at + 9);
    const told: string[] = [];
    const { found, series, warnings } = ask(dir, head, always, told);
    expect(warnings).toEqual([
      expect.stringMatching(
        new RegExp(
          `^samples of partition ${name} \\(${dayOf(name)} UTC\\) are left out, because it is damaged: table block, row ${block.id}: checksum`,
        ),
      ),
    ]);
    expect(told.length).toBeGreaterThan(0);
    expect(isPartOf(found, whole.found)).toBe(true);
    expect(series).toEqual(whole.series);
    // The other day, and what has a block of its own, is as before.
    const others = (contents: Contents) =>
      Object.entries(contents)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([, samples]) =>
          samples.filter(([time]) => (name === SEALED ? time >= FIRST + DAY : time < FIRST + DAY)),
        );
    expect(others(found)).toEqual(others(whole.found));
    expect(found.own).toEqual(whole.found.own);
    const count = (contents: Contents) =>
      Object.values(contents).reduce((sum, { length }) => sum + length, 0);
    expect(count(found)).toBeLessThan(count(whole.found));
    expect(count(found)).toBeGreaterThan(count(whole.found) / 3);
    // Who asks for the other day hears nothing.
    const other = name === SEALED ? FIRST + DAY : FIRST;
    expect(ask(dir, head, { from: other, to: other + DAY }).warnings).toEqual([]);
  });

  test('does not keep a query from its result, which carries the warning', () => {
    flip(SEALED, blockOfScrapes(SEALED).at + 9);
    const queryable = openQueryable({ dir, head }, { addon: undefined, visibility: 'committed' });
    const text = 'sum(count_over_time(m[2d]))';
    const { value, warnings } = evaluateInstant(parseExpr(text), FIRST + 2 * DAY, queryable, {
      budget: unlimited,
      query: text,
    });
    queryable.close();
    expect(value.kind === 'vector' && value.samples[0]!.value).toBe(8 * ROWS);
    expect(warnings).toEqual([
      expect.stringContaining(`samples of partition ${SEALED} (2026-01-02 UTC) are left out`),
    ]);
  });

  test('of timestamps costs the rows it stands for', () => {
    const [times] = blobsOf(HOT, 'ts');
    flip(HOT, times!.at + 5);
    const { found, warnings } = ask(dir, head);
    expect(warnings).toEqual([expect.stringContaining(`table ts, row ${times!.id}`)]);
    expect(isPartOf(found, whole.found)).toBe(true);
    expect(found['m{i="0", job="a"}']!.length).toBeGreaterThanOrEqual(ROWS);
  });
});

describe('a bit turned over', () => {
  /** Turns a bit at each of the places and counts the answers that differ; none may do so without a word. */
  function everywhere(name: string, places: readonly number[]): { readonly warned: number } {
    const file = join(dir, name);
    const bytes = readFileSync(file);
    let warned = 0;
    for (const at of places) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 1 << (at % 8);
      writeFileSync(file, changed);
      const { found, series, warnings } = ask(dir, head);
      if (warnings.length > 0) {
        warned++;
        expect(isPartOf(found, whole.found), `byte ${at}`).toBe(true);
        expect(warnings.every((warning) => warning.includes(name))).toBe(true);
      } else {
        expect(found, `byte ${at}`).toEqual(whole.found);
        expect(series, `byte ${at}`).toEqual(whole.series);
      }
    }
    writeFileSync(file, bytes);
    return { warned };
  }

  test('anywhere in a sealed file: every answer is whole, or says what it lacks', () => {
    const { size } = statSync(join(dir, SEALED));
    const { warned } = everywhere(
      SEALED,
      Array.from({ length: Math.ceil(size / 53) }, (_, i) => i * 53),
    );
    expect(warned).toBeGreaterThan(10);
  });

  test('of what a file says about itself is found', () => {
    const db = new Database(join(dir, SEALED));
    db.prepare("UPDATE meta SET value = value + 1024 WHERE key = 'day'").run();
    db.close();
    const { found, warnings } = ask(dir, head);
    expect(warnings).toEqual([expect.stringContaining('expected the sealed partition of 2026-01-02, found')]);
    expect(isPartOf(found, whole.found)).toBe(true);
  });

  test('in the blobs of a hot file: every answer is whole, or says what it lacks', () => {
    const places = (['block', 'ts', 'own'] as const).flatMap((table) =>
      blobsOf(HOT, table).flatMap(({ at, length }) =>
        Array.from({ length: Math.ceil(length / 7) }, (_, i) => at + i * 7),
      ),
    );
    const { warned } = everywhere(HOT, places);
    expect(warned).toBe(places.length);
  });
});

test('a file that is no partition at all, or was set aside, is named by every answer that lacks it', () => {
  const file = join(dir, SEALED);
  copyFileSync(file, join(dir, 'kept'));
  writeFileSync(file, 'nothing of ours');
  const { found, warnings } = ask(dir, head);
  expect(warnings).toEqual([expect.stringContaining(`partition ${SEALED} (2026-01-02 UTC) are left out`)]);
  expect(Object.values(found).every((samples) => samples.every(([time]) => time >= FIRST + DAY))).toBe(true);
  mkdirSync(join(dir, 'quarantine'));
  renameSync(file, join(dir, 'quarantine', SEALED));
  expect(ask(dir, head).warnings).toEqual([
    `samples of partition ${SEALED} (2026-01-02 UTC) are left out, because it is damaged: it was set aside in quarantine/`,
  ]);
  expect(ask(dir, head, { from: FIRST + DAY, to: FIRST + 2 * DAY }).warnings).toEqual([]);
});

test('a damaged block of one day keeps neither new samples nor the merging of other days back', async () => {
  const damaged = blobsOf(HOT, 'block')[0]!;
  flip(HOT, damaged.at + 9);
  const events: LoggedEvent[] = [];
  const clock = fakeClock(FIRST + DAY + 4 * 3600_000);
  const store = bench.open(dir, { clock, log: silentLog(events) });
  store.append(labelsFromObject({ __name__: 'later' }), FIRST + DAY + 4 * 3600_000, 1);
  store.append(labelsFromObject({ __name__: 'other day' }), FIRST + 5 * DAY, 1);
  await store.flush();
  expect(contents(store).later).toEqual([[FIRST + DAY + 4 * 3600_000, '1']]);
  const said = events.filter(({ message }) => message.includes('cannot be merged'));
  expect(said).toEqual([
    expect.objectContaining({
      level: 'error',
      fields: expect.objectContaining({ error: expect.stringContaining(`row ${damaged.id}`) }),
    }),
  ]);
  await store.flush();
  expect(events.filter(({ message }) => message.includes('cannot be merged'))).toHaveLength(1);
});

test('the report counts a place once, and forgets files that are gone', async () => {
  const events: LoggedEvent[] = [];
  const registry = new Registry();
  const report = createDamageReport({ dir, log: silentLog(events), registry, clock: fakeClock() });
  const file = join(dir, SEALED);
  for (const detail of ['table block, row 1: a', 'table block, row 1: a', 'table block, row 2: b']) {
    report.note({ file, loss: 'is damaged', detail });
  }
  report.note({ file: join(dir, '20250101.db'), loss: 'is damaged', detail: 'gone' });
  expect(report.places).toBe(3);
  expect(report.partitions()).toEqual([
    { file: SEALED, loss: 'is damaged', detail: 'table block, row 1: a', places: 2 },
  ]);
  expect(events.map(({ level }) => level)).toEqual(['error', 'error', 'error']);
  expect(await registry.metrics()).toContain('belfry_tsdb_damaged_places_total 3');
  expect(report.setAside()).toEqual([]);
  mkdirSync(join(dir, 'quarantine'));
  renameSync(file, join(dir, 'quarantine', `${SEALED}.1`));
  expect(report.setAside()).toEqual([`${SEALED}.1`]);
  expect(await registry.metrics()).toContain('belfry_tsdb_set_aside_partitions 1');
});
