import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, expect, test } from 'vitest';
import type { EmailConfig } from '../../config/receivers/email.ts';
import { labelsFromObject } from '../../model/labels.ts';
import { emailMessage } from '../kinds/email.ts';
import { quotedPrintable } from '../kinds/mime.ts';
import { type Notification, notifiedAlert } from '../notification.ts';
import { alert, plainTemplates } from '../notifier.fixture.ts';
import { templateRendering } from '../template-data.ts';
import { createMailTransport } from './smtp.ts';

interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly hello: string;
  readonly secure: boolean;
  readonly login: unknown;
  readonly source: string;
}

const servers: SMTPServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const pem = (name: string): string => readFileSync(new URL(`testdata/${name}.pem`, import.meta.url), 'utf8');

async function mailServer(options: SMTPServerOptions = {}, host = '127.0.0.1') {
  const received: Received[] = [];
  const server = new SMTPServer({
    key: pem('key'),
    cert: pem('cert'),
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    onAuth: (auth, _, done) => {
      const isRight =
        auth.method === 'CRAM-MD5' ? auth.validatePassword?.('secret') : auth.password === 'password';
      done(isRight ? null : new Error('wrong'), { user: `${auth.method} ${auth.username}` });
    },
    onData: (stream, session, done) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { envelope, hostNameAppearsAs: hello, secure, user: login } = session;
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const to = envelope.rcptTo.map((one) => one.address);
        received.push({ from, to, hello, secure, login, source: Buffer.concat(chunks).toString() });
        done();
      });
    },
    ...options,
  });
  servers.push(server);
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return { received, smarthost: `${host}:${(server.server.address() as AddressInfo).port}` };
}

function email(more: Partial<EmailConfig>): EmailConfig {
  return {
    to: 'a@example.test, "Bee" <b@example.test>',
    from: 'Mon <mon@example.test>',
    hello: 'me.test',
    smarthost: '',
    require_tls: false,
    tls_config: { insecure_skip_verify: true },
    headers: {},
    html: '<p>Grüße</p>',
    text: '',
    threading: { enabled: false, thread_by_date: '' },
    send_resolved: false,
    ...more,
  };
}

const notification: Notification = {
  receiver: 'r',
  groupKey: '{}:{alertname="A"}',
  groupLabels: labelsFromObject({ alertname: 'A' }),
  routeLabels: {},
  reason: 'first notification',
  alerts: [
    notifiedAlert(
      { ...alert({ labels: { alertname: 'A' }, ends: 60 }), fingerprint: 'f', timeout: false },
      0,
    ),
  ],
  data: {},
  externalURL: 'http://belfry.test',
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
};

const render = templateRendering(plainTemplates)(notification);

const send = (config: EmailConfig, signal = new AbortController().signal) =>
  createMailTransport()(emailMessage(config, notification, render), config, signal);

test('a mail arrives with its envelope, headers and parts', async () => {
  const { received, smarthost } = await mailServer();
  const config = email({ smarthost, headers: { Subject: 'Grüße ✓', 'X-Prio': 'high' }, text: 'one\n.\ntwo' });
  expect(await send(config)).toMatchObject({ kind: 'delivered' });
  expect(received).toMatchObject([
    { from: 'mon@example.test', to: ['a@example.test', 'b@example.test'], hello: 'me.test', secure: false },
  ]);
  const [head, ...parts] = received[0]!.source.split(/\r\n--[0-9a-f]+/);
  const lines = head!.split('\r\n').filter((line) => !/^(Message-Id|Content-Type)/.test(line));
  expect(lines.slice(0, 6)).toEqual([
    'To: a@example.test, "Bee" <b@example.test>',
    'From: Mon <mon@example.test>',
    'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_=E2=9C=93?=',
    'X-Prio: high',
    'Date: Fri, 02 Jan 2026 03:04:05 +0000',
    'MIME-Version: 1.0',
  ]);
  expect(head).toMatch(/^Content-Type: multipart\/alternative; {1,2}boundary=[0-9a-f]+$/m);
  expect(parts.map((part) => part.trim())).toEqual([
    'Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\none\r\n.\r\ntwo',
    'Content-Transfer-Encoding: quoted-printable\r\nContent-Type: text/html; charset=UTF-8\r\n\r\n<p>Gr=C3=BC=C3=9Fe</p>',
    '--',
  ]);
});

