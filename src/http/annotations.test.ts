import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Hono } from 'hono';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAnnotationStore, MAX_ANNOTATIONS } from '../dashboards/annotation-store.ts';
import { openDatabase, type SqliteDatabase } from '../sqlite/database.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { annotationRoutes } from './annotations.ts';

const NOW = 1_700_000_000_000;
let folder: string;
let db: SqliteDatabase;
let app: Hono;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'belfry-annotations-'));
  db = openDatabase(path.join(folder, 'state.db'), { addon: undefined });
  app = annotationRoutes({ annotations: createAnnotationStore(db), clock: fakeClock(NOW) });
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

const post = async (body: unknown) => {
  const response = await app.request('/annotations', { method: 'POST', body: JSON.stringify(body) });
  return [response.status, await response.json()] as const;
};
const get = async (query: string) => (await app.request(`/annotations${query}`)).json();

test('a mark is posted as to Grafana, found again by time and tags, and taken away', async () => {
  expect(await post({ text: 'v1.2 is out', tags: ['deploy', 'backend'] })).toEqual([
    200,
    { id: 1, message: 'Annotation added' },
  ]);
  await post({
    time: NOW - 7_200_000,
    timeEnd: NOW - 3_600_000,
    title: 'Maintenance',
    text: 'of db-1',
    panelId: 3,
  });
  const deploy = { id: 1, time: NOW, timeEnd: NOW, text: 'v1.2 is out', tags: ['deploy', 'backend'] };
  const work = {
    id: 2,
    time: NOW - 7_200_000,
    timeEnd: NOW - 3_600_000,
    text: 'Maintenance: of db-1',
    tags: [],
  };
  expect(await get('')).toEqual([deploy, work]);
  expect(await get(`?from=${NOW - 4_000_000}&to=${NOW - 1}`)).toEqual([work]);
  expect(await get('?tags=deploy&tags=backend')).toEqual([deploy]);
  expect(await get('?tags=deploy&tags=frontend')).toEqual([]);
  expect(await get('?limit=1')).toEqual([deploy]);
  expect((await app.request('/annotations/1', { method: 'DELETE' })).status).toBe(200);
  expect((await app.request('/annotations/1', { method: 'DELETE' })).status).toBe(404);
  expect(await get('')).toEqual([work]);
});

test.each([
  [{}, 'text'],
  [{ text: 'x', time: 'now' }, 'time'],
  [{ text: 'x', time: 5, timeEnd: 4 }, 'timeEnd'],
  [{ text: 'x', tags: 'deploy' }, 'tags'],
  ['x', 'body'],
])('%j is refused with the field that is wrong', async (body, field) => {
  const [status, answer] = await post(body);
  expect(status).toBe(400);
  expect((answer as { error: string }).error.startsWith(`${field}: `)).toBe(true);
});

test('the oldest go when there are too many', () => {
  const store = createAnnotationStore(db);
  db.exec(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${MAX_ANNOTATIONS})
    INSERT INTO annotations (time, time_end, text, tags) SELECT i, i, 'x', '[]' FROM n`);
  const at = MAX_ANNOTATIONS + 1;
  store.add({ time: at, timeEnd: at, text: 'x', tags: [] });
  expect(store.list(0, 10, [], 100).map(({ time }) => time)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2]);
});
