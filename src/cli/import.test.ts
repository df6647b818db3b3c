import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { serve } from '@hono/node-server';
import { afterAll, expect, test } from 'vitest';
import { importRoutes } from '../http/import.ts';
import { LineError } from '../import/text-import.ts';
import { parseSelector } from '../promql/parse.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { lockDirectory } from '../tsdb/directory.ts';
import { UsageError } from './args.ts';
import { exportCommand } from './export.ts';
import { importCommand } from './import.ts';
import { type Ran, ran } from './ran.fixture.ts';

const scratch = mkdtempSync(join(tmpdir(), 'belfry-import-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(scratch, String(++count));

function importFile(file: string, dir: string, watched = false, more: readonly string[] = []): Promise<Ran> {
  const clock = fakeClock();
  let ticks = 0;
  const command = importCommand({
    clock: { ...clock, monotonic: () => 150 * ticks++ },
    addon: () => undefined,
    log: silentLog(),
    isWatched: watched,
  });
  const argv = ['openmetrics', file, ...(dir === '' ? [] : ['--data', dir]), ...more];
  return ran(command, argv, { cwd: scratch });
}

function importText(text: string, dir: string, more: readonly string[] = []): Promise<Ran> {
  const file = join(scratch, 'in.om');
  writeFileSync(file, text);
  return importFile(file, dir, false, more);
}

async function exportText(dir: string, ...flags: string[]): Promise<Ran> {
  let written = '';
  const out = new Writable({
    highWaterMark: 10,
    write(chunk, _encoding, done) {
      written += chunk;
      setImmediate(done);
    },
  });
  const command = exportCommand({
    clock: fakeClock(),
    addon: () => undefined,
    log: silentLog(),
    parseSelector,
    out,
  });
  const { code, err } = await ran(command, ['--data', dir, ...flags], { cwd: scratch });
  await new Promise<void>((resolve) => void out.end(resolve));
  return { code, out: written, err };
}

const GOOD = `# TYPE http_requests counter
# HELP http_requests Requests by \\"code\\".
http_requests_total{code="200",job="a"} 1 1767261600.101
http_requests_total{code="200",job="a"} 2 1767261615.101 # {trace_id="x"} 1 1767261615
http_requests_total{code="500",job="a"} 0.5 1767261600.101
# TYPE lat histogram
# UNIT lat_seconds seconds
lat_bucket{le="+Inf"} 3 1767261600
lat_bucket{le="0.1"} 1 1767261600
lat_sum -1e-09 1767261600
# TYPE t gauge
t{a="q\\"uo\\nte"} NaN 1767348000.002
t{a="q\\"uo\\nte"} +Inf 1767348001.003
# EOF
`;

test('a file is imported, exported, and imported again the same', async () => {
  const dir = fresh();
  const imported = await importText(GOOD, dir);
  expect(imported.err).toBe('');
  expect(imported.code).toBe(0);
  expect(imported.out).toMatch(
    /^imported 8 samples of 6 series in 2 days: \d+ bytes, [\d.]+ bytes per sample, \d+\.\d s\n1 exemplars were left out: an import stores none\n$/,
  );
  const { out } = await exportText(dir);
  expect(out).toBe(`# TYPE http_requests counter
# HELP http_requests Requests by \\"code\\".
http_requests_total{code="200",job="a"} 1 1767261600.101
http_requests_total{code="200",job="a"} 2 1767261615.101
http_requests_total{code="500",job="a"} 0.5 1767261600.101
# TYPE lat histogram
lat_bucket{le="+Inf"} 3 1767261600
lat_bucket{le="0.1"} 1 1767261600
lat_sum -1e-09 1767261600
# TYPE t gauge
t{a="q\\"uo\\nte"} NaN 1767348000.002
t{a="q\\"uo\\nte"} +Inf 1767348001.003
# EOF
`);
  const copy = fresh();
  expect((await importText(out, copy)).code).toBe(0);
  expect((await exportText(copy)).out).toBe(out);
});

test('an export selects series and time, in three formats', async () => {
  const dir = fresh();
  await importText(GOOD, dir);
  const selected = [
    '--match',
    't',
    '--match',
    '{code="200"}',
    '--from',
    '1767261601',
    '--to',
    '2026-01-02T10:00:01Z',
  ];
  expect((await exportText(dir, ...selected)).out).toBe(`# TYPE http_requests counter
# HELP http_requests Requests by \\"code\\".
http_requests_total{code="200",job="a"} 2 1767261615.101
# TYPE t gauge
t{a="q\\"uo\\nte"} NaN 1767348000.002
# EOF
`);
  expect((await exportText(dir, '--match', 't', '--format', 'jsonl')).out).toBe(
    '{"metric":{"__name__":"t","a":"q\\"uo\\nte"},"values":[null,"Infinity"],"timestamps":[1767348000002,1767348001003]}\n',
  );
  expect((await exportText(dir, '--match', 'http_requests_total{code="500"}', '--format', 'csv')).out).toBe(
    'series,timestamp,value\n"http_requests_total{code=""500"", job=""a""}",2026-01-01T10:00:00.101Z,0.5\n',
  );
});

test('many series of many days come out whole', async () => {
  const dir = fresh();
  let text = '';
  for (let series = 0; series < 9; series++) {
    for (let hour = 0; hour < 24 * 40; hour += 5) {
      text += `m{i="${series}"} ${series * hour} ${1767225600 + 3600 * hour}\n`;
    }
  }
  text += '# EOF\n';
  expect((await importText(text, dir)).code).toBe(0);
  expect((await exportText(dir)).out).toBe(text);
});

test.each([
  ['no value', 'a 1 1\na{b="c"}\n# EOF\n', 2],
  ['no time', 'a 1 1\na 1\n# EOF\n', 2],
  ['a bad number', `${'a 1 1\n'.repeat(9999)}a 1x 1\n# EOF\n`, 10_000],
  ['a bad time', 'a 1 1\na 1 1x\n# EOF\n', 2],
  ['a bad label', 'a 1 1\na{1="x"} 1 2\n# EOF\n', 2],
  ['an open brace', 'a 1 1\na{b="x" 1 2\n# EOF\n', 2],
  ['no UTF-8', 'a 1 1\na{b="\xff"} 1 2\n# EOF\n', 2],
  ['a label twice', 'a 1 1\na{b="1",b="2"} 1 2\n# EOF\n', 2],
  ['a bad comment', '# TYP a gauge\n# EOF\n', 1],
  ['a bad type', '# TYPE a gouge\n# EOF\n', 1],
  ['a bad unit', 'b 1 1\n# UNIT a seconds\n# EOF\n', 2],
  ['a bad exemplar', 'a 1 1\na 1 2 # {x=1} 1\n# EOF\n', 2],
  ['out of order', 'a 1 1\na 1 2\na 1 1.5\n# EOF\n', 3],
  ['a time beyond all days', 'a 1 1\na 1 999999999999\n# EOF\n', 2],
  ['text after the end', 'a 1 1\n# EOF\na 1 2\n', 3],
  ['no end', 'a 1 1\n', 2],
  ['nothing', '', 1],
])('%s: exit 1 with file and line, and the directory as it was', async (_, text, line) => {
  const dir = fresh();
  const file = join(scratch, 'bad.om');
  writeFileSync(file, Buffer.from(text, 'latin1'));
  const first = await importFile(file, dir);
  expect(first).toMatchObject({ code: 1, out: '' });
  expect(first.err.startsWith(`${file}:${line}: `)).toBe(true);
  expect(existsSync(dir)).toBe(false);

  await importText('a 5 0.5\n# EOF\n', dir);
  const before = listing(dir);
  expect((await importFile(file, dir)).code).toBe(1);
  expect(listing(dir)).toEqual(before);
});

/** Names and contents of a directory's files. */
const listing = (dir: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(dir).map((name) => [name, readFileSync(join(dir, name)).toString('base64')]),
  );

test('a directory in use is exit 3, a missing file 1, wrong flags are usage', async () => {
  const dir = fresh();
  const lock = lockDirectory(dir, undefined);
  const inUse = await importText(GOOD, dir);
  expect(inUse.code).toBe(3);
  expect(inUse.err).toBe(`data directory ${dir} is in use by another process\n`);
  lock.release();
  const missing = await importFile(join(scratch, 'missing.om'), dir);
  expect(missing).toMatchObject({ code: 1, out: '' });
  expect(missing.err).toBe(`${join(scratch, 'missing.om')}: no such file\n`);
  expect((await importFile(scratch, dir)).err).toBe(`${scratch}: is a directory\n`);
  const command = importCommand({
    clock: fakeClock(),
    addon: () => undefined,
    log: silentLog(),
    isWatched: false,
  });
  for (const argv of [
    [],
    ['csv', 'x'],
    ['openmetrics'],
    ['openmetrics', 'a', 'b'],
    ['openmetrics', 'a', '--x'],
  ]) {
    await expect(ran(command, argv)).rejects.toThrow(UsageError);
  }
  await expect(exportText(dir, '--format', 'xml')).rejects.toThrow(
    '--format: expected one of openmetrics, jsonl, csv',
  );
  await expect(exportText(dir, '--match', '{')).rejects.toThrow('--match "{"');
  await expect(exportText(dir, '--from', 'noon')).rejects.toThrow('--from: expected Unix seconds');
  expect(await exportText(fresh())).toMatchObject({ code: 1, out: '' });
});

test('somebody who watches sees a bar, and a clean line at the end', async () => {
  const file = join(scratch, 'watched.om');
  writeFileSync(file, GOOD);
  const { err } = await importFile(file, fresh(), true);
  expect(err).toMatch(/█+░* {1}\d+ % {2}[\d.]+ M samples\/s {2}\d+ s left/);
  expect(err).toContain('100 %  day 2 of 2  0 s left');
  expect(err.endsWith('\r\x1b[K')).toBe(true);
});

test('an export whose reader goes away ends quietly', async () => {
  const dir = fresh();
  await importText(GOOD, dir);
  const out = new Writable({
    highWaterMark: 1,
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('broken pipe'), { code: 'EPIPE' })),
  });
  const command = exportCommand({
    clock: fakeClock(),
    addon: () => undefined,
    log: silentLog(),
    parseSelector,
    out,
  });
  expect(await ran(command, ['--data', dir], { cwd: scratch })).toMatchObject({ code: 0, err: '' });
});

