import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import zlib from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ACCESS_RULES } from '../src/http/access-rules.ts';
import { httpTarget } from '../src/testing/http-target.ts';
import { type Appliance, eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { startSmtp } from './harness/peers.ts';

/** Requests that no client would send by mistake, to the executable: nothing leaves the folders it may read, and it goes on. */
const stack = new AsyncDisposableStack();
const folder = temporaryFolder('requests');
const SECRET = 'hold-this-secret';
const hooks: import('node:http').IncomingMessage[] = [];
let mails: Awaited<ReturnType<typeof startSmtp>>['mails'];
let belfry: Appliance;

beforeAll(async () => {
  fs.writeFileSync(path.join(folder, 'secret.txt'), SECRET);
  const hook = stack.use(
    await httpTarget((request, response) => {
      hooks.push(request);
      response.end();
    }),
  );
  const smtp = await startSmtp(stack);
  mails = smtp.mails;
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `global: {smtp_smarthost: '${smtp.address}', smtp_from: 'belfry@site.test', smtp_require_tls: false}
backup: {schedule: '0 3 * * *', directory: backups}
route: {receiver: hook, group_by: [alertname], group_wait: 0s, routes: [{matchers: ['mail = "yes"'], receiver: mail}]}
receivers:
- {name: hook, webhook_configs: [{url: 'http://${hook.address}/hook?a={{ .GroupLabels.alertname }}'}]}
- name: mail
  email_configs:
  - to: team@site.test
    headers: {Subject: '{{ .GroupLabels.alertname }}', X-Team: '{{ .CommonLabels.text }}', Reply-To: '{{ .CommonLabels.text }} <team@site.test>'}
    text: '{{ .CommonLabels.text }}'
    html: '<p>{{ .CommonLabels.text }}</p>'
  - to: '{{ .GroupLabels.alertname }} <team@site.test>'
  - to: '{{ .CommonLabels.text }}'
`,
  );
  belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  expect((await fetch(`${belfry.url}/api/backups`, { method: 'POST' })).status).toBe(201);
});
afterAll(async () => {
  await stack.disposeAsync();
  fs.rmSync(folder, { recursive: true, force: true });
});

/**
 * The whole answer, head and all, to bytes as they are; fetch would tidy them up. Empty where the connection was cut
 * while we still wrote: the kernel then drops the answer that was on its way.
 */
function raw(request: string, isEnough = (_answer: string): boolean => false): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(Number(new URL(belfry.url).port), '127.0.0.1');
    let answer = '';
    const done = (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(120_000, done);
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (isEnough(answer)) done();
    });
    socket.on('close', done);
    socket.on('error', done);
    socket.write(request, 'latin1');
  });
}
const get = (target: string): Promise<string> =>
  raw(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);

/** Ways to say "the folder above". */
const UP = [
  '../',
  '..%2f',
  '%2e%2e/',
  '%2e%2e%2f',
  '..%5c',
  '..\\',
  '%252e%252e%252f',
  '....//',
  '..;/',
  '%c0%ae%c0%ae/',
];
const BELOW = ['/', '/assets/', '/api/dashboards/', '/api/backups/', '/d/', '/login/', '/assets/%00/'];

test('no path leads out of the page, the dashboards and the backups', async () => {
  const backup = fs.readdirSync(path.join(folder, 'backups')).find((name) => !name.startsWith('.'));
  const below = [...BELOW, `/api/backups/${backup}/`];
  let asked = 0;
  for (const start of below)
    for (const up of UP)
      for (const file of ['secret.txt', 'data/state.db', 'etc/passwd', 'belfry.yaml']) {
        for (const depth of [1, 2, 8]) {
          const answer = await get(
            `${start}${up.repeat(depth)}${file.replace(/\//g, up.includes('%2f') ? '%2f' : '/')}`,
          );
          asked++;
          expect([start, up, file, /^HTTP\/1\.1 (200|400|404|30\d) /.test(answer)]).toEqual([
            start,
            up,
            file,
            true,
          ]);
          for (const content of [SECRET, 'SQLite format 3', 'root:x:', 'group_wait'])
            expect([start + up + file, answer.includes(content)]).toEqual([start + up + file, false]);
        }
      }
  expect(asked).toBe(below.length * UP.length * 12);
  // What may be had is there, so that the absence above means something.
  const files = fs.readdirSync(path.join(folder, 'backups', backup!)).filter((file) => file.endsWith('.db'));
  expect(await get(`/api/backups/${backup}/${files[0]}`)).toContain('SQLite format 3');
});

