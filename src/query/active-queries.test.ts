import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openActiveQueries } from './active-queries.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-active-'));
  file = path.join(folder, 'cache/active-queries');
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const query = (text: string) => ({ kind: 'instant', query: text, receivedAt: 5 }) as const;

test('what was running when nobody closed the file is found again, once', () => {
  const active = openActiveQueries(file);
  active.started(1, query('ended'));
  active.started(2, query('bomb'));
  active.ended(1);
  active.started(3, query('second'));
  const after = openActiveQueries(file);
  expect(after.interrupted).toEqual([query('second'), query('bomb')]);
  expect(openActiveQueries(file).interrupted).toEqual([]);
});

test('what had ended before the crash is not told', () => {
  const active = openActiveQueries(file);
  active.started(1, query('ended'));
  active.ended(1);
  expect(openActiveQueries(file).interrupted).toEqual([]);
});

test('an orderly end leaves nothing', () => {
  const active = openActiveQueries(file);
  active.started(1, query('running'));
  active.close();
  active.ended(1);
  expect(openActiveQueries(file).interrupted).toEqual([]);
});

test('a long query is cut to its slot, a shorter one after it is whole', () => {
  const active = openActiveQueries(file);
  active.started(1, query('é'.repeat(50_000)));
  expect(openActiveQueries(file).interrupted[0]!.query).toMatch(/^é{100,}$/);
  const next = openActiveQueries(file);
  next.started(1, query('x'.repeat(3000)));
  next.ended(1);
  next.started(2, query('short'));
  expect(openActiveQueries(file).interrupted).toEqual([query('short')]);
});

test('more queries than slots, and a file of anything, do no harm', () => {
  const active = openActiveQueries(file);
  for (let id = 1; id <= 200; id++) active.started(id, query(`q${id}`));
  expect(openActiveQueries(file).interrupted).toHaveLength(64);
  fs.writeFileSync(file, Buffer.alloc(10_000, 0xff));
  expect(openActiveQueries(file).interrupted).toEqual([]);
});
