/**
 * What rules cost: `npm run rules-load [-- --rules 1000 --targets 100 --series 1000 --interval 15 --seconds 60 --hostile | --only-hostile --belfry FILE]`, after
 * `npm run build`. Starts exporters of its own and the executable twice, without and with rules, and prints the CPU time per
 * second of either, and how long and how late evaluations were; with `--hostile`, while eight clients ask for everything. Linux only: reads /proc.
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
    rules: { type: 'string', default: '1000' },
    targets: { type: 'string', default: '100' },
    series: { type: 'string', default: '1000' },
    interval: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '60' },
    hostile: { type: 'boolean', default: false },
    'only-hostile': { type: 'boolean', default: false },
    belfry: { type: 'string', default: 'dist/belfry' },
  },
});
const [rules, targets, series, interval, seconds] = [
  flags.rules,
  flags.targets,
  flags.series,
  flags.interval,
  flags.seconds,
].map(Number) as [number, number, number, number, number];
const exe = path.resolve(flags.belfry);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-rules-load-'));
const PER_NAME = 10;
const names = Math.ceil(series / PER_NAME);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const exporters = http.createServer((request, response) => {
  const target = Number(request.url!.slice(2));
  const t = Math.floor(performance.now() / 1000);
  let page = '';
  for (let name = 0; name < names; name++) {
    const isCounter = name % 2 === 0;
    page += `# TYPE load_${name}${isCounter ? '_total counter' : ' gauge'}\n`;
    for (let i = 0; i < PER_NAME; i++)
      page += `load_${name}${isCounter ? '_total' : ''}{code="${200 + i * 50}",path="/api/${i}"} ${isCounter ? t * (i + 1) + target : ((t * (i + 3) + target) % 1000) / 8}\n`;
  }
  response.setHeader('content-type', 'text/plain; version=0.0.4');
  response.end(page);
});
await new Promise<void>((resolve) => exporters.listen(0, '127.0.0.1', resolve));
const exporterPort = (exporters.address() as AddressInfo).port;

/** Rules as people write them, over `targets × 10` series each. */
function ruleOf(i: number): string {
  const name = i % names;
  const metric = name % 2 === 0 ? `load_${name}_total` : `load_${name}`;
  const kinds =
    name % 2 === 0
      ? [
          `{alert: Rate${i}, expr: 'rate(${metric}[5m]) > 1e6', for: 5m, labels: {severity: page}}`,
          `{record: 'instance:load_${i}:rate5m', expr: 'sum by (instance) (rate(${metric}[5m]))'}`,
          `{alert: Errors${i}, expr: 'sum(rate(${metric}{code=~"5.."}[5m])) / sum(rate(${metric}[5m])) > 0.9', for: 5m, labels: {severity: page}}`,
        ]
      : [
          `{alert: High${i}, expr: '${metric} > 1000', labels: {severity: page}}`,
          `{record: 'path:load_${i}:max', expr: 'max by (path) (${metric})'}`,
          `{alert: Average${i}, expr: 'avg_over_time(${metric}{code="200"}[5m]) > 1000', labels: {severity: page}}`,
        ];
  return kinds[i % 3]!;
}

function configOf(count: number): string {
  const addresses = Array.from(
    { length: targets },
    (_, i) =>
      `  - {targets: ['127.0.0.1:${exporterPort}'], labels: {instance: 'host-${i}', __metrics_path__: '/t${i}'}}`,
  );
  const groups = Array.from({ length: Math.ceil(count / 20) }, (_, g) => {
    const inGroup = Array.from(
      { length: Math.min(20, count - g * 20) },
      (_, r) => `    - ${ruleOf(g * 20 + r)}`,
    );
    return `- name: g${g}\n  rules:\n${inGroup.join('\n')}`;
  });
  return `global: {scrape_interval: ${interval}s, evaluation_interval: ${interval}s, scrape_timeout: ${Math.min(interval, 10)}s}
scrape_configs:
- job_name: load
  static_configs:
${addresses.join('\n')}
${count > 0 ? `groups:\n${groups.join('\n')}\n` : ''}`;
}