test('no request makes it ask an address of the caller', async () => {
  const trapped: string[] = [];
  const trap = stack.use(
    await httpTarget((request, response) => {
      trapped.push(request.url!);
      response.end();
    }),
  );
  const url = `http://${trap.address}/trap`;
  const fields = ['url', 'target', 'source', 'receiver', 'callback', 'instance', 'remote_url', 'proxy_url'];
  const query = new URLSearchParams(fields.map((name): [string, string] => [name, url])).toString();
  const receivers = [{ name: 'hook', webhook_configs: [{ url }] }];
  const alert = { labels: { alertname: 'Trap', instance: url }, annotations: { url }, generatorURL: url };
  const panel = { type: 'timeseries', datasource: { type: 'prometheus', url }, targets: [{ expr: 'up' }] };
  const bodies: Readonly<Record<string, unknown>> = {
    'POST /api/v2/alerts': [alert],
    'POST /api/dashboards': { uid: 'trap', title: 'trap', panels: [panel], links: [{ url }] },
    'POST /api/rehearse': {
      groups: [{ name: 'g', rules: [{ alert: 'Trap', expr: 'vector(1)' }] }],
      receivers,
    },
    'POST /api/templates/preview': { template: `{{ query "${url}" }}{{ "${url}" | safeHtml }}`, url },
  };
  const silent = new Set(['POST /api/logout', 'POST /api/login']);
  const unanswered: string[] = [];
  for (const route of Object.keys(ACCESS_RULES)) {
    if (silent.has(route)) continue;
    const [method = '', pattern = ''] = route.split(' ');
    const where = pattern.replaceAll(/:(\w+)/g, (_, name) =>
      name === 'name' ? 'hook' : encodeURIComponent(url),
    );
    const body = JSON.stringify(
      bodies[route] ?? { ...Object.fromEntries(fields.map((name) => [name, url])), receivers },
    );
    const response = await fetch(new URL(`${where.replaceAll('*', 'x')}?${query}`, belfry.url), {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(60_000),
      ...(method === 'GET' ? {} : { body, headers: { 'content-type': 'application/json' } }),
    }).catch((error: Error) => error);
    // Streams have no end; that they began is enough.
    if (response instanceof Response) await response.body?.cancel();
    else unanswered.push(`${route}: ${response}`);
  }
  expect(unanswered).toEqual([]);
  await eventually('the configured receiver is told of the posted alert', async () =>
    hooks.some(({ url: asked }) => asked?.includes('Trap')),
  );
  expect(trapped).toEqual([]);
});

