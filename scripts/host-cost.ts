/**
 * What the built-in host collector costs beside a real node_exporter with the same collectors: CPU time for each page, of this process
 * and of the exporter's (its HTTP included), one after the other. Linux with Debian's prometheus-node-exporter.
 *
 *     node scripts/host-cost.ts [PAGES, default 300]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../src/clock.ts';
import { hostConfig } from '../src/config/host.ts';
import { createHostPage } from '../src/scraper/host/host-page.ts';
import { silentLog } from '../src/testing/silent-log.ts';

const pages = Number(process.argv[2] ?? 300);
const COLLECTORS = [
  ...[
    'conntrack',
    'cpu',
    'cpufreq',
    'diskstats',
    'entropy',
    'filefd',
    'filesystem',
    'hwmon',
    'loadavg',
    'meminfo',
  ],
  ...['netdev', 'netstat', 'os', 'pressure', 'sockstat', 'stat', 'time', 'uname', 'vmstat'],
];

const config = { ...hostConfig.parse({}), scrape_interval: 15_000 };
const collect = createHostPage({ config, clock: systemClock, log: silentLog() });
let series = 0;
for (let i = 0; i < 50; i++)
  series = (await collect()).split('\n').filter((line) => /^[a-z]/.test(line)).length;
const before = process.cpuUsage();
for (let i = 0; i < pages; i++) await collect();
const { user, system } = process.cpuUsage(before);
const ours = (user + system) / 1000 / pages;

const probe = http.createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address() as AddressInfo;
probe.close();
await once(probe, 'close');
const exporter = spawn(
  '/usr/bin/prometheus-node-exporter',
  [
    `--web.listen-address=127.0.0.1:${port}`,
    '--collector.disable-defaults',
    '--web.disable-exporter-metrics',
    ...COLLECTORS.map((name) => `--collector.${name}`),
  ],
  { stdio: 'ignore' },
);
const page = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
for (let tries = 0; ; tries++) {
  try {
    await page();
    break;
  } catch (error) {
    if (tries > 100) throw error;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
for (let i = 0; i < 50; i++) await page();
const from = spentMs(exporter.pid!);
for (let i = 0; i < pages; i++) await page();
const theirs = (spentMs(exporter.pid!) - from) / pages;
exporter.kill();
console.log(
  `${series} series, ${pages} pages: ours ${ours.toFixed(2)} ms of CPU a page, node_exporter's ${theirs.toFixed(2)} ms, ratio ${(ours / theirs).toFixed(2)}`,
);

/** CPU time a process has used, ms; the kernel counts in hundredths of a second. */
function spentMs(pid: number): number {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
