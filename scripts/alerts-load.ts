/**
 * What a storm of alerts costs: `npm run alerts-load [-- --alerts 10000 --groups 1000 --seconds 60]`, after `npm run build`. Posts
 * the alerts again and again as Prometheus does, receives what is sent, and prints the CPU time per second, how late notifications
 * were, and how long the API takes to answer meanwhile. Linux only: reads /proc.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { cpuOf, memoryOf } from './process-figures.ts';

const { values: flags } = parseArgs({
  options: {
    alerts: { type: 'string', default: '10000' },
    groups: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
  },
});
const [alerts, groups, seconds] = [flags.alerts, flags.groups, flags.seconds].map(Number) as [
  number,
  number,
  number,
];
const exe = path.resolve('dist/belfry');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-alerts-load-'));
const port = 29_799;
const url = `http://127.0.0.1:${port}`;
const GROUP_WAIT_S = 2;
const GROUP_INTERVAL_S = 10;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** When each group was first told of, ms after the alerts were there. */
const toldAt: number[] = [];
let told = 0;
let members = 0;
let begun = Number.NaN;
const receiver = http.createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    told++;
    members += (JSON.parse(Buffer.concat(chunks).toString()) as { alerts: unknown[] }).alerts.length;
    if (toldAt.length < groups) toldAt.push(performance.now() - begun);
    response.end();
  });
});
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));

const config = path.join(folder, 'belfry.yaml');
fs.writeFileSync(
  config,
  `route: {receiver: w, group_by: [alertname], group_wait: ${GROUP_WAIT_S}s, group_interval: ${GROUP_INTERVAL_S}s, repeat_interval: 1m}
receivers: [{name: w, webhook_configs: [{url: 'http://127.0.0.1:${(receiver.address() as AddressInfo).port}/'}]}]
inhibit_rules: [{source_matchers: ['severity="none"'], target_matchers: ['severity="warning"'], equal: [cluster]}]
`,
);
const child = spawn(
  exe,
  ['serve', '--config', config, '--data', path.join(folder, 'data'), '--listen', `127.0.0.1:${port}`],
  {
    stdio: 'ignore',
  },
);
const ended = new Promise((resolve) => child.on('close', resolve));
while (
  !(await fetch(`${url}/-/ready`).then(
    (answer) => answer.ok,
    () => false,
  ))
)
  await pause(20);

const startsAt = new Date().toISOString();
const all = Array.from({ length: alerts }, (_, i) => ({
  labels: {
    alertname: `Alert${i % groups}`,
    instance: `host-${i}.example.org:9100`,
    job: 'node',
    severity: i % 2 === 0 ? 'warning' : 'critical',
    cluster: 'eu-west-1',
  },
  annotations: { summary: `something is wrong with host ${i}`, description: 'x'.repeat(200) },
  startsAt,
}));
/** In batches of 64, as Prometheus sends them. */
async function post(): Promise<void> {
  for (let from = 0; from < alerts; from += 64) {
    const body = JSON.stringify(all.slice(from, from + 64));
    const answer = await fetch(`${url}/api/v2/alerts`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`POST /api/v2/alerts: status ${answer.status}`);
  }
}
const latencies = new Map<string, number[]>();
async function ask(pathname: string): Promise<void> {
  const startedAt = performance.now();
  await (await fetch(url + pathname)).arrayBuffer();
  const known = latencies.get(pathname) ?? [];
  known.push(performance.now() - startedAt);
  latencies.set(pathname, known);
}

console.log(
  `${alerts} alerts in ${groups} groups, ${seconds} s, load average ${os.loadavg()[0]!.toFixed(1)} on ${os.availableParallelism()} cores`,
);
const firstPost = performance.now();
begun = firstPost;
await post();
console.log(`posted in        ${Math.round(performance.now() - firstPost)} ms`);
await pause(GROUP_WAIT_S * 1000 + 3000);
toldAt.sort((a, b) => a - b);
console.log(
  `first told       ${toldAt.length} of ${groups} groups, the last ${Math.round(toldAt.at(-1) ?? Number.NaN)} ms after the first post (group_wait ${GROUP_WAIT_S} s)`,
);

const cpuBefore = cpuOf(child);
const from = performance.now();
for (let next = from; performance.now() < from + seconds * 1000; next += 5000) {
  await post();
  for (const pathname of [
    '/api/v2/alerts',
    '/api/v2/alerts/groups',
    '/api/v2/alerts?filter=alertname%3D%22Alert1%22',
    '/api/v2/silences',
    '/api/v1/status/buildinfo',
  ])
    await ask(pathname);
  await pause(Math.max(0, next + 5000 - performance.now()));
}
const elapsed = (performance.now() - from) / 1000;
console.log(
  `CPU              ${((cpuOf(child) - cpuBefore) / 10 / elapsed).toFixed(1)} % of a core, all alerts posted again every 5 s and the API asked`,
);
console.log(`memory           ${memoryOf(child).rss.toFixed(0)} MB RSS`);
console.log(`notifications    ${told} with ${members} alerts`);
for (const [pathname, times] of latencies) {
  times.sort((a, b) => a - b);
  console.log(
    `${pathname.padEnd(48)} median ${times[times.length >> 1]!.toFixed(0)} ms, longest ${times.at(-1)!.toFixed(0)} ms`,
  );
}
child.kill('SIGTERM');
await ended;
receiver.closeAllConnections();
receiver.close();
fs.rmSync(folder, { recursive: true, force: true });
