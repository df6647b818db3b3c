/**
 * Lets the executable scrape many generated targets and prints what that costs and whether a scrape came late:
 * `npm run scrape-load [-- TARGETS SERIES INTERVAL_SECONDS MINUTES]`, after `npm run build`. A million series: `npm run scrape-load -- 1000 1000 60 5`.
 * Half of the values change from scrape to scrape; in the last third, in which the main thread is watched, all of memory is once flushed to
 * partitions at once. Linux only: reads /proc, and all of 127.0.0.0/8 must be this host.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

const [targets = 1000, series = 100, intervalSeconds = 10, minutes = 2] = process.argv.slice(2).map(Number);
const PORT = 29_796;
const TARGETS_PORT = 29_795;
const NANOSECONDS_PER_SECOND = 1e9;

/** Distinct addresses of this host, so that each target has a connection of its own. */
const addressOf = (target: number): string => `127.1.${target >> 8}.${target & 255}`;

if (process.send) serveTargets();
else await measure();

interface TargetsReport {
  readonly scrapes: number;
  readonly lateMs: readonly number[];
  readonly missed: number;
}

/** The generated targets, in a process of their own: they are not what is measured. */
function serveTargets(): void {
  const keys = Array.from(
    { length: series },
    (_, i) =>
      `generated_${i % 2 ? 'state' : 'events_total'}_${i % 50}{handler="/api/v1/resource/${i}",method="GET",code="200"} `,
  );
  const seen = Array.from({ length: targets }, () => ({ first: 0, last: 0, scrapes: 0 }));
  const lateMs: number[] = [];
  let missed = 0;
  const server = http.createServer({ keepAliveTimeout: 300_000 }, (request, response) => {
    const [, , high, low] = request.socket.localAddress!.split('.').map(Number);
    const target = seen[high! * 256 + low!]!;
    const now = performance.now();
    if (target.scrapes++ > 0) {
      const late = now - target.last - intervalSeconds * 1000;
      lateMs.push(Math.abs(late));
      missed += Math.max(0, Math.round(late / (intervalSeconds * 1000)));
    }
    target.last = now;
    const n = target.scrapes;
    const page = keys.map((key, i) => key + (i % 2 ? i : i * 1000 + n * (7 + i)));
    const body = Buffer.from(`${page.join('\n')}\n`);
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4', 'content-length': body.length });
    response.end(body);
  });
  server.listen(TARGETS_PORT, '0.0.0.0', () => process.send!('ready'));
  process.on('message', () => {
    const now = performance.now();
    for (const { last } of seen) if (now - last > intervalSeconds * 1500) missed++;
    const scrapes = seen.reduce((total, target) => total + target.scrapes, 0);
    const report: TargetsReport = { scrapes, lateMs: lateMs.sort((a, b) => a - b), missed };
    // A long message is lost with a channel that is closed before it has gone.
    process.send!(report, () => {
      process.disconnect();
      server.closeAllConnections();
      server.close();
    });
  });
}

