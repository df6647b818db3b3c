import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDashboardStore } from '../dashboards/store.ts';
import { openDatabase, type SqliteDatabase } from '../sqlite/database.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { dashboardRoutes } from './dashboards.ts';

let folder: string;
let db: SqliteDatabase;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'belfry-dashboards-'));
  db = openDatabase(path.join(folder, 'state.db'), { addon: undefined });
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

test('import answers 201 with the uid, bad input says what was expected', async () => {
  const app = dashboardRoutes({
    dashboards: createDashboardStore({ files: [], db, clock: fakeClock(), log: silentLog() }),
  });
  const post = (body: string) => app.request('/api/dashboards', { method: 'POST', body });
  const made = await post(JSON.stringify({ dashboard: { title: 'My board', panels: [] } }));
  expect([made.status, await made.json()]).toEqual([201, { uid: 'my-board' }]);
  expect(await (await app.request('/api/dashboards')).json()).toEqual([
    { uid: 'my-board', title: 'My board', tags: [], folder: '', origin: 'import' },
  ]);
  expect(await (await app.request('/api/dashboards/my-board')).json()).toMatchObject({
    title: 'My board',
    panels: [],
  });
  const { headers } = await app.request('/api/dashboards/my-board');
  const known = { headers: { 'if-none-match': headers.get('etag')! } };
  expect((await app.request('/api/dashboards/my-board', known)).status).toBe(304);
  expect((await app.request('/api/dashboards/none')).status).toBe(404);
  expect((await post('{')).status).toBe(400);
  expect((await post('{"a":1}')).status).toBe(400);
  expect((await post(`"${'x'.repeat(9 * 1024 * 1024)}"`)).status).toBe(413);
});
