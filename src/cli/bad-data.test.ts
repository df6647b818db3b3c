import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeBackup } from '../backup/backup.ts';
import { parseSelector } from '../promql/parse.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { httpTarget } from '../testing/http-target.ts';
import { silentLog } from '../testing/silent-log.ts';
import { lockDirectory } from '../tsdb/directory.ts';
import { smallDisk } from '../tsdb/small-disk.fixture.ts';
import { UsageError } from './args.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { type Ran, ran } from './ran.fixture.ts';

const root = mkdtempSync(join(tmpdir(), 'belfry-bad-data-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(root, 'case-'));
  writeFileSync(join(dir, 'file'), 'text');
  writeFileSync(join(dir, 'in.om'), 'm 1 1\n# EOF\n');
  writeFileSync(join(dir, 'in.om.gz'), gzipSync('m 1 1\n# EOF\n'));
  mkdirSync(join(dir, 'empty'));
});
afterEach(() => expect(readdirSync(join(dir, 'empty'))).toEqual([]));

const none = (): undefined => undefined;
const clock = fakeClock(Date.UTC(2026, 0, 3));
const backupDeps = { clock, addon: none, passingAddon: none, version: '1' };

/** A stream that takes nothing, as a disk without room. */
const full = (): Writable =>
  new Writable({
    write: (_chunk, _encoding, done) => process.nextTick(() => done(new Error('ENOSPC: no space left'))),
  });

const nowhere = (): Writable => new Writable({ write: (_chunk, _encoding, done) => done() });

/** Runs a command in the directory of the case; its name there is `.` in what comes back. */
async function run(text: string, out = nowhere()): Promise<Ran> {
  const [name, ...argv] = text.split(' ').map((word) => (word.startsWith('in.om') ? join(dir, word) : word));
  const log = silentLog();
  const commands = {
    import: importCommand({ clock, addon: none, log, isWatched: false }),
    export: exportCommand({ clock, addon: none, log, parseSelector, out }),
    backup: backupCommand(backupDeps),
    restore: restoreCommand(backupDeps),
  };
  const result = await ran(commands[name as keyof typeof commands], argv, { cwd: dir });
  return { ...result, err: result.err.replaceAll(dir, '.') };
}

describe('a directory that is no good is named, with what is wrong, and stays as it is', () => {
  const notOne = 'is no data directory: expected log.db, state.db or a day such as 20260131.db there';
  test.each([
    ['export --data none', 'belfry export: data directory ./none does not exist'],
    ['export --data empty', `belfry export: ./empty ${notOne}`],
    ['export --data file', 'belfry export: data directory ./file cannot be used: it is not a directory'],
    ['backup copies --data none', 'belfry: data directory ./none does not exist'],
    ['backup copies --data empty', `belfry: ./empty ${notOne}`],
    ['backup copies --data file', 'belfry: data directory ./file cannot be used: it is not a directory'],
    ['backup list none', 'belfry: ./none is no directory of backups: it does not exist'],
    ['backup list file', 'belfry: ./file is no directory of backups: it is not a directory'],
    ['backup verify empty', 'belfry: ./empty is no backup: it has no manifest.json'],
    ['restore empty --data new', 'belfry: ./empty is no backup: it has no manifest.json'],
    ['restore file --data new', 'belfry: ./file is no backup: it has no manifest.json'],
  ])('%s', async (text, message) => {
    expect(await run(text)).toEqual({ code: 1, out: '', err: `${message}\n` });
    expect(readdirSync(dir).sort()).toEqual(['empty', 'file', 'in.om', 'in.om.gz']);
  });

  test.each(['file', 'file/below'])('import openmetrics in.om --data %s', async (data) => {
    const { code, err } = await run(`import openmetrics in.om --data ${data}`);
    expect([code, err]).toEqual([1, `data directory ./${data} cannot be used: it is not a directory\n`]);
  });

  test('a backup, where it cannot go', async () => {
    await run('import openmetrics in.om --data data');
    expect(await run('backup file --data data')).toMatchObject({
      code: 1,
      err: 'belfry: ./file takes no backup: it is not a directory\n',
    });
  });

  test('a restore, where a server is at work', async () => {
    await run('import openmetrics in.om --data data');
    const { path } = await writeBackup(
      { source: join(dir, 'data'), directory: join(dir, 'copies'), now: clock.now(), version: '1' },
      { addon: undefined },
    );
    const lock = lockDirectory(join(dir, 'data'), undefined);
    // Only a backup can be asked of the server itself.
    expect(await run(`restore ${path} --data data --force`)).toMatchObject({
      code: 3,
      err: 'belfry: data directory ./data is in use by another process\n',
    });
    expect(await run('backup copies --data data')).toMatchObject({
      code: 3,
      err: 'belfry: data directory ./data is in use by another process; --url asks the server itself\n',
    });
    lock.release();
  });
});

