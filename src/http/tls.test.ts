import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { type TlsServerConfig, tlsServerConfig } from '../config/web.ts';
import { hasOpenssl, testCertificate } from '../testing/certificate.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { listen } from './listen.ts';
import { tlsSettings, watchCertificates } from './tls.ts';

const openssl = test.skipIf(!hasOpenssl);

async function serve(stack: AsyncDisposableStack, config: TlsServerConfig) {
  const app = new Hono();
  app.all('*', (c) => c.text('in'));
  const surface = { app, direct: () => false };
  const server = await listen({ host: '127.0.0.1', port: 0 }, surface, tlsSettings(config));
  stack.defer(() => server.close());
  return server;
}

/** What a client gets: the body, or why it got none. */
function ask(port: number, options: https.RequestOptions): Promise<string> {
  return new Promise((resolve) => {
    const request = https.get(
      { host: '127.0.0.1', port, agent: false, rejectUnauthorized: false, ...options },
      (response) => {
        let body = '';
        response.on('data', (chunk) => (body += chunk)).on('end', () => resolve(body));
      },
    );
    request.on('error', (error: NodeJS.ErrnoException) => resolve(`refused: ${error.code}`));
  });
}

openssl.each([
  ['NoClientCert', { none: 'in', stranger: 'in', known: 'in' }],
  ['RequestClientCert', { none: 'in', stranger: 'in', known: 'in' }],
  ['RequireAnyClientCert', { none: 'refused', stranger: 'in', known: 'in' }],
  ['VerifyClientCertIfGiven', { none: 'in', stranger: 'refused', known: 'in' }],
  ['RequireAndVerifyClientCert', { none: 'refused', stranger: 'refused', known: 'in' }],
] as const)('client_auth_type %s', async (client_auth_type, expected) => {
  await using stack = new AsyncDisposableStack();
  using own = testCertificate('monitor.example');
  using known = testCertificate('known.example');
  using stranger = testCertificate('stranger.example');
  const needsCa = /Verify/.test(client_auth_type);
  const { port } = await serve(
    stack,
    tlsServerConfig.parse({
      cert_file: own.certFile,
      key_file: own.keyFile,
      client_auth_type,
      ...(needsCa && { client_ca_file: known.certFile }),
    }),
  );
  const said = async (options: https.RequestOptions) => (await ask(port, options)).split(':')[0];
  expect({
    none: await said({}),
    stranger: await said({ cert: stranger.cert, key: stranger.key }),
    known: await said({ cert: known.cert, key: known.key }),
  }).toEqual(expected);
});

openssl('client_allowed_sans lets only certificates with one of the names in', async () => {
  await using stack = new AsyncDisposableStack();
  using own = testCertificate('monitor.example');
  using client = testCertificate('grafana.example');
  const config = (sans: string[]) =>
    tlsServerConfig.parse({
      cert_file: own.certFile,
      key_file: own.keyFile,
      client_auth_type: 'RequireAndVerifyClientCert',
      client_ca_file: client.certFile,
      client_allowed_sans: sans,
    });
  const good = await serve(stack, config(['grafana.example']));
  const bad = await serve(stack, config(['other.example']));
  const shown = { cert: client.cert, key: client.key };
  expect(await ask(good.port, shown)).toBe('in');
  expect(await ask(bad.port, shown)).toContain('refused');
});

openssl('versions and ciphers are those of the configuration', async () => {
  await using stack = new AsyncDisposableStack();
  using own = testCertificate('monitor.example');
  const { port: newest } = await serve(
    stack,
    tlsServerConfig.parse({ cert_file: own.certFile, key_file: own.keyFile, min_version: 'TLS13' }),
  );
  const { port } = await serve(
    stack,
    tlsServerConfig.parse({
      cert_file: own.certFile,
      key_file: own.keyFile,
      max_version: 'TLS12',
      cipher_suites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
      curve_preferences: ['CurveP384'],
    }),
  );
  const handshake = (options: tls.ConnectionOptions): Promise<string> =>
    new Promise((resolve) => {
      const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
        resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
        socket.destroy();
      });
      socket.on('error', () => resolve('refused'));
    });
  expect(await handshake({})).toBe('TLSv1.2 ECDHE-ECDSA-AES256-GCM-SHA384');
  expect(await handshake({ minVersion: 'TLSv1.3' })).toBe('refused');
  expect(await handshake({ ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).toBe('refused');
  expect(await handshake({ ecdhCurve: 'prime256v1:secp384r1' })).toContain('TLSv1.2');
  expect(await handshake({ ecdhCurve: 'prime256v1' })).toBe('refused');
  expect(await handshake({ port: newest })).toContain('TLSv1.3');
  expect(await handshake({ port: newest, maxVersion: 'TLSv1.2' })).toBe('refused');
});

openssl('certificates are read again when their files change; broken ones change nothing', async () => {
  await using stack = new AsyncDisposableStack();
  const clock = fakeClock();
  const log = silentLog();
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-tls-'));
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  using first = testCertificate('first.example');
  using second = testCertificate('second.example');
  const [cert_file, key_file] = [path.join(folder, 'cert.pem'), path.join(folder, 'key.pem')];
  const put = (from: { certFile: string; keyFile: string }): void => {
    fs.copyFileSync(from.certFile, cert_file);
    fs.copyFileSync(from.keyFile, key_file);
  };
  put(first);
  const config = tlsServerConfig.parse({ cert_file, key_file });
  const server = await serve(stack, config);
  const watch = watchCertificates(server.secure!, () => config, { clock, log });
  stack.defer(() => watch.cancel());
  const shown = (): Promise<string> =>
    new Promise((resolve) => {
      const socket = tls.connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
    });
  expect(await shown()).toBe('first.example');
  put(second);
  await clock.advance('6s');
  expect(await shown()).toBe('second.example');
  fs.writeFileSync(cert_file, 'half of a cert');
  await clock.advance('6s');
  expect(await shown()).toBe('second.example');
  expect(log.events.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    'info: certificates read again',
    'error: new certificates cannot be used; the old ones go on',
  ]);
});

test('the choices of web-config files are the ones OpenSSL knows here', () => {
  const known = tls.getCiphers().map((name) => name.toUpperCase());
  const config = (name: string) =>
    tlsSettings(tlsServerConfig.parse({ cert: 'x', key: 'y', cipher_suites: [name] })).context.ciphers!;
  for (const name of ['TLS_RSA_WITH_AES_128_CBC_SHA', 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256'])
    for (const cipher of config(name).split(':')) expect(known).toContain(cipher);
  expect(tlsServerConfig.safeParse({ cert: 'x', key: 'y', cipher_suites: ['TLS_NULL'] }).success).toBe(false);
});