test.each([
  ['PLAIN', { auth_password: 'password' }],
  ['LOGIN', { auth_password: 'password' }],
  ['CRAM-MD5', { auth_secret: 'secret' }],
])('logs in with %s', async (method, secrets) => {
  const { received, smarthost } = await mailServer({
    authMethods: [method],
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
  });
  await send(email({ smarthost, auth_username: 'usr', ...secrets }));
  expect(received.map((one) => one.login)).toEqual([`${method} usr`]);
});

test('the first mechanism in the order of the server is used that there is a secret for', async () => {
  const { received, smarthost } = await mailServer({
    authMethods: ['CRAM-MD5', 'LOGIN', 'PLAIN'],
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
  });
  await send(email({ smarthost, auth_username: 'usr', auth_password: 'password' }));
  expect(received.map((one) => one.login)).toEqual(['LOGIN usr']);
});

test('PLAIN tells no password in the clear to another host; LOGIN does, as upstream has it', async () => {
  const options = { allowInsecureAuth: true, disabledCommands: ['STARTTLS'] };
  const login = { auth_username: 'usr', auth_password: 'password' };
  const plain = await mailServer({ ...options, authMethods: ['PLAIN', 'LOGIN'] }, '127.0.0.2');
  expect(await send(email({ smarthost: plain.smarthost, ...login }))).toEqual({
    kind: 'retry',
    reason: 'other',
    message: 'PLAIN auth: unencrypted connection',
  });
  expect(plain.received).toEqual([]);
  const other = await mailServer({ ...options, authMethods: ['LOGIN'] }, '127.0.0.2');
  expect(await send(email({ smarthost: other.smarthost, ...login }))).toMatchObject({ kind: 'delivered' });
  const secure = await mailServer({ authMethods: ['PLAIN'], disabledCommands: [] }, '127.0.0.2');
  const tls = await send(email({ smarthost: secure.smarthost, require_tls: true, ...login }));
  expect(tls).toMatchObject({ kind: 'delivered' });
  expect(secure.received.map((one) => one.login)).toEqual(['PLAIN usr']);
});

