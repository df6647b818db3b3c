import Database from 'better-sqlite3';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { unlimited } from '../model/queryable.ts';
import { evaluateRange } from '../promql/evaluate.ts';
import { parseExpr } from '../promql/parse.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { openQueryable } from './open-queryable.ts';
import { GroupDecoder } from './partition/group-decoder.ts';
import { GroupEncoder } from './partition/group-encoder.ts';
import { KeptBlocks } from './partition/kept-blocks.ts';
import type { StoreQueryable } from './queryable.ts';
import { storeBench } from './store.fixture.ts';

const bench = storeBench();
afterEach(async () => {
  vi.restoreAllMocks();
  await bench.clean();
});

const DAY = Date.UTC(2026, 0, 2);
const HOUR = 3_600_000;
const ROWS = 60;

/** 90 series of one target, which lie in three groups, and 30 with their own times, in one; nothing of them is left in the head. */
async function storeAt(until: number): Promise<StoreQueryable> {
  const dir = bench.directory();
  const first = bench.open(dir, { clock: fakeClock(DAY + HOUR) });
  const source = first.source('target');
  const own = (i: number) => labelsFromObject({ __name__: `pushed_${i % 3}`, i: `${i}` });
  for (let row = 0; row < ROWS; row++) {
    source.begin(DAY + 60_000 * row);
    for (let i = 0; i < 90; i++) {
      source.set(source.slot(labelsFromObject({ __name__: `scraped_${i % 3}`, i: `${i}` })), row * i);
    }
    source.commit();
    for (let i = 0; i < 30; i++) first.append(own(i), DAY + 60_000 * row + 500, row);
  }
  await first.flush();
  await bench.close(first);
  const second = bench.open(dir, { clock: fakeClock(until) });
  await second.flush();
  const kind = until - DAY > 24 * HOUR ? 'sealed' : 'hot';
  expect(second.stats().upkeep.files[kind].count).toBe(1);
  return openQueryable(second.shared, { addon: undefined, visibility: 'committed' });
}

interface Reads {
  /** Rows with blocks that SQLite gave. */
  rows: number;
  /** Blocks that were checked and unpacked. */
  opened: number;
}

/** Counts what a work reads. Statements that were prepared before are not seen: the first read of a queryable must be among it. */
function countReads(): Reads {
  const reads: Reads = { rows: 0, opened: 0 };
  const { prepare } = Database.prototype;
  vi.spyOn(Database.prototype, 'prepare').mockImplementation(function (this: Database.Database, sql: string) {
    const statement = prepare.call(this, sql);
    if (!/^SELECT (b|id, first, last, ts, CASE .*) FROM (block|own) /.test(sql)) return statement;
    const get = statement.get as (...values: unknown[]) => unknown;
    const all = statement.all as (...values: unknown[]) => unknown[];
    statement.get = (...values: unknown[]) => {
      const row = get.apply(statement, values);
      if (row !== undefined) reads.rows++;
      return row;
    };
    statement.all = (...values: unknown[]) => {
      const rows = all.apply(statement, values);
      reads.rows += rows.length;
      return rows;
    };
    return statement;
  });
  const { open } = GroupDecoder.prototype;
  vi.spyOn(GroupDecoder.prototype, 'open').mockImplementation(function (this: GroupDecoder, ...blob) {
    reads.opened++;
    open.apply(this, blob);
  });
  return reads;
}

function evaluate(queryable: StoreQueryable, expr: string): number {
  const window = { startMs: DAY + 30 * 60_000, endMs: DAY + 50 * 60_000, stepMs: 60_000 };
  const { value } = evaluateRange(parseExpr(expr), window, queryable, {
    lookbackMs: 300_000,
    defaultSubqueryStepMs: 60_000,
    delayedNameRemoval: false,
    typeAndUnitLabels: false,
    useStartTimestamps: false,
    budget: unlimited,
    query: expr,
  });
  return value.kind === 'matrix' ? value.series.length : -1;
}

describe.each([
  ['hot', DAY + 2 * HOUR],
  ['sealed', DAY + 48 * HOUR],
])('in a %s partition', (_, until) => {
  test.each([
    ['sum(scraped_0)', 1],
    ['sum(scraped_0) + sum(scraped_1) + sum(scraped_2)', 1],
    ['sum(rate(scraped_0[5m])) / sum(increase(scraped_1[10m])) > bool sum(scraped_2)', 1],
    ['sum(scraped_0) + sum(scraped_0 offset 10m) + sum(scraped_2 offset 20m) * sum(scraped_0)', 1],
  ])('%s reads and unpacks each group of the target once', async (expr, series) => {
    const queryable = await storeAt(until);
    const reads = countReads();
    expect(evaluate(queryable, expr)).toBe(series);
    queryable.close();
    expect(reads).toEqual({ rows: 3, opened: 3 });
  });

  test('selectors of series with their own times share their group too', async () => {
    const queryable = await storeAt(until);
    const reads = countReads();
    expect(evaluate(queryable, 'sum(pushed_0) + sum(pushed_1) * sum(pushed_2)')).toBe(1);
    queryable.close();
    expect(reads).toEqual({ rows: 1, opened: 1 });
  });
});

test('blocks are kept as long as there is room, and no further ones in their place', () => {
  const encoder = new GroupEncoder();
  encoder.begin(1, { level: 3, atLeast: 64 });
  encoder.addRows(Float64Array.of(1, 2, 3), undefined, {});
  const blob = encoder.finish(7);
  const room = new KeptBlocks(1000);
  expect(room.place(new Uint8Array(1001))).toBeUndefined();
  const first = room.place(blob)!;
  expect(first.isOpen).toBe(false);
  first.decoder.open(blob, 7);
  first.opened();
  expect(first.isOpen).toBe(true);
  const taken = first.decoder.bytes;
  expect(taken).toBeGreaterThan(0);
  expect(room.place(new Uint8Array(1000 - taken))).toBeDefined();
  expect(room.place(new Uint8Array(1001 - taken))).toBeUndefined();
});
