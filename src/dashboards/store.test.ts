import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase, type SqliteDatabase } from '../sqlite/database.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { createDashboardStore, type DashboardStore } from './store.ts';

let folder: string;
let db: SqliteDatabase;
let log: ReturnType<typeof silentLog>;
const warnings = (): string[] => log.events.map(({ message }) => message);

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'belfry-dashboards-'));
  db = openDatabase(path.join(folder, 'state.db'), { addon: undefined });
  log = silentLog();
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true });
});

const write = (name: string, json: unknown): void => {
  mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  writeFileSync(path.join(folder, name), typeof json === 'string' ? json : JSON.stringify(json));
};
const open = async (...globs: string[]): Promise<DashboardStore> => {
  const files = globs.map((glob) => path.join(folder, glob));
  const store = createDashboardStore({ files, db, clock: fakeClock(), log });
  await store.load();
  return store;
};

test('files are listed by title, with the folder below the glob; others are named and left out', async () => {
  write('d/b.json', { uid: 'b', title: 'Beta', tags: ['x'], panels: [] });
  write('d/team/a.json', { title: 'Alpha', panels: [] });
  write('d/broken.json', '{');
  write('d/rules.json', { groups: [] });
  const store = await open('d/**/*.json');
  expect(store.list()).toEqual([
    { uid: 'a', title: 'Alpha', tags: [], folder: 'team', origin: 'file' },
    { uid: 'b', title: 'Beta', tags: ['x'], folder: '', origin: 'file' },
  ]);
  expect(warnings()).toEqual(['dashboard file left out', 'dashboard file left out']);
});

test('of two files with one uid both are served', async () => {
  write('d/one.json', { uid: 'same', title: 'One', panels: [] });
  write('d/two.json', { uid: 'same', title: 'Two', panels: [] });
  const store = await open('d/*.json');
  expect(store.list().map(({ uid, title }) => [uid, title])).toEqual([
    ['same', 'One'],
    ['two', 'Two'],
  ]);
  expect((await store.get('two'))?.title).toBe('Two');
  expect((await store.get('two'))?.uid).toBe('two');
});

test('what is put is kept over a restart, replaces the same uid and hides the file’s', async () => {
  write('d/one.json', { uid: 'one', title: 'From the file', panels: [] });
  const store = await open('d/*.json');
  store.put({ dashboard: { uid: 'one', title: 'First', panels: [] } });
  store.put({ uid: 'one', title: 'Second', panels: [{ type: 'text' }] });
  const again = await open('d/*.json');
  expect(again.list()).toEqual([{ uid: 'one', title: 'Second', tags: [], folder: '', origin: 'import' }]);
  expect((await again.get('one'))?.panels).toHaveLength(1);
  expect(again.remove('one')).toBe(true);
  expect((await again.get('one'))?.title).toBe('From the file');
});

test('an edited file is read anew when it is opened', async () => {
  write('d/one.json', { uid: 'one', title: 'Old', panels: [] });
  const store = await open('d/*.json');
  write('d/one.json', { uid: 'one', title: 'New', panels: [] });
  expect((await store.get('one'))?.title).toBe('New');
});

test('files that come, change and go while it runs are noticed; what is broken is named once', async () => {
  const clock = fakeClock();
  write('d/one.json', { uid: 'one', title: 'One', panels: [] });
  const store = createDashboardStore({ files: [path.join(folder, 'd/*.json')], db, clock, log });
  await store.load();
  const stop = store.watch();
  const first = await store.version('one');
  write('d/two.json', { uid: 'two', title: 'Two', panels: [] });
  write('d/one.json', { uid: 'one', title: 'One, edited', panels: [] });
  write('d/broken.json', '{');
  const titles = async (): Promise<string[]> => {
    await clock.advance('2s');
    return store.list().map(({ title }) => title);
  };
  await expect.poll(titles).toEqual(['One, edited', 'Two']);
  expect(await store.version('one')).not.toBe(first);
  expect(await store.version('none')).toBeUndefined();
  rmSync(path.join(folder, 'd/one.json'));
  await expect.poll(titles).toEqual(['Two']);
  expect(warnings()).toEqual(['dashboard file left out']);
  stop();
  // The look that may be under way ends before these.
  for (let look = 0; look < 2; look++) await store.load();
  rmSync(path.join(folder, 'd/two.json'));
  // More looks than it needed before.
  for (let look = 0; look < 20; look++) {
    expect(await titles()).toEqual(['Two']);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
});
