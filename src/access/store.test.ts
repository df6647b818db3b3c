import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { silentLog } from '../testing/silent-log.ts';
import { AccessStore } from './store.ts';

const DAY = 86_400_000;
const entry = { who: 'ada', address: '192.0.2.1', what: 'reload', status: 200, detail: '' };

test('the audit log keeps a year, newest first, page by page', () => {
  const store = new AccessStore(new Database(':memory:'), silentLog());
  for (let day = 0; day < 800; day++) store.record({ ...entry, at: day * DAY, detail: String(day) });
  const kept: string[] = [];
  for (let before: number | undefined; ; ) {
    const page = store.audit(100, before);
    if (page.length === 0) break;
    kept.push(...page.map(({ detail }) => detail));
    before = page.at(-1)!.id;
  }
  expect(kept.slice(0, 2)).toEqual(['799', '798']);
  // It is cut each 200 entries.
  expect(Number(kept.at(-1))).toBe(235);
  expect(kept).toHaveLength(800 - 235);
});

test('the audit log keeps 20,000 entries of a busy day', () => {
  const db = new Database(':memory:');
  const store = new AccessStore(db, silentLog());
  db.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)
     INSERT INTO access_audit SELECT i, i, '', '', '', 200, '' FROM n`,
  ).run();
  store.record({ ...entry, at: 25_001 });
  expect(db.prepare('SELECT count(*) AS n, max(id) AS last FROM access_audit').get()).toEqual({
    n: 20_000,
    last: 25_001,
  });
});

test('what a caller can make long is cut', () => {
  const store = new AccessStore(new Database(':memory:'), silentLog());
  const long = 'x'.repeat(10_000);
  store.record({ at: 0, who: long, address: long, what: long, status: 401, detail: long });
  const [kept] = store.audit(1);
  for (const text of [kept!.who, kept!.address, kept!.what, kept!.detail])
    expect(text).toBe(`${'x'.repeat(499)}…`);
});
