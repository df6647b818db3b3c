/**
 * The built executable under load and one trouble after the other: kill -9, stops, a full disk, a clock an hour off, receivers that hang
 * or fail, hostile targets and queries, reloads. At the end every page that was served and every alert that fired is accounted for.
 * Prints what happened and what was checked; exits 1 when anything is not as it must be. Needs root, for a small file system.
 *
 *     npm run soak-appliance -- [--minutes 20] [--seed N] [--only 'hostile queries']
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { freePort } from '../src/testing/free-port.ts';
import { smallDisk } from '../src/tsdb/small-disk.fixture.ts';
import buildOnce, { EXECUTABLE } from '../test/harness/executable.ts';

const HOUR = 3_600_000;
const TARGETS = 8;
const SERIES = 40;
/** How long before a kill what was served may not have been written yet, ms: the log is committed about once a second. */
const UNWRITTEN_MS = 4000;
const FLIP_MS = 30_000;
/** How long after a kill or a jump of the clock alerts may still be told for its sake, ms. */
const SETTLE_MS = 60_000;

const HOSTILE_QUERIES = [
  '{__name__=~".+"}',
  'count_values("v", {__name__=~".+"})',
  'max_over_time(avg_over_time({__name__=~".+"}[5m:100ms])[10m:100ms])',
  'label_replace({__name__=~".+"}, "l", "$1$1$1$1", "__name__", "(.*)")',
  '{__name__=~"(a+)+$|(x|xx)+y"}',
  'sum by (j) (rate(soak_value[1h]))',
  `${'('.repeat(2000)}1${')'.repeat(2000)}`,
];
/** Lines of what was checked. */
const report: string[] = [];

if (process.argv[2] === '--hostile') serveHostile();
else {
  buildOnce();
  await soak();
}