test('a dashboard is stored under its uid wherever that points', async () => {
  const before = tree();
  for (const uid of [
    '../../evil',
    '/tmp/belfry-evil',
    '..',
    '.',
    'a/b',
    'a\0b',
    'x'.repeat(5000),
    'CON',
    'a\r\nX-Evil: 1',
  ]) {
    const answer = await fetch(`${belfry.url}/api/dashboards`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uid, title: 'evil', panels: [] }),
    });
    expect([uid.slice(0, 20), answer.status < 500]).toEqual([uid.slice(0, 20), true]);
  }
  const added = tree().filter((file) => !before.includes(file));
  expect(added.filter((file) => !file.startsWith('data/'))).toEqual([]);
  expect(fs.existsSync('/tmp/belfry-evil')).toBe(false);
  expect(fs.existsSync(path.join(folder, '..', 'evil'))).toBe(false);
  const listed = await belfry.get<{ dashboards?: { uid: string }[] } | { uid: string }[]>('/api/dashboards');
  const uids = (Array.isArray(listed) ? listed : listed.dashboards!).map(({ uid }) => uid);
  for (const uid of uids) {
    const one = await raw(
      `GET /api/dashboards/${encodeURIComponent(uid)}/json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
    );
    expect(one.split('\r\n\r\n')[0]).not.toContain('X-Evil');
  }
});

/** All files under the test's folder. */
function tree(): string[] {
  return fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => fs.statSync(path.join(folder, file), { throwIfNoEntry: false })?.isFile());
}

test('no header of an answer is made of what was asked', async () => {
  for (const target of [
    '/%0d%0aX-Evil:%201',
    '/d/x%0d%0aX-Evil:%201',
    '/graph/..%0d%0aX-Evil:%201',
    '/login?to=%0d%0aX-Evil:%201',
    '/api/v1/query?query=%0d%0aX-Evil:%201',
    '/api/backups/%0d%0aX-Evil:%201/x',
    '//evil.example/%2e%2e',
    '/\\evil.example',
    '/login?to=//evil.example',
    '/login?to=https://evil.example',
  ]) {
    const head = (await get(target)).split('\r\n\r\n')[0]!;
    expect([target, head]).toEqual([target, expect.not.stringMatching(/X-Evil|^location:.*evil/im)]);
  }
});

test('labels with line breaks make no header and no other address of a webhook', async () => {
  const name = 'a\r\nX-Evil: 1\r\n\r\nGET /other HTTP/1.1';
  const answer = await fetch(`${belfry.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels: { alertname: name }, annotations: { 'x\r\ny': 'z' } }]),
  });
  expect([200, 400]).toContain(answer.status);
  const sent = await fetch(`${belfry.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify([{ labels: { alertname: name } }]),
  });
  expect(sent.status).toBe(200);
  await eventually('the webhook came', async () =>
    hooks.some(({ url }) => decodeURIComponent(url!).includes('X-Evil')),
  );
  for (const { headers, url } of hooks) {
    expect(Object.keys(headers)).not.toContain('x-evil');
    expect(url).toMatch(/^\/hook/);
  }
});

/** Line ends and ends of mails, as they are and in disguise. */
const MAIL_ATTACKS = [
  'a\r\nBcc: evil@evil.test',
  'a\nBcc: evil@evil.test',
  'a\rBcc: evil@evil.test',
  'a\r\n Bcc: evil@evil.test',
  'a\r\n\r\n<script>evil()</script>',
  'a\r\n.\r\nMAIL FROM:<evil@evil.test>\r\nRCPT TO:<evil@evil.test>\r\nDATA\r\nSubject: evil\r\n\r\nevil\r\n.\r\n',
  'a\n.\nMAIL FROM:<evil@evil.test>\nRCPT TO:<evil@evil.test>\nDATA\nSubject: evil\n\nevil\n.\n',
  'a> SIZE=1\r\nRCPT TO:<evil@evil.test',
  '"a" <team@site.test>\r\nBcc: <evil@evil.test>',
  '=?utf-8?q?a=0D=0ABcc:_evil@evil.test?=',
  'a\u2028Bcc: evil@evil.test\u0085X-Evil: 1\u000bX-Evil: 1\u000cX-Evil: 1',
  'a\0\r\nBcc: evil@evil.test',
  `${'x'.repeat(3000)}\r\nBcc: evil@evil.test`,
];

test('labels with line breaks make no header, no recipient and no other mail', async () => {
  const startsAt = new Date().toISOString();
  const alerts = [...MAIL_ATTACKS, 'of the team'].map((text) => ({
    labels: { alertname: text, text, mail: 'yes' },
    startsAt,
  }));
  const sent = await fetch(`${belfry.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alerts),
  });
  expect(sent.status).toBe(200);
  // As a recipient, or as the name of one, no attack is taken for anything: those mails are not sent, and it is said why.
  const refused = (): string[] =>
    belfry.output().match(/integration=email\[[12]\][^\n]* err="parse 'to' addresses/g) ?? [];
  await eventually(
    'all are sent or refused',
    async () => mails.length >= alerts.length + 1 && refused().length >= 2 * MAIL_ATTACKS.length,
  ).catch((error) => {
    throw new Error(`${error}: ${mails.length} mails, ${refused().length} refused`);
  });
  expect(mails).toHaveLength(alerts.length + 1);
  for (const { to, raw } of mails) {
    expect([raw, to]).toEqual([raw, ['team@site.test']]);
    const lines = raw
      .split('\r\n\r\n')[0]!
      .replace(/\r\n[ \t]/g, ' ')
      .split('\r\n');
    const names = lines.map((line) => line.split(':')[0]!);
    for (const name of names)
      expect([
        'Content-Type',
        'Date',
        'From',
        'MIME-Version',
        'Message-Id',
        'Reply-To',
        'Subject',
        'To',
        'X-Team',
      ]).toContain(name);
    expect(new Set(names).size).toBe(names.length);
    expect(raw.split('Content-Type: text/html')[1]).not.toContain('<script');
  }
});