test('a packed file is told by its first bytes, by a server too', async () => {
  expect(await run('import openmetrics in.om.gz --data data')).toMatchObject({
    code: 1,
    err: './in.om.gz:1: expected OpenMetrics text, found what gzip has packed: unpack it first\n',
  });
  expect(readdirSync(dir)).not.toContain('data');
});

const disk = smallDisk(4 * 2 ** 20);
afterAll(() => disk?.remove());

test.skipIf(!disk)(
  'an import for which there is no room stores nothing, and works once there is',
  async () => {
    const data = join(disk!.path, 'data');
    const text = (name: string): string =>
      Array.from({ length: 20_000 }, (_, i) => `${name} ${Math.sin(i)} ${i * 10}\n`).join('');
    writeFileSync(join(dir, 'in.om.old'), `${text('old')}# EOF\n`);
    writeFileSync(join(dir, 'in.om.new'), `${text('new')}# EOF\n`);
    const stored = async (): Promise<string[]> => {
      const chunks: string[] = [];
      const out = new Writable({
        write: (chunk, _encoding, done) => {
          chunks.push(String(chunk));
          done();
        },
      });
      expect(await run(`export --data ${data} --format jsonl`, out)).toMatchObject({ code: 0, err: '' });
      return chunks.join('').trim().split('\n').sort();
    };
    expect(await run(`import openmetrics in.om.old --data ${data} --quiet`)).toMatchObject({ code: 0 });
    const before = await stored();
    for (const room of [0, 4096, 16_384, 65_536, 131_072, 262_144]) {
      disk!.fill(room);
      const { code, err } = await run(`import openmetrics in.om.new --data ${data}`);
      expect([room, code, err]).toEqual([
        room,
        1,
        expect.stringMatching(/^data directory \S+ cannot be used: .*no space left on the device\n$/),
      ]);
      disk!.empty();
      expect(await stored()).toEqual(before);
    }
    expect(await run(`import openmetrics in.om.new --data ${data} --quiet`)).toMatchObject({ code: 0 });
    expect(await stored()).toHaveLength(before.length * 2);
  },
);

describe('an export', () => {
  test.each([
    ['--from 2026-02-30', '--from: expected Unix seconds, a time such as'],
    ['--to 2026-13-01T00:00:00Z', '--to: expected Unix seconds, a time such as'],
    ['--from 2026-01-02 --to 2026-01-01', '--to: expected a time after --from'],
    ['--from 5 --to 5', '--to: expected a time after --from'],
  ])('%s is no range', async (flags, message) => {
    await expect(run(`export ${flags}`)).rejects.toThrow(message);
  });

  test('of the last day of February in a leap year', async () => {
    await run('import openmetrics in.om --data data');
    expect(await run('export --data data --from 2024-02-29')).toMatchObject({ code: 0, err: '' });
  });

  test('that cannot be written has failed, also when the disk says so at the very end', async () => {
    await run('import openmetrics in.om --data data');
    expect(await run('export --data data', full())).toMatchObject({
      code: 1,
      err: 'belfry export: ENOSPC: no space left\n',
    });
  });
});

describe('a wrong address', () => {
  test('where something else answers is told in one line', async () => {
    const page = '<!DOCTYPE HTML>\n<html><body>\n<h1>Not here</h1>\n</body></html>\n';
    await using server = await httpTarget((_request, response) => void response.writeHead(404).end(page));
    const url = `http://${server.address}`;
    const said = '404 with a web page: no Belfry answers there';
    expect(await run(`import openmetrics in.om --url ${url}`)).toMatchObject({
      code: 1,
      err: `${url}/api/import/openmetrics: ${said}\n`,
    });
    expect(await run(`backup copies --url ${url}`)).toMatchObject({
      code: 1,
      err: `belfry: ${url}/api/backups: ${said}\n`,
    });
  });

  test('with a token file that is not there is a wrong flag', async () => {
    const asked = run('import openmetrics in.om --url http://127.0.0.1:9 --token-file none');
    await expect(asked).rejects.toThrow(UsageError);
    await expect(asked).rejects.toThrow('--token-file: none: no such file');
  });
});
