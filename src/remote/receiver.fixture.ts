import { once } from 'node:events';
import http, { type IncomingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { MessageChannel } from 'node:worker_threads';
import { Registry } from 'prom-client';
import { configFromData } from '../config/config.ts';
import { decodeSnappy } from '../exposition/remote/snappy.ts';
import { readWriteRequestV1, readWriteRequestV2 } from '../exposition/remote/write-request.ts';
import { labelsFromObject, labelValue } from '../model/labels.ts';
import { createHttpClient } from '../net/client.ts';
import { relabelling } from '../scraper/relabel-labels.ts';
import type { TestCertificate } from '../testing/certificate.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import type { Bench } from '../tsdb/store.fixture.ts';
import { createEngineClient } from './engine-client.ts';
import { createHttpPost } from './http-post.ts';
import type { EndpointReport } from './protocol.ts';
import { createRemoteWriter } from './remote-write.ts';
import { createSender } from './service.ts';

/** A request as a receiver, token server or proxy saw it. */
export interface Seen {
  /** Of the fake clock, ms since the beginning. */
  readonly at: number;
  /** `POST /path`. */
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  /** `name@seconds` of each sample, staleness markers too. */
  readonly samples: readonly string[];
  readonly exemplars: number;
  /** Metrics that metadata was sent for. */
  readonly metadata: readonly string[];
}

/** Status and headers of an answer; undefined: none comes. */
type Answer = readonly [status: number, headers?: Record<string, string>, body?: string] | undefined;
export type AnswerTo = (seen: Seen, times: number) => Answer;

interface Server extends AsyncDisposable {
  readonly address: string;
  readonly seen: Seen[];
  readonly mostAtOnce: () => number;
}

function read(body: Buffer, headers: IncomingHttpHeaders, base: number) {
  const samples: string[] = [];
  const metadata: string[] = [];
  let exemplars = 0;
  const bytes = headers['content-encoding'] === 'snappy' ? decodeSnappy(body, 1e7) : new Uint8Array(0);
  const isV2 = headers['content-type']?.includes('v2');
  for (const item of isV2 ? readWriteRequestV2(bytes) : readWriteRequestV1(bytes)) {
    if (item?.kind === 'metadata') metadata.push(item.metric);
    if (item === undefined || item.kind === 'metadata' || typeof item.labels === 'string') continue;
    const name = labelValue(item.labels, '__name__');
    if (item.kind === 'exemplar') exemplars++;
    else if (item.kind === 'histogram') samples.push(`${name}@${(item.timestamp - base) / 1000}`);
    else for (let i = 0; i < item.count; i++) samples.push(`${name}@${(item.timestamps[i]! - base) / 1000}`);
  }
  return { samples, metadata, exemplars };
}

/** Notes what is asked and answers a quarter of a second later, so that requests may overlap. */
async function listen(
  clock: FakeClock,
  answer: AnswerTo,
  certificate: TestCertificate | undefined,
): Promise<Server> {
  const seen: Seen[] = [];
  const base = clock.now();
  let underWay = 0;
  let most = 0;
  const server = certificate
    ? https.createServer({ key: certificate.key, cert: certificate.cert })
    : http.createServer();
  server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    const parts: Buffer[] = [];
    request.on('error', () => {});
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { headers, rawHeaders } = request;
      const one: Seen = {
        at: clock.monotonic(),
        line: `${request.method} ${request.url}`,
        headers,
        rawHeaders,
        ...read(Buffer.concat(parts), headers, base),
      };
      seen.push(one);
      const isCounted = one.samples.length > 0;
      if (isCounted) most = Math.max(most, ++underWay);
      const said = answer(one, seen.length);
      if (said === undefined) return;
      clock.after(250, () => {
        if (isCounted) underWay--;
        response.writeHead(said[0], said[1]).end(said[2] ?? '');
      });
    });
  });
  server.on('connect', (request: http.IncomingMessage, socket: Duplex) => {
    const { headers, rawHeaders } = request;
    const at = clock.monotonic();
    seen.push({
      at,
      line: `CONNECT ${request.url}`,
      headers,
      rawHeaders,
      samples: [],
      exemplars: 0,
      metadata: [],
    });
    socket.on('error', () => {});
    socket.end('HTTP/1.1 502 No\r\n\r\n');
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    mostAtOnce: () => most,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface Outcome {
  /** Requests with samples. */
  readonly requests: readonly Seen[];
  readonly metadata: readonly Seen[];
  /** All requests, also those to proxies and token servers. */
  readonly all: readonly Seen[];
  readonly mostAtOnce: number;
  readonly report: EndpointReport;
}

export type Keys = Readonly<Record<string, unknown>>;

/** What is sent or asked as some keys say. */
export interface Trial {
  readonly bench: Bench;
  /** Keys of the endpoint, by the address of the receiver, which is every other server too. */
  readonly keysOf: (address: string) => Keys;
  readonly answer: AnswerTo;
  /** Of the receiver, if it speaks TLS. */
  readonly certificate?: TestCertificate | undefined;
}

const HISTOGRAM = {
  schema: 1,
  count: 2,
  sum: 2.5,
  zeroThreshold: 0,
  zeroCount: 2,
  positiveSpans: [],
  positiveBuckets: [],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'unknown',
} as const;

/** Three sources with ten rows of two series, a histogram and exemplars, sent for twelve seconds. */
export async function sent({ bench, keysOf, answer, certificate }: Trial): Promise<Outcome> {
  const clock = fakeClock();
  await using server = await listen(clock, answer, certificate);
  const store = bench.open(bench.directory(), { clock, maxExemplars: 100 });
  const base = clock.now();
  let flying = 0;
  const writer = createRemoteWriter({
    clock,
    log: silentLog(),
    registry: new Registry(),
    metadata: new Map(['a', 'b'].map((name) => [name, { type: 'counter', help: 'Help.', unit: '' }])),
    place: () => ({ since: base - 1, logRow: 0 }),
    holdLog: (row) => store.holdLog(row),
    init: {
      shared: store.shared,
      logFile: path.join(store.dir, 'log.db'),
      userAgent: 'Belfry/1',
      environment: {},
    },
    start(init) {
      const { port1, port2 } = new MessageChannel();
      createSender(port2, init, {
        clock,
        addon: undefined,
        compileRelabel: relabelling,
        createPost({ config }) {
          const environment = { HTTP_PROXY: `http://${server.address}` };
          const client = createHttpClient(config, { clock, environment });
          const post = createHttpPost(client, init.userAgent);
          return {
            async post(request) {
              flying++;
              return post(request).finally(() => flying--);
            },
            close: () => client.close(),
          };
        },
      });
      return { port: port1, onExit() {}, terminate: async () => port1.close() };
    },
  });
  const url = `${certificate ? 'https' : 'http'}://${server.address}/write`;
  writer.apply(
    configFromData({ remote_write: [{ url, ...keysOf(server.address) }] }).remote_write,
    labelsFromObject({ site: 'north' }),
  );
  const turns = async (): Promise<void> => {
    const before = server.seen.length;
    for (let turn = 0; turn < 20 || (flying > 0 && server.seen.length === before && turn < 60); turn++)
      await new Promise(setImmediate);
  };
  await turns();
  for (const key of ['one', 'two', 'three']) {
    const source = store.source(key);
    const slotOf = (name: string): number => source.slot(labelsFromObject({ __name__: name, job: key }));
    const [a, b, h] = ['a', 'b', 'h'].map(slotOf) as [number, number, number];
    for (let row = 0; row < 10; row++) {
      source.begin(base + row * 1000);
      source.set(a, row);
      source.set(b, -row);
      if (key === 'one' && row === 0) source.setHistogram(h, HISTOGRAM);
      if (row === 9) source.exemplar(a, { labels: labelsFromObject({ trace_id: key }), value: row });
      source.commit();
    }
  }
  for (let step = 0; step < 48; step++) {
    await clock.advance(250);
    await turns();
  }
  const seen = [...server.seen];
  const [report] = writer.status();
  const stopping = writer.stop();
  let isStopped = false;
  void stopping.finally(() => {
    isStopped = true;
  });
  while (!isStopped) {
    await clock.advance(1000);
    await new Promise(setImmediate);
  }
  return {
    requests: seen.filter(({ samples }) => samples.length > 0),
    metadata: seen.filter(({ metadata }) => metadata.length > 0),
    all: seen,
    mostAtOnce: server.mostAtOnce(),
    report: report!,
  };
}

/** What an engine is asked as `query` says. */
export async function asked({ keysOf, answer, certificate }: Trial): Promise<Outcome> {
  const clock = fakeClock();
  await using server = await listen(clock, answer, certificate);
  const { url, ...http_config } = keysOf(server.address) as Keys & { url?: string };
  const remote_url = url?.replace('/write', '') ?? `${certificate ? 'https' : 'http'}://${server.address}`;
  const { query } = configFromData({ query: { remote_url, http_config } });
  const environment = { HTTP_PROXY: `http://${server.address}` };
  const client = createHttpClient(query.http_config!, { clock, environment });
  const ask = createEngineClient(client, { url: query.remote_url!, userAgent: 'Belfry/1', maxBytes: 1000 });
  const request = {
    path: '/query',
    form: new URLSearchParams({ query: 'up' }),
    signal: AbortSignal.timeout(60_000),
  };
  let isAnswered = false;
  void ask(request)
    .catch(() => {})
    .finally(() => {
      isAnswered = true;
    });
  while (!isAnswered) {
    await clock.advance(250);
    await new Promise(setImmediate);
  }
  client.close();
  return { requests: [], metadata: [], all: [...server.seen], mostAtOnce: 1, report: undefined as never };
}