test('requests that are none, that are too long or that smuggle another are refused, one by one', async () => {
  const alive = (): Promise<boolean> => fetch(`${belfry.url}/-/healthy`).then(({ ok }) => ok);
  const long = 'x'.repeat(1 << 20);
  for (const [what, request, expected] of [
    ['noise', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', /^(HTTP\/1\.1 400|$)/],
    ['a long address', `GET /${long} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`, /^(HTTP\/1\.1 4\d\d|$)/],
    ['a long header', `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${long}\r\n\r\n`, /^(HTTP\/1\.1 431|$)/],
    [
      'many headers',
      `GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n${'X: 1\r\n'.repeat(100_000)}\r\n`,
      /^(HTTP\/1\.1 4\d\d|$)/,
    ],
    [
      'two lengths',
      'POST /api/v1/query HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /secret HTTP/1.1\r\n\r\n',
      /^HTTP\/1\.1 400/,
    ],
    [
      'a bare line feed in a header',
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\nEvil: 1\r\n\r\n',
      /^HTTP\/1\.1 (400|200)/,
    ],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 4\d\d/],
    ['a strange host', 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n', /^HTTP\/1\.1 4\d\d/],
    ['a strange method', 'BREW / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', /^HTTP\/1\.1 4\d\d/],
    [
      'a proxy request',
      'GET http://evil.example/ HTTP/1.1\r\nHost: evil.example\r\n\r\n',
      /^HTTP\/1\.1 4\d\d/,
    ],
    [
      'a tunnel',
      'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n',
      /^(HTTP\/1\.1 4\d\d|$)/,
    ],
    [
      'an upgrade',
      'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      /^(HTTP\/1\.1 [245]\d\d|$)/,
    ],
  ] as const) {
    const answer = await raw(request, (text) => text.includes('\r\n'));
    expect([what, answer.slice(0, 12)]).toEqual([what, expect.stringMatching(expected)]);
    expect([what, await alive()]).toEqual([what, true]);
  }
});

test.each(['gzip', 'zstd', 'deflate', 'br'])('a body packed with %s is not blown up', async (encoding) => {
  const huge = Buffer.alloc(300 * 1024 * 1024);
  const packed = {
    gzip: zlib.gzipSync,
    zstd: zlib.zstdCompressSync,
    deflate: zlib.deflateSync,
    br: zlib.brotliCompressSync,
  }[encoding]!(
    huge,
    ...(encoding === 'br' ? [{ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } }] : []),
  );
  const before = resident();
  for (const target of [
    '/api/v1/write',
    '/api/v1/read',
    '/api/v1/query',
    '/api/v2/alerts',
    '/api/dashboards',
    '/api/import/openmetrics',
    '/api/annotations',
  ]) {
    const answer = await fetch(belfry.url + target, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': encoding },
      body: new Uint8Array(packed),
    });
    expect([target, answer.status >= 400 && answer.status < 500]).toEqual([target, true]);
  }
  expect(resident() - before).toBeLessThan(120);
});

test('a body whose length is not declared is taken, up to the limit', async () => {
  const post = (target: string, chunks: Iterable<string>) =>
    fetch(belfry.url + target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ReadableStream.from(Array.from(chunks, (text) => Buffer.from(text))),
      duplex: 'half',
    } as RequestInit);
  expect((await post('/api/annotations', ['{"text":', '"in two pieces"}'])).status).toBeLessThan(300);
  const listed = await (await fetch(`${belfry.url}/api/annotations`)).text();
  expect(listed).toContain('in two pieces');
  const alert = JSON.stringify([{ labels: { alertname: 'chunked' } }]);
  expect((await post('/api/v2/alerts', alert)).status).toBe(200);
  const batch = JSON.stringify({ queries: [{ query: '1', time: 1 }] });
  expect((await post('/api/batch', batch)).status).toBe(200);
  const huge = Array.from({ length: 40 }, () => 'x'.repeat(512 * 1024));
  expect((await post('/api/v2/alerts', huge)).status).toBe(413);
});

test('JSON as deep as a well is refused', async () => {
  const deep = '['.repeat(500_000);
  for (const target of [
    '/api/v2/alerts',
    '/api/v2/silences',
    '/api/dashboards',
    '/api/annotations',
    '/api/batch',
    '/api/rehearse',
    '/api/templates/preview',
    '/api/login',
    '/api/tokens',
  ]) {
    for (const body of [
      deep,
      `${deep}${']'.repeat(500_000)}`,
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
      '',
      'null',
      '1',
      '[null]',
      '[{}]',
      '{"panels":[null]}',
    ]) {
      const status = await fetch(belfry.url + target, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      }).then(
        (answer) => answer.status,
        // Refused by its length and the connection closed, while the rest was on its way.
        () => 413,
      );
      expect([target, body.slice(0, 40), status < 500]).toEqual([target, body.slice(0, 40), true]);
    }
  }
  expect((await fetch(`${belfry.url}/-/healthy`)).status).toBe(200);
});

const resident = (): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${belfry.pid}/status`, 'utf8'))![1]) / 1024;
