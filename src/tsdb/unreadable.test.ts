import { existsSync, mkdirSync, renameSync, rmdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { formatSeries, labelsFromObject } from '../model/labels.ts';
import { unlimited } from '../model/queryable.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import type { HeadShared } from './head/layout.ts';
import { openQueryable } from './open-queryable.ts';
import type { StoreQueryable } from './queryable.ts';
import { always, storeBench } from './store.fixture.ts';

const bench = storeBench();
const opened: StoreQueryable[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const queryable of opened.splice(0)) queryable.close();
  await bench.clean();
});

const DAY = 86_400_000;
const FIRST = Date.UTC(2026, 0, 2);
const SEALED = '20260102.db';
const HOT = '20260103.hot.db';

let dir: string;
let head: HeadShared;
/** A sealed day and a hot one, each with a sample of the one series. */
beforeEach(async () => {
  dir = bench.directory();
  for (const day of [FIRST, FIRST + DAY]) {
    const store = bench.open(dir, { clock: fakeClock(day + 3600_000) });
    for (let row = 0; row < 2; row++) {
      const source = store.source(`a${row}`);
      source.begin(day + row);
      source.set(source.slot(labelsFromObject({ __name__: 'm', i: String(row) })), row);
      source.commit();
    }
    await store.flush();
    await bench.close(store);
  }
  const store = bench.open(dir, { clock: fakeClock(FIRST + DAY + 2 * 3600_000) });
  await store.flush();
  await bench.close(store);
  expect(existsSync(join(dir, SEALED)) && existsSync(join(dir, HOT))).toBe(true);
  head = bench.open(bench.directory()).shared.head;
});

function open(told: string[] = []): StoreQueryable {
  const damaged = (_: string, { name, message }: Error): void => void told.push(`${name}: ${message}`);
  const queryable = openQueryable({ dir, head }, { addon: undefined, visibility: 'committed', damaged });
  opened.push(queryable);
  return queryable;
}

/** Times by series, what the label endpoints find, and the warnings of all of it. */
function ask(queryable: StoreQueryable, range = always) {
  const querier = queryable.querier(unlimited);
  const found = Object.fromEntries(
    querier
      .select([], range)
      .map(({ labels, timestamps }) => [formatSeries(labels), [...timestamps]] as const)
      .sort(),
  );
  const labels = [querier.labelNames([], range), querier.labelValues('i', [], range)];
  const answer = { found, labels, warnings: [...querier.warnings!] };
  querier.close();
  return answer;
}

const WHOLE = { 'm{i="0"}': [FIRST, FIRST + DAY], 'm{i="1"}': [FIRST + 1, FIRST + DAY + 1] };
const FIRST_DAY = { 'm{i="0"}': [FIRST], 'm{i="1"}': [FIRST + 1] };
const SECOND_DAY = { 'm{i="0"}': [FIRST + DAY], 'm{i="1"}': [FIRST + DAY + 1] };
const LABELS = [
  ['__name__', 'i'],
  ['0', '1'],
];

describe('a partition the disk does not give', () => {
  /** Puts a directory into the file's place: reading it is an error of the system, as reading a bad sector is. */
  function fail(name: string): void {
    renameSync(join(dir, name), join(dir, 'kept'));
    mkdirSync(join(dir, name));
  }
  function mend(name: string): void {
    rmdirSync(join(dir, name));
    renameSync(join(dir, 'kept'), join(dir, name));
  }

  test('costs its own samples, and the answer names it, its day and the error of the system', () => {
    fail(SEALED);
    const told: string[] = [];
    const queryable = open(told);
    const { found, labels, warnings } = ask(queryable);
    expect(found).toEqual(SECOND_DAY);
    expect(labels).toEqual(LABELS);
    expect(warnings).toEqual([
      expect.stringMatching(
        new RegExp(
          `^samples of partition ${SEALED} \\(2026-01-02 UTC\\) are left out, because it cannot be read: .* \\(SQLITE_(IOERR_READ|CANTOPEN)\\)$`,
        ),
      ),
    ]);
    expect(new Set(told.map((text) => text.slice(0, 15)))).toEqual(new Set(['UnreadableError']));
    expect(ask(queryable, { from: FIRST + DAY, to: FIRST + 2 * DAY }).warnings).toEqual([]);
  });

  test('is neither set aside nor given up: the next query reads it when the disk does', () => {
    fail(SEALED);
    const queryable = open();
    expect(ask(queryable).warnings).toHaveLength(1);
    mend(SEALED);
    expect(ask(queryable)).toEqual({ found: WHOLE, labels: LABELS, warnings: [] });
    expect(existsSync(join(dir, 'quarantine'))).toBe(false);
  });

  test('stays left out for the rest of a query, so that all of its selectors see the same', () => {
    fail(SEALED);
    const querier = open().querier(unlimited);
    expect(querier.select([], always).map(({ timestamps }) => timestamps.length)).toEqual([1, 1]);
    mend(SEALED);
    expect(querier.select([], always).map(({ timestamps }) => timestamps.length)).toEqual([1, 1]);
    expect(querier.warnings).toHaveLength(1);
    querier.close();
  });

  test('or that may not be opened is named as well, and not taken for one that was removed', () => {
    renameSync(join(dir, SEALED), join(dir, 'kept'));
    // A loop of links: there, and nobody can open it.
    symlinkSync(SEALED, join(dir, SEALED));
    const queryable = open();
    const { found, warnings } = ask(queryable);
    expect(found).toEqual(SECOND_DAY);
    expect(warnings).toEqual([expect.stringContaining('because it cannot be read: unable to open')]);
    unlinkSync(join(dir, SEALED));
    expect(ask(queryable)).toMatchObject({ found: SECOND_DAY, warnings: [] });
  });
});

test.each([
  ['block', 'SELECT b FROM block'],
  ['timestamps', 'SELECT id, first, last, b FROM ts'],
  ['labels', 'SELECT id, b FROM series'],
])('a bad sector under the %s of a partition costs what stands there', (_, sql) => {
  const prepare = Database.prototype.prepare;
  vi.spyOn(Database.prototype, 'prepare').mockImplementation(function (this: Database.Database, text) {
    const statement = prepare.call(this, text);
    if (!this.name.endsWith(HOT) || !text.startsWith(sql)) return statement;
    const fails = (): never => {
      throw new Database.SqliteError('disk I/O error', 'SQLITE_IOERR_READ');
    };
    return Object.assign(statement, {
      pluck: () => ({ get: fails }),
      all: fails,
      iterate: fails,
    });
  });
  const answer = ask(open());
  expect(answer.found).toEqual(FIRST_DAY);
  expect(answer.labels).toEqual(LABELS);
  expect(answer.warnings).toEqual([
    `samples of partition ${HOT} (2026-01-03 UTC) are left out, because it cannot be read: disk I/O error (SQLITE_IOERR_READ)`,
  ]);
});
