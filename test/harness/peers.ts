import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { SMTPServer } from 'smtp-server';
import type { Peer } from '../../src/testing/peer.ts';
import { eventually, freePort } from './appliance.ts';

export { type Peer, peer } from '../../src/testing/peer.ts';

export const NODE_EXPORTER = '/usr/bin/prometheus-node-exporter';
export const CHROMIUM = '/usr/bin/chromium';
export const hasNodeExporter = fs.existsSync(NODE_EXPORTER);
export const hasChromium = fs.existsSync(CHROMIUM);

/** Starts Debian's node_exporter on a loopback port. */
export async function startNodeExporter(stack: AsyncDisposableStack): Promise<string> {
  const port = await freePort();
  const child = spawn(NODE_EXPORTER, [`--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  stack.defer(() => void child.kill('SIGKILL'));
  await eventually('node_exporter answers', async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).ok);
  return `127.0.0.1:${port}`;
}

export interface ReceivedRequest {
  readonly path: string;
  readonly body: string;
}

/** An HTTP receiver that answers 200 and keeps what it was sent. */
export async function startSink(
  stack: AsyncDisposableStack,
): Promise<{ url: string; received: ReceivedRequest[] }> {
  const received: ReceivedRequest[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ path: request.url ?? '', body: Buffer.concat(chunks).toString('utf8') });
      response.end(request.url?.startsWith('/slack') ? 'ok' : '{"status":"success"}');
    });
  });
  const address = await listen(stack, server);
  return { url: `http://${address}`, received };
}

export interface ReceivedMail {
  readonly to: readonly string[];
  readonly raw: string;
}

/** A real SMTP server that accepts any login and keeps the mail. */
export async function startSmtp(
  stack: AsyncDisposableStack,
): Promise<{ address: string; mails: ReceivedMail[] }> {
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: (auth, _session, done) => done(null, { user: auth.username }),
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push({
          to: session.envelope.rcptTo.map((recipient) => recipient.address),
          raw: Buffer.concat(chunks).toString('utf8'),
        });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { address: `127.0.0.1:${(server.server.address() as AddressInfo).port}`, mails };
}

async function listen(stack: AsyncDisposableStack, server: http.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The guide's backend: its metrics, with traffic that the test shapes. */
export interface FakeApp {
  readonly address: string;
  /** Requests per second answered well and badly from now on, and the share of slow ones (over 2 s). */
  traffic: { ok: number; failing: number; slow: number };
  /** Adds to the counters at once. */
  burst(ok: number): void;
}

export async function startFakeApp(stack: AsyncDisposableStack): Promise<FakeApp> {
  const counts = { ok: 0, failing: 0, slow: 0 };
  let last = performance.now();
  const buckets = [0.01, 0.05, 0.1, 0.5, 1, 5];
  const app: FakeApp = {
    address: '',
    traffic: { ok: 50, failing: 0, slow: 0 },
    burst: (ok) => void (counts.ok += ok),
  };
  const advance = (): void => {
    const seconds = (performance.now() - last) / 1000;
    last = performance.now();
    counts.ok += app.traffic.ok * seconds;
    counts.failing += app.traffic.failing * seconds;
    counts.slow += app.traffic.slow * seconds;
  };
  const page = (): string => {
    advance();
    const ok = Math.floor(counts.ok);
    const failing = Math.floor(counts.failing);
    const slow = Math.floor(counts.slow);
    const all = ok + failing + slow;
    const lines = [
      '# HELP http_requests_total Total HTTP requests',
      '# TYPE http_requests_total counter',
      `http_requests_total{method="GET",endpoint="/api/rooms",status="200"} ${ok + slow}`,
      `http_requests_total{method="POST",endpoint="/api/rooms",status="500"} ${failing}`,
      '# TYPE http_request_duration_seconds histogram',
      ...buckets.map(
        (le) =>
          `http_request_duration_seconds_bucket{method="GET",endpoint="/api/rooms",le="${le}"} ${le >= 5 ? all : all - slow}`,
      ),
      `http_request_duration_seconds_bucket{method="GET",endpoint="/api/rooms",le="+Inf"} ${all}`,
      `http_request_duration_seconds_sum{method="GET",endpoint="/api/rooms"} ${(all - slow) * 0.004 + slow * 4}`,
      `http_request_duration_seconds_count{method="GET",endpoint="/api/rooms"} ${all}`,
      '# TYPE db_connection_pool_size gauge',
      'db_connection_pool_size{status="active"} 3',
      'db_connection_pool_size{status="idle"} 7',
      'db_connection_pool_size{status="total"} 10',
      '# TYPE websocket_connections_active gauge',
      'websocket_connections_active{room_type="board"} 4',
      '# TYPE cache_operations_total counter',
      `cache_operations_total{operation="get",result="hit"} ${all * 9}`,
      `cache_operations_total{operation="get",result="miss"} ${all}`,
    ];
    return `${lines.join('\n')}\n`;
  };
  const server = http.createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(page());
  });
  return Object.assign(app, { address: await listen(stack, server) });
}

/** Debian's Alertmanager, on a port and in a folder of its own; with `web` behind TLS or a password. It can be stopped and started again. */
export async function alertmanagerPeer(
  stack: AsyncDisposableStack,
  folder: string,
  program: Peer,
  web: {
    /** Text of its web configuration. */
    readonly config: string;
    readonly scheme: 'http' | 'https';
    /** Asks whether it is ready, as its web configuration demands. */
    readonly isReady: (url: string) => Promise<boolean>;
  },
): Promise<Pick<Receiver, 'url' | 'start' | 'stop'>> {
  const port = await freePort();
  const config = path.join(folder, 'alertmanager.yml');
  fs.writeFileSync(config, '{route: {receiver: none}, receivers: [{name: none}]}\n');
  const webConfig = path.join(folder, 'web.yml');
  fs.writeFileSync(webConfig, web.config);
  return receiver(stack, {
    file: program.file,
    url: `${web.scheme}://127.0.0.1:${port}`,
    write: '',
    ready: '/-/ready',
    isReady: web.isReady,
    args: [
      `--config.file=${config}`,
      `--storage.path=${path.join(folder, 'alertmanager')}`,
      `--web.config.file=${webConfig}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
  });
}

/** A store of somebody else that takes remote write, on a port and in a folder of its own; it can be stopped and started again. */
export interface Receiver {
  readonly url: string;
  /** Path and address for remote write. */
  readonly writeUrl: string;
  start(): Promise<void>;
  /** Ends it as an operator would: it finishes what it does. */
  stop(): Promise<void>;
}

export async function prometheusReceiver(
  stack: AsyncDisposableStack,
  folder: string,
  program: Peer,
): Promise<Receiver> {
  const port = await freePort();
  const config = path.join(folder, 'receiver.yml');
  fs.writeFileSync(config, '{storage: {tsdb: {out_of_order_time_window: 1h}}}\n');
  return receiver(stack, {
    file: program.file,
    url: `http://127.0.0.1:${port}`,
    write: '/api/v1/write',
    ready: '/-/ready',
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${path.join(folder, 'prometheus')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-remote-write-receiver',
      '--enable-feature=native-histograms,exemplar-storage',
    ],
  });
}

export async function victoriaMetricsReceiver(
  stack: AsyncDisposableStack,
  folder: string,
  program: Peer,
): Promise<Receiver> {
  const port = await freePort();
  return receiver(stack, {
    file: program.file,
    url: `http://127.0.0.1:${port}`,
    write: '/api/v1/write',
    ready: '/health',
    args: [
      `-storageDataPath=${path.join(folder, 'victoria-metrics')}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-search.latencyOffset=0s',
      '-loggerLevel=ERROR',
    ],
  });
}

function receiver(
  stack: AsyncDisposableStack,
  program: {
    file: string;
    url: string;
    write: string;
    ready: string;
    isReady?: (url: string) => Promise<boolean>;
    args: readonly string[];
  },
): Receiver {
  const { isReady = async (url: string) => (await fetch(url)).ok } = program;
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  stack.defer(async () => {
    child?.kill('SIGKILL');
    await ended;
  });
  return {
    url: program.url,
    writeUrl: program.url + program.write,
    async start() {
      const started = spawn(program.file, program.args, { stdio: 'ignore' });
      child = started;
      ended = new Promise((resolve) => started.on('close', () => resolve()));
      await eventually(`${path.basename(program.file)} is ready`, () => isReady(program.url + program.ready));
    },
    async stop() {
      child?.kill('SIGTERM');
      await ended;
    },
  };
}
