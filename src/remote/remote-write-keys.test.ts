import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { httpClientShape } from '../config/http-client.ts';
import { remoteWrite } from '../config/remote-write.ts';
import { hasOpenssl, testCertificate } from '../testing/certificate.ts';
import { storeBench } from '../tsdb/store.fixture.ts';
import { type AnswerTo, asked, type Keys, type Outcome, sent, type Trial } from './receiver.fixture.ts';

/** Each key of a remote write endpoint, and of `query.http_config`: what can be seen without it, and what with it. */

const bench = storeBench();
const folder = mkdtempSync(join(tmpdir(), 'belfry-remote-keys-'));
const tokenFile = join(folder, 'token');
writeFileSync(tokenFile, 'from-file\n');
const certificate = hasOpenssl ? testCertificate('receiver.example') : undefined;
afterEach(() => bench.clean());
afterAll(() => {
  certificate?.[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Row {
  readonly value: unknown;
  /** Other keys, with and without. */
  readonly beside?: Keys;
  readonly answer?: AnswerTo;
  readonly isSecure?: boolean;
  readonly see: (outcome: Outcome) => unknown;
  readonly without: unknown;
  readonly with: unknown;
}

const OK: AnswerTo = () => [204];
const namesOf = ({ requests }: Outcome): string[] =>
  [...new Set(requests.flatMap(({ samples }) => samples.map((text) => text.split('@')[0]!)))].sort();
const header =
  (name: string) =>
  (outcome: Outcome): unknown =>
    outcome.all[0]?.headers[name];
const authorization = header('authorization');
const count = ({ requests }: Outcome): number => requests.length;
const mostSamples = ({ requests }: Outcome): number =>
  Math.max(...requests.map(({ samples }) => samples.length));
const within = (from: number, to: number): unknown =>
  expect.toSatisfy((value: number) => value >= from && value <= to, `from ${from} to ${to}`);
const atOnce = ({ mostAtOnce }: Outcome): number => mostAtOnce;

const ROWS: Readonly<Record<string, Row>> = {
  url: {
    value: (address: string) => `http://${address}/other`,
    see: ({ all }) => all[0]!.line,
    without: 'POST /write',
    with: 'POST /other',
  },
  name: {
    value: 'mine',
    see: ({ report }) => report.name.replace(/\d+\/write$/, '…'),
    without: 'http://127.0.0.1:…',
    with: 'mine',
  },
  remote_timeout: { value: '2s', answer: () => undefined, see: count, without: 1, with: within(3, 4) },
  headers: { value: { 'X-Scope-OrgID': 'a' }, see: header('x-scope-orgid'), without: undefined, with: 'a' },
  write_relabel_configs: {
    value: [{ source_labels: ['site', '__name__'], regex: 'north;a', action: 'drop' }],
    see: namesOf,
    without: ['a', 'b'],
    with: ['b'],
  },
  protobuf_message: {
    value: 'io.prometheus.write.v2.Request',
    see: ({ requests }) => [
      requests[0]!.headers['content-type'],
      requests[0]!.headers['x-prometheus-remote-write-version'],
    ],
    without: ['application/x-protobuf', '0.1.0'],
    with: ['application/x-protobuf;proto=io.prometheus.write.v2.Request', '2.0.0'],
  },
  send_exemplars: {
    value: true,
    see: ({ requests }) => requests.reduce((sum, { exemplars }) => sum + exemplars, 0),
    without: 0,
    with: 3,
  },
  send_native_histograms: {
    value: true,
    see: ({ requests, report }) => [
      requests.some(({ samples }) => samples.includes('h@0')),
      report.dropped.unsent_kind,
    ],
    without: [false, 2],
    with: [true, 0],
  },
  'queue_config.capacity': {
    value: 2,
    beside: { send_exemplars: true },
    see: ({ report }) => report.droppedExemplars,
    without: 0,
    with: 1,
  },
  'queue_config.max_shards': {
    value: 1,
    beside: { queue_config: { max_samples_per_send: 10 } },
    see: atOnce,
    without: within(2, 3),
    with: 1,
  },
  'queue_config.min_shards': {
    value: 3,
    beside: { queue_config: { max_samples_per_send: 10, max_shards: 3 } },
    see: ({ requests }) => requests.filter(({ at }) => at === requests[0]!.at).length,
    without: 1,
    with: 3,
  },
  'queue_config.max_samples_per_send': { value: 7, see: mostSamples, without: 60, with: 7 },
  'queue_config.batch_send_deadline': {
    value: '1s',
    see: ({ requests }) => requests[0]!.at,
    without: within(5000, 6000),
    with: within(1000, 2000),
  },
  'queue_config.min_backoff': {
    value: '4s',
    answer: () => [500],
    see: count,
    without: within(7, 20),
    with: within(2, 4),
  },
  'queue_config.max_backoff': {
    value: '250ms',
    answer: () => [500],
    see: count,
    without: within(7, 12),
    with: within(13, 30),
  },
  'queue_config.retry_on_http_429': {
    value: false,
    answer: ({ metadata }) => (metadata.length > 0 ? [204] : [429]),
    see: ({ report }) => [report.counts.samples.failed, report.trouble],
    without: [0, 'status 429'],
    with: [60, undefined],
  },
  'queue_config.sample_age_limit': {
    value: '3s',
    see: ({ report }) => report.dropped.too_old,
    without: 0,
    with: within(6, 24),
  },
  'metadata_config.send': { value: false, see: ({ metadata }) => metadata.length, without: 1, with: 0 },
  'metadata_config.send_interval': {
    value: '3s',
    see: ({ metadata }) => metadata.length,
    without: 1,
    with: within(3, 4),
  },
  'metadata_config.max_samples_per_send': {
    value: 1,
    see: ({ metadata }) => metadata.map((one) => one.metadata),
    without: [['a', 'b']],
    with: [['a'], ['b']],
  },
};

/** Of `http_config`, whatever makes the requests. */
const HTTP_ROWS: Readonly<Record<string, Row>> = {
  basic_auth: {
    value: { username: 'me', password: 'secret' },
    see: authorization,
    without: undefined,
    with: 'Basic bWU6c2VjcmV0',
  },
  authorization: {
    value: { type: 'Key', credentials: 'k' },
    see: authorization,
    without: undefined,
    with: 'Key k',
  },
  bearer_token: { value: 't', see: authorization, without: undefined, with: 'Bearer t' },
  bearer_token_file: { value: tokenFile, see: authorization, without: undefined, with: 'Bearer from-file' },
  oauth2: {
    value: (address: string) => ({ client_id: 'c', token_url: `http://${address}/token` }),
    answer: ({ line }) =>
      line === 'POST /token'
        ? [200, { 'content-type': 'application/json' }, '{"access_token":"given"}']
        : [204],
    see: ({ all }) => all.at(-1)!.headers.authorization,
    without: undefined,
    with: 'Bearer given',
  },
  tls_config: {
    value: { ca_file: certificate?.certFile, server_name: 'receiver.example' },
    isSecure: true,
    see: ({ all }) => all.length > 0,
    without: false,
    with: true,
  },
  follow_redirects: {
    value: false,
    answer: ({ line }) => (line.endsWith('/moved') ? [204] : [307, { location: '/moved' }]),
    see: ({ all }) => all.some(({ line }) => line.endsWith('/moved')),
    without: true,
    with: false,
  },
  proxy_url: {
    value: (address: string) => `http://${address}`,
    beside: { url: 'http://receiver.example/write' },
    see: ({ all }) => all[0]?.line.replace(/\?.*|api\/v1\/query$/, ''),
    without: undefined,
    with: expect.stringMatching(/^POST http:\/\/receiver\.example\//),
  },
  no_proxy: {
    value: '127.0.0.0/8',
    beside: { proxy_url: 'http://127.0.0.1:1' },
    see: ({ all }) => all.length > 0,
    without: false,
    with: true,
  },
  proxy_from_environment: {
    value: true,
    beside: { url: 'http://receiver.example/write' },
    see: ({ all }) => all.length > 0,
    without: false,
    with: true,
  },
  proxy_connect_header: {
    value: { 'X-Tunnel': ['a'] },
    beside: { url: 'https://receiver.example/write', proxy_from_environment: false },
    see: ({ all }) => [all[0]!.line, all[0]!.headers['x-tunnel']],
    without: ['CONNECT receiver.example:443', undefined],
    with: ['CONNECT receiver.example:443', 'a'],
  },
  http_headers: {
    value: { 'x-tenant': { values: ['a'], secrets: ['b'], files: [tokenFile] } },
    see: ({ all }) =>
      all[0]!.rawHeaders.filter((_, i, raw) => i % 2 === 1 && raw[i - 1]!.toLowerCase() === 'x-tenant'),
    without: [],
    with: ['a', 'b', 'from-file'],
  },
};

/** A row's keys, with what it is about or without; `a.b` stands within `a`. */
function keysOf(key: string, { value, beside = {} }: Row, isWith: boolean): Trial['keysOf'] {
  return (address) => {
    const at = (some: unknown): unknown => (typeof some === 'function' ? some(address) : some);
    const given = {
      ...beside,
      ...(key === 'proxy_connect_header' ? { proxy_url: `http://${address}` } : {}),
    };
    if (!isWith) return given;
    const [outer, inner] = key.split('.') as [string, string?];
    if (inner === undefined) return { ...given, [outer]: at(value) };
    return { ...given, [outer]: { ...(given as Record<string, object>)[outer], [inner]: at(value) } };
  };
}

const trial = (key: string, row: Row, isWith: boolean): Trial => ({
  bench,
  keysOf: keysOf(key, row, isWith),
  answer: row.answer ?? OK,
  certificate: row.isSecure ? certificate : undefined,
});

/** Without OpenSSL there is no receiver with a certificate. */
const tried = (rows: Readonly<Record<string, Row>>): [string, Row][] =>
  Object.entries(rows).filter(([, { isSecure }]) => !isSecure || certificate);

test.each(tried({ ...ROWS, ...HTTP_ROWS }))('remote_write.%s', async (key, row) => {
  expect(row.see(await sent(trial(key, row, false)))).toEqual(row.without);
  expect(row.see(await sent(trial(key, row, true)))).toEqual(row.with);
});

test.each(tried(HTTP_ROWS))('query.http_config.%s', async (key, row) => {
  expect(row.see(await asked(trial(key, row, false)))).toEqual(row.without);
  expect(row.see(await asked(trial(key, row, true)))).toEqual(row.with);
});

/** Tried with a receiver that checks signatures. */
const ELSEWHERE: Readonly<Record<string, string>> = { sigv4: 'test/remote-write-signing.test.ts' };
/** Named as such in the documentation. */
const WITHOUT_EFFECT = /^(No effect|Not supported):/;

test('no key is left out', () => {
  const { shape } = remoteWrite.element.unwrap();
  const inner = (name: 'queue_config' | 'metadata_config'): string[] =>
    Object.keys(shape[name].def.innerType.unwrap().shape).map((key) => `${name}.${key}`);
  const all = [
    ...Object.entries(shape)
      .filter(([, schema]) => !WITHOUT_EFFECT.test(schema.description ?? ''))
      .map(([key]) => key)
      .filter((key) => key !== 'queue_config' && key !== 'metadata_config'),
    ...inner('queue_config'),
    ...inner('metadata_config'),
  ];
  expect(Object.keys({ ...ROWS, ...HTTP_ROWS, ...ELSEWHERE }).sort()).toEqual(all.sort());
  expect(Object.keys(HTTP_ROWS)).toEqual(
    expect.arrayContaining(Object.keys(httpClientShape).filter((key) => key !== 'enable_http2')),
  );
});