async function soak(): Promise<void> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '20' },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const seed = Number(values.seed ?? Date.now() % 1_000_000);
  const random = randomFrom(seed);
  const startedAt = Date.now();
  const until = startedAt + Number(values.minutes) * 60_000;
  const problems: string[] = [];
  const seconds = (at = Date.now()): number => Math.round((at - startedAt) / 1000);
  const say = (text: string): void => console.log(`${String(seconds()).padStart(5)} s  ${text}`);

  const disk = smallDisk(256 * 1024 * 1024);
  if (!disk) throw new Error('expected to be root: a small file system has to be mounted');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-soak-'));
  const clockFile = path.join(folder, 'clock');
  const config = path.join(folder, 'belfry.yaml');
  const logFile = path.join(folder, 'log');
  const data = path.join(disk.path, 'data');
  fs.writeFileSync(clockFile, '0');

  const receiver = await webhookReceiver();
  const targets = await Promise.all(
    Array.from({ length: TARGETS }, (_, i) => countingTarget(i, startedAt, () => receiver.mode === 'works')),
  );
  const hostile = fork(new URL(import.meta.url), ['--hostile']);
  const [hostilePort] = (await once(hostile, 'message')) as [number];
  fs.writeFileSync(
    config,
    `global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 2s}
query: {max_bytes: 64MB, timeout: 10s}
self: {}
scrape_configs:
  - {job_name: soak, static_configs: [{targets: [${targets.map(({ address }) => `'${address}'`).join(', ')}]}]}
  - {job_name: hostile, scrape_interval: 2s, scrape_timeout: 1s, body_size_limit: 8MB, series_budget: 2000, http_sd_configs: [{url: 'http://127.0.0.1:${hostilePort}/targets', refresh_interval: 30s}]}
groups:
  - name: soak
    rules: [{record: 'soak:flip', expr: 'max by (n) (soak_flip) == 1'}, {alert: Flip, expr: 'max by (n) (soak_flip) == 1', for: 4s, labels: {n: '{{ $labels.n }}'}}]
route: {receiver: hook, group_by: [n], group_wait: 1s, group_interval: 2s, repeat_interval: 12h}
receivers: [{name: hook, webhook_configs: [{url: 'http://${receiver.address}/'}]}]
`,
  );

  const shifted = {
    NODE_OPTIONS: `--require ${path.resolve('scripts/soak/clock-shim.cjs')}`,
    SOAK_CLOCK_FILE: clockFile,
  };

  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  let belfry: ChildProcess | undefined;
  let log = '';
  let starts = 0;
  const start = async (): Promise<void> => {
    starts++;
    belfry = spawn(
      EXECUTABLE,
      ['serve', '--config', config, '--data', data, '--listen', `127.0.0.1:${port}`],
      { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...shifted } },
    );
    const child = belfry;
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk) => {
        log = (log + chunk).slice(-200_000);
        fs.appendFileSync(logFile, chunk);
      });
    child.on('exit', (code, signal) => {
      if (child === belfry && !expectedEnd)
        problems.push(`it ended by itself: code ${code}, signal ${signal}\n${log.slice(-3000)}`);
    });
    await eventually('it is ready', async () => (await fetch(`${url}/-/ready`)).ok, 300_000);
  };
  let expectedEnd = false;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    expectedEnd = true;
    const gone = once(belfry!, 'exit');
    belfry!.kill(signal);
    await gone;
    expectedEnd = false;
  };
  const ask = async <T>(pathname: string, form?: Record<string, string>): Promise<T> => {
    const request = (): Promise<Response> =>
      fetch(url + pathname, form ? { method: 'POST', body: new URLSearchParams(form) } : {});
    let answer = await request();
    // A machine that is busy with other work may take longer than a query may.
    for (let again = 0; again < 5 && answer.status === 503; again++) answer = await request();
    if (!answer.ok) throw new Error(`${pathname}: ${answer.status} ${(await answer.text()).slice(0, 200)}`);
    return (await answer.json()) as T;
  };
  const instant = async (query: string, time = (Date.now() + 3 * HOUR) / 1000): Promise<Sample[]> =>
    (await ask<{ data: { result: Sample[] } }>('/api/v1/query', { query, time: String(time) })).data.result;

  /** Times within which a page that was served may be missing. */
  const gaps: [from: number, to: number][] = [];
  /** Times within which an alert may be told again: a kill, or a clock that shows samples of its last jump, and what follows of it. */
  const unsettled: [from: number, to: number][] = [];
  const unsettle = (from: number): void => void unsettled.push([from, Date.now() + SETTLE_MS]);
  let kills = 0;
  let jumps = 0;
  let hostileQueries = 0;
  const answers = new Map<number, number>();
  const troubles: Record<string, () => Promise<void>> = {
    async 'kill -9'() {
      kills++;
      const at = Date.now();
      await end('SIGKILL');
      await sleep(random() * 3000);
      await start();
      gaps.push([at - UNWRITTEN_MS, Date.now()]);
      unsettle(at);
    },
    async 'a stop and a start'() {
      kills++;
      const at = Date.now();
      await end('SIGTERM');
      await start();
      gaps.push([at - 1500, Date.now()]);
      unsettle(at);
    },
    async 'a full disk'() {
      try {
        disk.fill(0);
      } catch {
        // Somebody else took the last block meanwhile: it is full.
      }
      await sleep(8000 + random() * 12_000);
      disk.empty();
      await eventually(
        'it writes again',
        async () => (await metric(url, 'belfry_tsdb_degraded')) === 0,
        60_000,
      );
    },
    'a clock an hour ahead': () => jump(HOUR),
    'a clock an hour behind': () => jump(-HOUR),
    async 'a receiver that hangs'() {
      receiver.mode = 'hangs';
      await sleep(12_000);
      receiver.mode = 'works';
    },
    async 'a receiver that fails'() {
      receiver.mode = 'fails';
      await sleep(20_000);
      receiver.mode = 'works';
    },
    async 'hostile queries'() {
      const stopAt = Date.now() + 10_000;
      const client = async (): Promise<void> => {
        while (Date.now() < stopAt) {
          const query = HOSTILE_QUERIES[Math.floor(random() * HOSTILE_QUERIES.length)]!;
          const now = Date.now() / 1000;
          const form = { query, start: String(now - 3000), end: String(now), step: '1', time: String(now) };
          const answer = await fetch(`${url}/api/v1/${random() < 0.5 ? 'query' : 'query_range'}`, {
            method: 'POST',
            body: new URLSearchParams(form),
          });
          await answer.arrayBuffer();
          hostileQueries++;
          answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1);
        }
      };
      await Promise.all([client(), client(), client(), client()]);
    },
    async 'a reload'() {
      const answer = await fetch(`${url}/-/reload`, { method: 'POST' });
      if (!answer.ok) problems.push(`a reload was answered with ${answer.status} ${await answer.text()}`);
    },
  };
  async function jump(byMs: number): Promise<void> {
    jumps++;
    const at = Date.now();
    fs.writeFileSync(clockFile, String(byMs));
    await sleep(6000 + random() * 6000);
    fs.writeFileSync(clockFile, '0');
    await sleep(2000);
    unsettle(at);
  }

  await start();
  await sleep(10_000);
  const begun = processFigures(belfry!.pid!);
  const done = new Map<string, number>();
  const names = Object.keys(troubles).filter((name) => (values.only ?? name) === name);
  for (let n = 0; Date.now() < until && problems.length === 0; n++) {
    const name = n < names.length ? names[n]! : names[Math.floor(random() * names.length)]!;
    say(name);
    done.set(name, (done.get(name) ?? 0) + 1);
    try {
      await troubles[name]!();
    } catch (error) {
      problems.push(`during ${name}: ${error}\n${log.slice(-3000)}`);
    }
    await sleep(3000 + random() * 10_000);
  }
  if (belfry!.exitCode !== null || belfry!.signalCode !== null) {
    console.log(problems.join('\n'));
    process.exit(1);
  }
  // Alerts come to their end, the receiver gets what waits, the log is written.
  for (const target of targets) target.quiet = true;
  // A series that ended while the process was killed with its clock behind is seen for another five minutes.
  await sleep(390_000);
  const ended = processFigures(belfry!.pid!);
  const stoppedAt = Date.now();
  await end('SIGTERM');
  await start();
  gaps.push([stoppedAt - 1500, stoppedAt]);
  unsettle(stoppedAt);

  await checkSamples();
  await checkAlerts();
  await checkStore();
  await end('SIGTERM');
  hostile.kill();
  for (const target of targets) target.close();
  receiver.close();

  console.log(
    [
      `seed ${seed}, ${Math.round((Date.now() - startedAt) / 60_000)} min, load ${fs.readFileSync('/proc/loadavg', 'utf8').split(' ')[0]}; ${starts} starts; ${[...done].map(([name, count]) => `${name} ${count}`).join(', ')}`,
      ...report,
      `memory ${begun.rss} MB after the start, ${ended.rss} MB at the end; ${begun.files} and ${ended.files} open files; data ${sizeOf(data)} MB`,
      `${hostileQueries} hostile queries, by status ${JSON.stringify(Object.fromEntries(answers))}`,
      problems.length === 0 ? 'all as it must be' : `${problems.length} problems:`,
      ...problems.map((text) => `  PROBLEM ${text}`),
    ].join('\n'),
  );
  if (problems.length > 0) {
    fs.cpSync(data, path.join(folder, 'data'), { recursive: true });
    console.log(`its log and data are kept in ${folder}`);
  } else fs.rmSync(folder, { recursive: true, force: true });
  disk.remove();
  process.exitCode = problems.length === 0 ? 0 : 1;

  /** Each page that was served is stored, whole, once; or was served where it may be missing. */
  async function checkSamples(): Promise<void> {
    const windowSeconds = Math.ceil((Date.now() - startedAt + 5 * HOUR) / 1000);
    const now = (Date.now() + 2 * HOUR) / 1000;
    let served = 0;
    let stored = 0;
    let unwritten = 0;
    let failed = 0;
    for (const target of targets) {
      const matrix = await ask<{ data: { result: { metric: { j: string }; values: [number, string][] }[] } }>(
        '/api/v1/query',
        {
          query: `soak_value{instance="${target.address}"}[${windowSeconds}s]`,
          time: String(now),
        },
      );
      const ups = await ask<{ data: { result: { values: [number, string][] }[] } }>('/api/v1/query', {
        query: `up{instance="${target.address}"}[${windowSeconds}s]`,
        time: String(now),
      });
      const downs = ups.data.result
        .flatMap(({ values }) => values)
        .filter(([, value]) => value === '0').length;
      const counts = new Map<number, number>();
      for (const { metric, values } of matrix.data.result) {
        const j = Number(metric.j);
        for (const [, text] of values) {
          const seq = (Number(text) - j) / 1000;
          if (!Number.isInteger(seq))
            problems.push(`${target.address}: ${text} of series ${j} was never served`);
          counts.set(seq, (counts.get(seq) ?? 0) + 1);
        }
      }
      let lost = 0;
      target.served.forEach((at, seq) => {
        // Of the pages served now some are on their way.
        if (at > stoppedAt) return;
        served++;
        const found = counts.get(seq) ?? 0;
        if (found === SERIES) stored++;
        else if (found > 0)
          problems.push(
            `${target.address}: page ${seq}, served after ${seconds(at)} s, is stored with ${found} of ${SERIES} series`,
          );
        else if (gaps.some(([from, to]) => at >= from && at <= to)) unwritten++;
        else lost++;
      });
      failed += lost;
      // A page that came too late is a scrape that failed, and `up` says so.
      if (lost > downs)
        problems.push(`${target.address}: ${lost} pages are missing, ${downs} scrapes failed`);
    }
    report.push(
      `${served} pages of ${SERIES} series were served: ${stored} are stored whole and once, ${unwritten} were on their way at a kill or stop, ${failed} were scrapes that failed and say so`,
    );
    if (stored < served * 0.5) problems.push('less than half of the pages are stored');
  }

  /**
   * Each alert that was there long enough was told as firing and as resolved; again only where a kill, a jump or a scrape that failed may
   * cause it. What the
   * receiver took and could not acknowledge in time, Belfry has to take for not delivered.
   */
  async function checkAlerts(): Promise<void> {
    const groups = fs
      .readFileSync(logFile, 'utf8')
      .matchAll(/msg="notification failed.*?group="\{\}:\{n=\\"(\d+)/g);
    const unanswered = new Set([...groups].map(([, n]) => n!));
    const windowSeconds = Math.ceil((Date.now() - startedAt + 5 * HOUR) / 1000);
    const counted = async (series: string): Promise<Map<string, number>> => {
      const { data } = await ask<{ data: { result: (Sample & { metric: { n: string } })[] } }>(
        '/api/v1/query',
        {
          query: `sum by (n) (count_over_time(${series}[${windowSeconds}s]))`,
          time: String((Date.now() + 2 * HOUR) / 1000),
        },
      );
      return new Map(data.result.map(({ metric: { n }, value }) => [n, Number(value[1])]));
    };
    const storedPages = await counted('soak_flip');
    // A machine that is busy with other work may load the code of rules longer than an alert is there.
    const evaluations = await counted('soak:flip');
    let fired = 0;
    let repeats = 0;
    let stored = 0;
    let late = 0;
    const wanted = new Map<string, number>();
    for (const { flips } of targets) for (const [n, seen] of flips) wanted.set(n, seen);
    for (const [n, seen] of wanted) {
      const told = receiver.told.get(n) ?? { firing: [], resolved: [] };
      const when = `firing after ${told.firing.map(seconds)} s, resolved after ${told.resolved.map(seconds)} s`;
      // Served to a scrape and evaluated often enough to be pending and then firing, kills or not.
      const pages = Math.min(seen, storedPages.get(n) ?? 0);
      const evaluated = Math.min(seen, evaluations.get(n) ?? 0);
      if (pages >= 8) stored++;
      if (pages >= 8 && evaluated < 8) late++;
      if (pages >= 8 && evaluated >= 8 && told.firing.length === 0)
        problems.push(
          `alert ${n} was in ${pages} pages that are stored, was evaluated ${evaluated} times and never told as firing`,
        );
      if (told.firing.length > 0) fired++;
      if (told.firing.length > 0 && told.resolved.length === 0 && !unanswered.has(n))
        problems.push(`alert ${n} was told as firing and never as resolved: ${when}`);
      repeats += Math.max(0, told.firing.length - 1) + Math.max(0, told.resolved.length - 1);
      const isUnsettled = (at: number): boolean => unsettled.some(([from, to]) => at >= from && at <= to);
      const again = told.firing.slice(1).filter((at) => !isUnsettled(at));
      if (!unanswered.has(n) && (again.length > 0 || told.resolved.length > told.firing.length + kills))
        problems.push(
          `alert ${n} was told again without a kill, a jump of the clock or a scrape that failed: ${when}`,
        );
    }
    if (late > stored / 2) problems.push(`of ${stored} alerts ${late} were hardly evaluated`);
    report.push(
      `${wanted.size} alerts, ${fired} told as firing and as resolved, ${late} hardly evaluated while they were there; ${repeats} told again after ${kills} kills and stops and ${jumps} jumps of the clock; ${receiver.refused} requests that the receiver failed or let hang; of ${unanswered.size} alerts a message was not acknowledged in time`,
    );
  }

  async function checkStore(): Promise<void> {
    for (const name of [
      'belfry_tsdb_degraded',
      'belfry_tsdb_lost_scrapes_total',
      'belfry_background_worker_replaced_total',
    ]) {
      const value = await metric(url, name);
      if (value !== 0) problems.push(`${name} is ${value}`);
    }
    if (fs.existsSync(path.join(data, 'quarantine')))
      problems.push(`set aside: ${fs.readdirSync(path.join(data, 'quarantine'))}`);
    const [up] = await instant('count(last_over_time(up{job="soak"}[4h]))');
    if (Number(up?.value[1]) !== TARGETS) problems.push(`expected ${TARGETS} targets, found ${up?.value[1]}`);
    if (ended.rss > Math.max(2 * begun.rss, begun.rss + 250))
      problems.push(`memory grew from ${begun.rss} to ${ended.rss} MB`);
    if (ended.files > begun.files + 40)
      problems.push(`open files grew from ${begun.files} to ${ended.files}`);
  }
}

interface Sample {
  readonly value: [number, string];
}

/** When an alert was told, Unix ms. */
interface Told {
  readonly firing: number[];
  readonly resolved: number[];
}

interface CountingTarget {
  readonly address: string;
  /** When each page was served, Unix ms; its place is its number. */
  readonly served: number[];
  /** Alerts that were shown, and to how many scrapes. */
  readonly flips: Map<string, number>;
  /** Shows no more alerts. */
  quiet: boolean;
  close(): void;
}

/** Serves pages whose values tell which page they are of, and an alert for a while, now and then another. */
async function countingTarget(
  index: number,
  startedAt: number,
  isHeard: () => boolean,
): Promise<CountingTarget> {
  const target = {
    address: '',
    served: [] as number[],
    flips: new Map<string, number>(),
    quiet: false,
    close() {},
  };
  const server = http.createServer((_, response) => {
    const seq = target.served.push(Date.now()) - 1;
    const lines = Array.from({ length: SERIES }, (_unused, j) => `soak_value{j="${j}"} ${seq * 1000 + j}`);
    const turn = Math.floor((Date.now() - startedAt) / FLIP_MS);
    if (!target.quiet && turn % TARGETS === index) {
      const n = String(turn);
      // While the receiver takes nothing, an alert may come and go unheard.
      target.flips.set(n, (target.flips.get(n) ?? 0) + (isHeard() ? 1 : 0));
      lines.push(`soak_flip{n="${n}"} 1`);
    }
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(`${lines.join('\n')}\n`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  target.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  target.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return target;
}

/** Counts what it took, by alert; what it failed or let hang was not taken. */
async function webhookReceiver() {
  const receiver = {
    address: '',
    mode: 'works' as 'works' | 'hangs' | 'fails',
    told: new Map<string, Told>(),
    refused: 0,
    close() {},
  };
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (receiver.mode !== 'works') {
      receiver.refused++;
      if (receiver.mode === 'fails') response.writeHead(503).end();
      return;
    }
    type Body = { alerts: { status: 'firing' | 'resolved'; labels: { n: string } }[] };
    for (const { status, labels } of (JSON.parse(Buffer.concat(chunks).toString()) as Body).alerts) {
      const told = receiver.told.get(labels.n) ?? { firing: [], resolved: [] };
      told[status].push(Date.now());
      receiver.told.set(labels.n, told);
    }
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  receiver.address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  receiver.close = () => {
    server.closeAllConnections();
    server.close();
  };
  return receiver;
}

/** Five targets that mean no good, in a process of their own, and the list of them. */
function serveHostile(): void {
  const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024));
  const noise = Buffer.alloc(64 * 1024, 'noise 1\n');
  let made = 0;
  const server = http.createServer((request, response) => {
    const text = { 'content-type': 'text/plain; version=0.0.4' };
    switch (request.url) {
      case '/targets':
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify(
            ['endless', 'bomb', 'silent', 'garbage', 'churn'].map((kind) => ({
              targets: [request.headers.host],
              labels: { __metrics_path__: `/${kind}`, kind },
            })),
          ),
        );
        return;
      case '/endless': {
        response.writeHead(200, text);
        const more = (): void => {
          while (!response.destroyed && response.write(noise));
        };
        response.on('drain', more);
        more();
        return;
      }
      case '/bomb':
        response.writeHead(200, { ...text, 'content-encoding': 'gzip' }).end(bomb);
        return;
      case '/silent':
        return;
      case '/churn':
        response
          .writeHead(200, text)
          .end(Array.from({ length: 500 }, () => `churning{id="${made++}"} 1\n`).join(''));
        return;
      default:
        response.writeHead(200, text).end('this is { no page\n');
    }
  });
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
}

/** One own metric; undefined when it is not there. */
async function metric(url: string, name: string): Promise<number | undefined> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const line = new RegExp(`^${name} (\\S+)$`, 'm').exec(page);
  return line ? Number(line[1]) : undefined;
}

function processFigures(pid: number): { rss: number; files: number } {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    rss: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024),
    files: fs.readdirSync(`/proc/${pid}/fd`).length,
  };
}

function sizeOf(folder: string): string {
  const files = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const bytes = files.reduce(
    (sum, file) => sum + (fs.statSync(path.join(folder, file), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
  return (bytes / 1e6).toFixed(1);
}

async function eventually(what: string, probe: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const until = performance.now() + timeoutMs;
  while (performance.now() < until) {
    if (await probe().catch(() => false)) return;
    await sleep(100);
  }
  throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** mulberry32: the same seed gives the same order of troubles. */
function randomFrom(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