const hostile = [
  'count_over_time({__name__=~".+"}[30d])',
  'count by (path, code, instance) ({__name__=~"load.*"})',
  'max_over_time(sum by (path) (rate({__name__=~"load_.*_total"}[5m]))[10m:1s])',
  '{__name__=~"(load|x+x+)+_.*"}',
];
async function ask(port: number, until: number): Promise<void> {
  for (let i = 0; performance.now() < until; i++) {
    const query = hostile[i % hostile.length]!;
    await fetch(`http://127.0.0.1:${port}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query }),
    })
      .then((response) => response.arrayBuffer())
      .catch(() => undefined);
  }
}

async function measure(count: number, isHostile: boolean): Promise<void> {
  const config = path.join(folder, `rules-${count}.yaml`);
  fs.writeFileSync(config, configOf(count));
  const port = 29_798;
  const child = spawn(
    exe,
    [
      'serve',
      '--config',
      config,
      '--data',
      path.join(folder, `data-${count}-${isHostile}`),
      '--listen',
      `127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise((resolve) => child.on('close', resolve));
  try {
    // Two intervals of series creation, and one more so that windows hold several samples.
    await pause(interval * 3000);
    // As at any time but the first minutes, the day has a partition.
    await fetch(`http://127.0.0.1:${port}/api/v1/admin/flush`, { method: 'POST' });
    const before = { cpu: cpuOf(child), metrics: await metricsOf(port) };
    const until = performance.now() + seconds * 1000;
    const clients = isHostile ? Array.from({ length: 8 }, () => ask(port, until)) : [];
    await Promise.all([pause(seconds * 1000), ...clients]);
    const elapsed = (performance.now() - until) / 1000 + seconds;
    const after = await metricsOf(port);
    const cpu = (cpuOf(child) - before.cpu) / 10 / elapsed;
    const delta = (name: string): number => (after.get(name) ?? 0) - (before.metrics.get(name) ?? 0);
    console.log(
      `${String(count).padStart(5)} rules${isHostile ? ', hostile queries' : ''}: ${cpu.toFixed(1)} % of a core, RSS ${memoryOf(child).rss.toFixed(0)} MB, ` +
        `${sumOf(delta, after, 'belfry_rule_evaluations_total')} evaluations, ${sumOf(delta, after, 'belfry_rule_evaluation_failures_total')} failed, ${sumOf(delta, after, 'belfry_rule_group_iterations_missed_total')} iterations missed`,
    );
    for (const name of ['belfry_rule_evaluation_duration_seconds', 'belfry_rule_group_lateness_seconds'])
      console.log(
        `       ${name}: p50 ${quantile(delta, after, name, 0.5)} s, p99 ${quantile(delta, after, name, 0.99)} s`,
      );
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
}

async function metricsOf(port: number): Promise<Map<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

const sumOf = (delta: (name: string) => number, all: ReadonlyMap<string, number>, name: string): number =>
  [...all.keys()]
    .filter((key) => key === name || key.startsWith(`${name}{`))
    .reduce((sum, key) => sum + delta(key), 0);

/** Upper bound of the bucket that holds the quantile. */
function quantile(
  delta: (name: string) => number,
  all: ReadonlyMap<string, number>,
  name: string,
  q: number,
): string {
  const buckets = [...all.keys()]
    .filter((key) => key.startsWith(`${name}_bucket{`))
    .map((key) => ({
      le: Number(/le="([^"]+)"/.exec(key)![1]!.replace('+Inf', 'Infinity')),
      count: delta(key),
    }))
    .sort((a, b) => a.le - b.le);
  const total = buckets.at(-1)?.count ?? 0;
  return `≤ ${buckets.find(({ count }) => count >= q * total)?.le ?? Number.NaN}`;
}

console.log(
  `${targets} targets × ${series} series every ${interval} s, ${seconds} s each, load average ${os.loadavg()[0]!.toFixed(1)} on ${os.availableParallelism()} cores`,
);
if (!flags['only-hostile']) {
  await measure(0, false);
  await measure(rules, false);
}
if (flags.hostile || flags['only-hostile']) await measure(rules, true);
fs.rmSync(folder, { recursive: true, force: true });
exporters.closeAllConnections();
exporters.close();