test('--url sends the file, shows what the server says, and names a bad line with the file', async () => {
  const sent: string[] = [];
  const app = importRoutes({
    async importText(text) {
      let all = '';
      for await (const bytes of text) all += Buffer.from(bytes).toString('utf8');
      sent.push(all);
      if (all.includes('bad')) throw new LineError(2, 'expected a value, found "bad"');
      return { added: 2, duplicates: 0, conflicts: 0, series: 1, days: 1, bytes: 10, exemplars: 0 };
    },
  });
  const served = Promise.withResolvers<number>();
  const server = serve(
    { fetch: (request) => app.fetch(new Request(request.url.replace('/api', ''), request)), port: 0 },
    ({ port }) => served.resolve(port),
  );
  const url = `http://127.0.0.1:${await served.promise}`;
  try {
    const text = `# TYPE m gauge\n${'m 1 1\n'.repeat(200_000)}# EOF\n`;
    const done = await importText(text, '', ['--url', url]);
    expect(done).toMatchObject({ code: 0, err: '' });
    expect(done.out).toMatch(/^imported 2 samples of 1 series in 1 days: 10 bytes/);
    expect(sent[0] === text).toBe(true);
    const bad = await importText('m bad 1\n# EOF\n', '', ['--url', url]);
    expect(bad).toEqual({
      code: 1,
      out: '',
      err: `${join(scratch, 'in.om')}:2: expected a value, found "bad"\n`,
    });
    await expect(importText('# EOF\n', fresh(), ['--url', url])).rejects.toThrow(UsageError);
  } finally {
    server.close();
  }
});