test('PLAIN tells auth_identity, for whom the user speaks', async () => {
  const said: string[] = [];
  const server = createServer((socket) => {
    socket.write('220 mail.test ESMTP\r\n');
    socket.on('data', (chunk) => {
      const line = chunk.toString().trim();
      const [, plain] = /^AUTH PLAIN (.*)/.exec(line) ?? [];
      if (plain) said.push(Buffer.from(plain, 'base64').toString());
      socket.write(line.startsWith('EHLO') ? '250-mail.test\r\n250 AUTH PLAIN\r\n' : '535 no\r\n');
    });
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const smarthost = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const login = { auth_username: 'usr', auth_password: 'password' };
  await send(email({ smarthost, ...login, auth_identity: 'boss' }));
  await send(email({ smarthost, ...login }));
  server.close();
  expect(said).toEqual(['boss\0usr\0password', '\0usr\0password']);
});

test('a wrong password is worth another try', async () => {
  const { smarthost } = await mailServer({
    authMethods: ['PLAIN'],
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
  });
  const attempt = await send(email({ smarthost, auth_username: 'usr', auth_password: 'wrong' }));
  expect(attempt).toMatchObject({ kind: 'retry', message: expect.stringContaining('refused the login') });
});

test('STARTTLS is used when required', async () => {
  const { received, smarthost } = await mailServer({ disabledCommands: ['AUTH'] });
  expect(await send(email({ smarthost, require_tls: true }))).toMatchObject({ kind: 'delivered' });
  expect(received.map((one) => one.secure)).toEqual([true]);
});

test('nothing is sent when STARTTLS is required and not there, and it is tried again', async () => {
  const { received, smarthost } = await mailServer();
  expect(await send(email({ smarthost, require_tls: true }))).toMatchObject({ kind: 'retry' });
  expect(received).toEqual([]);
});

test('TLS from the first byte is used when forced', async () => {
  const { received, smarthost } = await mailServer({ secure: true });
  const config = email({ smarthost, require_tls: true, force_implicit_tls: true });
  expect(await send(config)).toMatchObject({ kind: 'delivered' });
  expect(received.map((one) => one.secure)).toEqual([true]);
});

test('the certificate is checked against the given CA and name', async () => {
  const { received, smarthost } = await mailServer({ disabledCommands: ['AUTH'] });
  const tls_config = { insecure_skip_verify: false, ca: pem('cert'), server_name: 'sink.test' };
  expect(await send(email({ smarthost, require_tls: true, tls_config }))).toMatchObject({
    kind: 'delivered',
  });
  expect(received.map((one) => one.secure)).toEqual([true]);
});

test('a certificate that cannot be checked ends the try', async () => {
  const { received, smarthost } = await mailServer({ disabledCommands: ['AUTH'] });
  const config = email({ smarthost, require_tls: true, tls_config: { insecure_skip_verify: false } });
  expect(await send(config)).toMatchObject({ kind: 'retry', message: expect.stringMatching(/certificate/i) });
  expect(received).toEqual([]);
});

test('a refused recipient is tried again, alone', async () => {
  let isOpen = false;
  const { received, smarthost } = await mailServer({
    onRcptTo: (address, _, done) =>
      done(
        address.address.startsWith('b@') && !isOpen
          ? Object.assign(new Error('later'), { responseCode: 450 })
          : null,
      ),
  });
  const config = email({ smarthost });
  const mail = emailMessage(config, notification, render);
  const transport = createMailTransport();
  const first = await transport(mail, config, new AbortController().signal);
  expect(first).toMatchObject({ kind: 'retry', message: 'the server refused b@example.test' });
  isOpen = true;
  expect(await transport(mail, config, new AbortController().signal)).toMatchObject({ kind: 'delivered' });
  expect(received.map((one) => one.to)).toEqual([['a@example.test'], ['b@example.test']]);
});

test('a server that hangs is left when the time is over', async () => {
  const controller = new AbortController();
  const { smarthost } = await mailServer({ onMailFrom: () => controller.abort() });
  expect(await send(email({ smarthost }), controller.signal)).toMatchObject({
    kind: 'retry',
    message: 'the time for sending is over',
  });
});

test('no server: worth another try', async () => {
  expect(await send(email({ smarthost: '127.0.0.1:1' }))).toMatchObject({ kind: 'retry' });
});

test.each([
  ['from', { from: 'nobody' }, `parse 'from' addresses`],
  ['to', { to: 'a@example.test, ' }, undefined],
  ['a sender after a sender', { from: '<a@example.test> <b@example.test>' }, `parse 'from' addresses`],
  ['a header in a name', { to: 'x\r\nBcc: b@example.test <a@example.test>' }, `parse 'to' addresses`],
  ['an address in a name', { to: '"x" <b@example.test> y <a@example.test>' }, `parse 'to' addresses`],
  ['a NUL in a name', { to: 'x\0 <a@example.test>' }, `parse 'to' addresses`],
  ['a name and a remark', { to: '"x, y" Ü. z <a@example.test> (of x),' }, undefined],
  [
    'a long name',
    { to: `${'x'.repeat(100_000)} ${'x '.repeat(50_000)}<a@example.test` },
    `parse 'to' addresses`,
  ],
  ['two senders', { from: 'a@example.test, b@example.test' }, 'exactly one'],
])('bad addresses cannot be sent to: %s', (_, more, message) => {
  const make = () => emailMessage(email(more), notification, render);
  if (message) expect(make).toThrow(message);
  else expect(make().to).toEqual(['a@example.test']);
});

test('mails of a group share a thread', () => {
  const mail = emailMessage(
    email({ threading: { enabled: true, thread_by_date: 'none' } }),
    notification,
    render,
  );
  const root = /^References: (<alert-[0-9a-f]{16}-@alertmanager>)$/m.exec(
    mail.source.replaceAll('\r', ''),
  )?.[1];
  expect(root).toBeDefined();
  expect(mail.source).toContain(`In-Reply-To: ${root}\r\n`);
});

test('a line break in a subject cannot add a header', () => {
  const mail = emailMessage(
    email({ headers: { Subject: 'a\r\nBcc: x@example.test' } }),
    notification,
    render,
  );
  expect(mail.source).toContain('Subject: a Bcc: x@example.test\r\n');
});

test.each([
  ['a=b', 'a=3Db'],
  ['end ', 'end=20'],
  ['x'.repeat(76), 'x'.repeat(76)],
  ['x'.repeat(77), `${'x'.repeat(75)}=\r\nxx`],
  ['é', '=C3=A9'],
  ['a\nb\r\nc', 'a\r\nb\r\nc'],
])('quotedPrintable(%j)', (text, encoded) => {
  expect(quotedPrintable(text)).toBe(encoded);
});
