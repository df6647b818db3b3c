import { createVerify, X509Certificate } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { hasOpenssl, testCertificate } from '../testing/certificate.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import { httpTarget, sendPage, type TestServer } from '../testing/http-target.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { PageBuffers } from './page-buffers.ts';
import { createPageClient, type PageClient } from './page-client.ts';

interface AskedToken {
  readonly authorization: string | undefined;
  readonly form: Record<string, string>;
}

/** Gives `token-1`, `token-2`, …, and tells what it was asked. */
async function tokenServer(options: { takesHeader?: boolean; expiresIn?: number } = {}) {
  const asked: AskedToken[] = [];
  const server = await httpTarget(async (request, response) => {
    const form = Object.fromEntries(new URLSearchParams(await text(request)));
    asked.push({ authorization: request.headers.authorization, form });
    const isKnown = options.takesHeader === false ? form.client_id !== undefined : true;
    if (!isKnown) return void response.writeHead(401).end('{"error":"invalid_client"}');
    const token = {
      access_token: `token-${asked.length}`,
      token_type: 'bearer',
      expires_in: options.expiresIn,
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(token));
  });
  return Object.assign(server, { asked });
}

function clientOf(clock: FakeClock, server: TestServer, oauth2: Record<string, unknown> = {}): PageClient {
  const keys = {
    oauth2: { client_id: 'me', client_secret: 'a b', token_url: `http://${server.address}/token`, ...oauth2 },
  };
  return createPageClient(scrapeJob(keys), new PageBuffers(), { clock, environment: {} });
}

const get = (client: PageClient, address: string) =>
  client.fetch({
    url: `http://${address}/metrics`,
    headers: {},
    compressed: false,
    bodyLimitBytes: 1000,
    expectedBytes: 0,
    signal: new AbortController().signal,
  });

test('a token is got once, used until shortly before its end, and then replaced', async () => {
  const clock = fakeClock();
  await using tokens = await tokenServer({ expiresIn: 60 });
  await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  const client = clientOf(clock, tokens, { scopes: ['read', 'write'], endpoint_params: { audience: 'x' } });
  await Promise.all([get(client, target.address), get(client, target.address)]);
  await clock.advance('49s');
  await get(client, target.address);
  expect(tokens.asked).toEqual([
    {
      authorization: `Basic ${btoa('me:a+b')}`,
      form: { grant_type: 'client_credentials', scope: 'read write', audience: 'x' },
    },
  ]);
  await clock.advance('1s');
  await get(client, target.address);
  client.close();
  expect(target.requests.map((request) => request.headers.authorization)).toEqual([
    'Bearer token-1',
    'Bearer token-1',
    'Bearer token-1',
    'Bearer token-2',
  ]);
});

test('a server that wants the client in the form gets it there, at once the next time', async () => {
  const clock = fakeClock();
  await using tokens = await tokenServer({ takesHeader: false, expiresIn: 20 });
  await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  const client = clientOf(clock, tokens);
  await get(client, target.address);
  await clock.advance('30s');
  await get(client, target.address);
  client.close();
  expect(tokens.asked.map(({ authorization, form }) => [authorization, form.client_secret])).toEqual([
    [`Basic ${btoa('me:a+b')}`, undefined],
    [undefined, 'a b'],
    [undefined, 'a b'],
  ]);
});

test('a token that a target refuses is not used again', async () => {
  const clock = fakeClock();
  await using tokens = await tokenServer();
  await using target = await httpTarget((request, response) => {
    if (request.headers.authorization === 'Bearer token-1') response.writeHead(401).end();
    else sendPage(response, 'a 1\n');
  });
  const client = clientOf(clock, tokens);
  await expect(get(client, target.address)).rejects.toThrow('HTTP status 401');
  await get(client, target.address);
  await clock.advance('1y');
  await get(client, target.address);
  client.close();
  expect(tokens.asked).toHaveLength(2);
});

test('the token goes to no other host', async () => {
  await using tokens = await tokenServer();
  await using other = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  await using target = await httpTarget((_, response) =>
    response.writeHead(302, { location: `http://${other.address}/` }).end(),
  );
  const client = clientOf(fakeClock(), tokens);
  await get(client, target.address);
  client.close();
  expect(other.requests[0]!.headers.authorization).toBeUndefined();
});

test.each([
  ['{}', 'oauth2: the token server sent no access_token'],
  ['<html>', 'oauth2: expected JSON from the token server'],
  ['null', 'oauth2: the token server sent no access_token'],
])('an answer of %j fails the scrape', async (body, problem) => {
  await using tokens = await httpTarget((_, response) => response.writeHead(200).end(body));
  const client = clientOf(fakeClock(), tokens);
  await expect(get(client, '127.0.0.1:1')).rejects.toThrow(problem);
  client.close();
});

test('a token server that hangs fails the scrape in time', async () => {
  const clock = fakeClock();
  await using tokens = await httpTarget(() => {});
  const client = clientOf(clock, tokens);
  const page = get(client, '127.0.0.1:1');
  const failure = expect(page).rejects.toThrow('no answer within 30000 ms');
  await clock.advance('30s');
  await failure;
  client.close();
});

test.skipIf(!hasOpenssl)('a signed assertion asks for the token', async () => {
  using certificate = testCertificate('client.example', 'rsa');
  const clock = fakeClock();
  await using tokens = await tokenServer();
  await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  const client = clientOf(clock, tokens, {
    client_secret: undefined,
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    client_certificate_key_file: certificate.keyFile,
    client_certificate_key_id: 'k1',
    signature_algorithm: 'RS384',
    claims: { team: 'x' },
  });
  await get(client, target.address);
  client.close();
  const { form, authorization } = tokens.asked[0]!;
  expect(authorization).toBeUndefined();
  expect(form.grant_type).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer');
  const [header, claims, signature] = form.assertion!.split('.');
  const decoded = [header, claims].map((part) => JSON.parse(Buffer.from(part!, 'base64url').toString()));
  const seconds = clock.now() / 1000;
  expect(decoded).toEqual([
    { alg: 'RS384', typ: 'JWT', kid: 'k1' },
    {
      iss: 'me',
      sub: 'me',
      jti: expect.any(String),
      aud: `http://${tokens.address}/token`,
      iat: seconds,
      exp: seconds + 600,
      team: 'x',
    },
  ]);
  const { publicKey } = new X509Certificate(certificate.cert);
  const verify = createVerify('RSA-SHA384').update(`${header}.${claims}`);
  expect(verify.verify(publicKey, signature!, 'base64url')).toBe(true);
});