async function measure(): Promise<void> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-load-'));
  const config = path.join(folder, 'load.yaml');
  const delays = path.join(folder, 'delays.json');
  const addresses = Array.from({ length: targets }, (_, i) => `'${addressOf(i)}:${TARGETS_PORT}'`);
  fs.writeFileSync(
    config,
    `global: { scrape_interval: ${intervalSeconds}s }\nscrape_configs:\n  - job_name: load\n    static_configs: [{ targets: [${addresses.join()}] }]\n`,
  );
  const server = fork(import.meta.filename, process.argv.slice(2));
  await once(server, 'message');
  const child = spawn(
    path.resolve('dist/belfry'),
    ['serve', '--config', config, '--data', path.join(folder, 'data'), '--listen', `127.0.0.1:${PORT}`],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: `--require ${delayProbe(folder, delays)}` },
    },
  );
  let peakMB = 0;
  const memory = setInterval(() => {
    peakMB = Math.max(peakMB, statusMB(child, 'VmRSS'));
  }, 1000);
  // To watch the event loop costs CPU: first one, then the other.
  const partMs = Math.floor((minutes * 60_000) / 3);
  await sleep(partMs);
  const before = cpuSecondsOf(child);
  await sleep(partMs);
  const cpu = cpuSecondsOf(child) - before;
  const samples = ((partMs / 1000) * targets * series) / intervalSeconds;
  const storedBefore = await ownMetrics();
  child.kill('SIGUSR2');
  await sleep(partMs / 2);
  const ownPeakMB = peakMB;
  await fetch(`http://127.0.0.1:${PORT}/api/v1/admin/flush`, { method: 'POST' });
  await sleep(partMs / 2);
  server.send('report');
  const [report] = (await once(server, 'message')) as [TargetsReport];
  clearInterval(memory);
  const stored = await ownMetrics();
  const during = (metric: string): string => (stored(metric) - storedBefore(metric)).toFixed(0);
  const endMB = `RSS ${statusMB(child, 'VmRSS').toFixed(0)} MB at the end (anonymous ${statusMB(child, 'RssAnon').toFixed(0)})`;
  const ended = once(child, 'close');
  child.kill('SIGTERM');
  await ended;
  const at = (share: number): string =>
    (report.lateMs[Math.floor(share * (report.lateMs.length - 1))] ?? Number.NaN).toFixed(1);
  console.log(`${targets} targets x ${series} series every ${intervalSeconds} s for ${minutes} minutes`);
  console.log(`scrapes         ${report.scrapes}, ${report.missed} missed`);
  console.log(
    `off the grid    p50 ${at(0.5)} ms, p99 ${at(0.99)}, worst ${at(1)}; as the targets see it, their own delays included`,
  );
  console.log(
    `CPU             ${((cpu / samples) * 1e6).toFixed(2)} s per million samples, in the second third`,
  );
  console.log(
    `memory          RSS ${ownPeakMB.toFixed(0)} MB at most, ${peakMB.toFixed(0)} with a flush of everything, ${endMB}`,
  );
  console.log(`main thread     ${fs.readFileSync(delays, 'utf8')}`);
  console.log(
    `                meanwhile ${during('belfry_tsdb_log_rows_total')} log rows, ${during('belfry_tsdb_flushes_total')} flushes of ${during('belfry_tsdb_flushed_samples_total')} samples; ${(stored('belfry_tsdb_head_bytes') / 1e6).toFixed(0)} MB in the head at the end`,
  );
  console.log(`load average    ${os.loadavg()[0]!.toFixed(1)} on ${os.availableParallelism()} cores`);
  fs.rmSync(folder, { recursive: true });
}

/** Values of the program's own metrics, by name. */
async function ownMetrics(): Promise<(metric: string) => number> {
  const text = await (await fetch(`http://127.0.0.1:${PORT}/metrics`)).text();
  return (metric) => Number(new RegExp(`^${metric} (\\S+)`, 'm').exec(text)?.[1]);
}

/**
 * A file that, loaded into the main thread, looks every 2 ms from SIGUSR2 on for how long the event loop was kept busy, and writes it at the
 * end. By the clock that includes what others took of the core; the CPU the thread took from one look to the next does not.
 */
function delayProbe(folder: string, output: string): string {
  const file = path.join(folder, 'probe.cjs');
  fs.writeFileSync(
    file,
    `if (require('node:worker_threads').isMainThread) {
      const clock = [], cpu = [];
      const spent = () => { const { user, system } = process.threadCpuUsage(); return (user + system) / 1000; };
      process.on('SIGUSR2', () => {
        let at = performance.now(), by = spent();
        setInterval(() => {
          const now = performance.now(), all = spent();
          clock.push(Math.max(0, now - at - 2));
          cpu.push(all - by);
          at = now;
          by = all;
        }, 2);
      });
      process.on('SIGTERM', () => {
        const told = (list) => {
          list.sort((a, b) => a - b);
          const at = (share) => list[Math.floor(share * (list.length - 1))].toFixed(1);
          return 'p50 ' + at(0.5) + ' ms, p99 ' + at(0.99) + ', p99.9 ' + at(0.999) + ', at most ' + at(1);
        };
        require('node:fs').writeFileSync(${JSON.stringify(output)}, 'busy for ' + told(clock) + ' by the clock; ' + told(cpu) + ' of CPU');
      });
    }`,
  );
  return file;
}

/** Of all threads, to the nanosecond. */
function cpuSecondsOf({ pid }: ChildProcess): number {
  let total = 0;
  for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
    total += Number(fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return total / NANOSECONDS_PER_SECOND;
}

function statusMB({ pid }: ChildProcess, field: string): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)![1]) * 1024) / 1e6;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
