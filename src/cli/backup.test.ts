import { spawn } from 'node:child_process';
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BackupResult, verifyBackup, writeBackup } from '../backup/backup.ts';
import { openDatabase } from '../sqlite/database.ts';
import { lockFile } from '../sqlite/lock.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { httpTarget, type TestServer } from '../testing/http-target.ts';
import { backupCommand } from './backup.ts';
import { ran } from './ran.fixture.ts';

const NOW = Date.UTC(2026, 0, 3, 4, 5, 6);
const scratch = mkdtempSync(join(tmpdir(), 'belfry-fetch-'));
let count = 0;
const fresh = (): string => join(scratch, String(++count));
const none = (): undefined => undefined;
const command = backupCommand({ clock: fakeClock(NOW), addon: none, passingAddon: none, version: '1' });

let kept: BackupResult;
/** What the server says of it, and how it gives a file of it. */
let told: Partial<BackupResult>;
let give: (file: string, response: ServerResponse) => void;
const whole = (file: string, response: ServerResponse): void =>
  void createReadStream(join(kept.path, file)).pipe(response);
let server: TestServer;
beforeAll(async () => {
  const source = fresh();
  mkdirSync(source);
  const db = openDatabase(join(source, 'state.db'), { addon: undefined });
  db.exec('CREATE TABLE silences (id TEXT)');
  db.close();
  kept = await writeBackup({ source, directory: fresh(), now: NOW, version: '1' }, { addon: undefined });
  server = await httpTarget((request, response) => {
    if (request.method === 'POST')
      return void response.writeHead(201).end(JSON.stringify({ ...kept, damaged: [], ...told }));
    give(request.url!.split('/').at(-1)!, response);
  });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
});

const fetchInto = (directory: string) => {
  told = {};
  give = whole;
  return ran(command, [directory, '--url', `http://${server.address}`]);
};

describe('a backup fetched from a server', () => {
  test('is whole, and another of the same name is not written over it', async () => {
    const directory = fresh();
    const { code, out, err } = await fetchInto(directory);
    expect([code, out, err]).toEqual([
      0,
      `${join(directory, kept.name)}: 1 files, ${kept.bytes} bytes, verified\n`,
      '',
    ]);
    expect(verifyBackup(join(directory, kept.name)).files.map(({ name }) => name)).toEqual(['state.db']);
    expect(await fetchInto(directory)).toMatchObject({
      code: 1,
      err: expect.stringContaining('is there already'),
    });
  });

  test('that was killed midway is removed by the next one', async () => {
    const directory = fresh();
    told = {};
    const isFetching = new Promise<void>((resolve) => {
      give = (file, response) => {
        if (file === 'manifest.json') return whole(file, response);
        response.write('SQLite');
        resolve();
      };
    });
    const main = join(import.meta.dirname, '../main.ts');
    const child = spawn(process.execPath, [main, 'backup', directory, '--url', `http://${server.address}`], {
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.on('exit', (_, signal) => resolve(signal)));
    await isFetching;
    expect(readdirSync(directory)).toContain(`${kept.name}.partial`);
    // While it lives nobody takes its work for a leftover.
    expect(await fetchInto(directory)).toMatchObject({
      code: 1,
      err: `belfry: another backup is being written to ${directory}\n`,
    });
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    expect(readdirSync(directory)).toContain(`${kept.name}.partial`);
    expect(await fetchInto(directory)).toMatchObject({ code: 0, err: '' });
    expect(readdirSync(directory).sort()).toEqual(['.lock.db', kept.name]);
  });

  test('is refused while another one is written there, whose files stay', async () => {
    const directory = fresh();
    mkdirSync(join(directory, 'belfry-20260101T000000Z.partial'), { recursive: true });
    const other = lockFile(join(directory, '.lock.db'), undefined)!;
    expect(await fetchInto(directory)).toMatchObject({
      code: 1,
      err: expect.stringContaining('another backup is being written'),
    });
    expect(readdirSync(directory)).toContain('belfry-20260101T000000Z.partial');
    other.release();
    expect((await fetchInto(directory)).code).toBe(0);
  });

  test.each<[string, Partial<BackupResult>, typeof give, RegExp]>([
    [
      'a file that is cut short',
      {},
      (file, response) => (file === 'manifest.json' ? whole(file, response) : response.end('SQLite')),
      /state\.db/,
    ],
    [
      'a connection that breaks',
      {},
      (file, response) => (file === 'manifest.json' ? whole(file, response) : response.destroy()),
      /^belfry: http\S+: (other side closed|read ECONNRESET|terminated)\n$/,
    ],
    [
      'a manifest that names a file outside',
      {},
      (_, response) =>
        response.end(JSON.stringify({ version: 1, files: [{ name: '../x', bytes: 1, sha256: '' }] })),
      /manifest/,
    ],
    [
      'a name that leads out of the directory',
      { name: '../belfry-20260103T040506Z' },
      whole,
      /which is no name of one/,
    ],
  ])('leaves nothing of %s', async (_, said, given, problem) => {
    const directory = fresh();
    mkdirSync(directory);
    writeFileSync(join(directory, 'mine'), '');
    told = said;
    give = given;
    const { code, err } = await ran(command, [directory, '--url', `http://${server.address}`]);
    expect([code, err]).toEqual([1, expect.stringMatching(problem)]);
    expect(readdirSync(directory).filter((name) => name !== '.lock.db')).toEqual(['mine']);
    expect(statSync(join(scratch, kept.name), { throwIfNoEntry: false })).toBeUndefined();
  });
});
