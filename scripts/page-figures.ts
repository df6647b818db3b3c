/**
 * Prints what the page costs in a browser, against the built executable with a generated site behind it:
 * `npm run page-figures [-- REFRESHES [PART…]]`, after `npm run build`; a PART is `sizes`, `firstPaint`, `manyRefreshes` and so on. Needs
 * Chromium. Times are of the wall clock; CPU is that of the tab's main thread, which a busy machine changes little.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  type Browser,
  type BrowserContextOptions,
  type CDPSession,
  chromium,
  type Page,
} from 'playwright-core';
import { freePort, startAppliance, temporaryFolder } from '../test/harness/appliance.ts';
import { EXECUTABLE } from '../test/harness/executable.ts';
import { CHROMIUM, hasChromium } from '../test/harness/peers.ts';
import { dataBytes } from '../web/dev/heap.ts';

if (!hasChromium) {
  console.error(`${CHROMIUM} is not there: nothing can be measured`);
  process.exit(1);
}
const [count = '1440', ...wanted] = process.argv.slice(2);
const refreshes = Number(count);
const ROUNDS = 5;
const STEP_S = 15;
const HOURS = 6;
const WIDE = { width: 1440, height: 900 };
/** All 30 panels of the dashboard are in view. */
const TALL = { width: 1440, height: 2900 };
const drawnCount = `document.querySelectorAll('.dash-panel canvas').length`;
/** Rows fill the window. */
const TARGETS_SEEN = `document.querySelectorAll('.target-table tbody tr').length >= innerHeight / 32`;
/** How many refreshes lie between two looks at the heap. */
const PIECE = 120;

/** In the page: refreshes so often, each as soon as the one before has its answer. */
const REFRESH = `async (count) => {
  for (let i = 0; i < count; i++) {
    const answered = new Promise((resolve) => {
      const observer = new PerformanceObserver((list) => {
        if (!list.getEntries().some(({ name }) => name.endsWith('/api/batch'))) return;
        observer.disconnect();
        performance.clearResourceTimings();
        resolve();
      });
      observer.observe({ type: 'resource' });
    });
    document.querySelector('[aria-label="Refresh now"]').click();
    await answered;
  }
}`;

await using stack = new AsyncDisposableStack();
const folder = temporaryFolder('page-figures');
stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
const data = path.join(folder, 'data');
writeHistory();
const exporter = await startExporter();
const port = await freePort();
const belfry = await startAppliance(stack, { config: writeConfig(exporter), data, port });
const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--js-flags=--expose-gc',
  ],
});
stack.defer(() => browser.close());
console.log(`load ${os.loadavg()[0]!.toFixed(1)}, ${os.availableParallelism()} cores`);
await warmUp();

const parts = {
  sizes,
  firstPaint,
  thirtyPanels,
  sixHundredPanels,
  hover,
  lists,
  tenThousandTargets,
  manyRefreshes,
};
for (const [name, measure] of Object.entries(parts)) {
  if (wanted.length === 0 || wanted.includes(name)) await measure();
}

/** 30 metrics of 10 series, and one of 100, every 15 s for six hours. */
function writeHistory(): void {
  const file = path.join(folder, 'history.om');
  const out = fs.openSync(file, 'w');
  const end = Math.floor(Date.now() / 1000 / STEP_S) * STEP_S;
  const metric = (name: string, count: number): void => {
    const lines = [`# TYPE ${name} gauge`];
    for (let series = 0; series < count; series++) {
      for (let time = end - HOURS * 3600; time < end; time += STEP_S) {
        const value = 50 + 30 * Math.sin(time / 1800 + series) + 5 * Math.sin(time * (series + 1));
        lines.push(`${name}{instance="host-${series}"} ${value.toFixed(3)} ${time}`);
      }
    }
    fs.writeSync(out, `${lines.join('\n')}\n`);
  };
  for (let i = 0; i < 30; i++) metric(`figure_${i}`, 10);
  metric('figure_many', 100);
  fs.writeSync(out, '# EOF\n');
  fs.closeSync(out);
  const { status, stderr } = spawnSync(EXECUTABLE, ['import', 'openmetrics', file, '--data', data], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the import failed: ${stderr}`);
}

/** Answers for all targets. */
async function startExporter(): Promise<string> {
  const server = http.createServer((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end('figure_target 1\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => void server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** 1,000 targets, 1,000 rules of which 100 fire, and two dashboards. */
function writeConfig(address: string): string {
  const targets = Array.from({ length: 1000 }, (_, i) => ({
    targets: [address],
    labels: { instance: `host-${i}.example.com:9100`, __metrics_path__: `/${i}` },
  }));
  fs.writeFileSync(path.join(folder, 'targets.json'), JSON.stringify(targets));
  const rules = Array.from({ length: 20 }, (_, g) => ({
    name: `group-${g}`,
    rules: Array.from({ length: 50 }, (__, r) => ({
      alert: `Rule${g}x${r}`,
      expr: r < 5 ? `vector(${r + 1}) > 0` : `figure_${r % 30} > 1000`,
      for: '1m',
      labels: { severity: r % 2 ? 'warning' : 'critical', team: `team-${g}` },
      annotations: { summary: `Summary of rule ${r} in group ${g}` },
    })),
  }));
  fs.writeFileSync(path.join(folder, 'rules.yml'), JSON.stringify({ groups: rules }));
  const panels = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      id: i + 1,
      type: 'timeseries',
      title: `Panel ${i}`,
      gridPos: { x: (i % 3) * 8, y: Math.floor(i / 3) * 7, w: 8, h: 7 },
      targets: [{ refId: 'A', expr: `figure_${i % 30}`, legendFormat: '{{instance}}' }],
    }));
  const dashboard = (uid: string, body: unknown[]): void =>
    fs.writeFileSync(
      path.join(folder, `${uid}.dashboard.json`),
      JSON.stringify({
        uid,
        title: uid,
        schemaVersion: 39,
        time: { from: 'now-6h', to: 'now' },
        refresh: '',
        panels: body,
      }),
    );
  dashboard('thirty', panels(30));
  dashboard('six-hundred', panels(600));
  dashboard('hundred-series', [
    {
      id: 1,
      type: 'timeseries',
      title: 'Many',
      gridPos: { x: 0, y: 0, w: 24, h: 16 },
      targets: [{ refId: 'A', expr: 'figure_many', legendFormat: '{{instance}}' }],
    },
  ]);
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: '1m', evaluation_interval: '1m' },
      rule_files: [path.join(folder, 'rules.yml')],
      dashboards: [path.join(folder, '*.dashboard.json')],
      scrape_configs: [
        { job_name: 'many', file_sd_configs: [{ files: [path.join(folder, 'targets.json')] }] },
      ],
    }),
  );
  return config;
}

interface Tab extends AsyncDisposable {
  readonly page: Page;
  readonly cdp: CDPSession;
  /** Answers of the server so far. */
  readonly requests: string[];
}

async function open(options: BrowserContextOptions = { viewport: WIDE }): Promise<Tab> {
  const context = await (browser as Browser).newContext({ ...options, colorScheme: 'dark', bypassCSP: true });
  const page = await context.newPage();
  const requests: string[] = [];
  page.on('request', (request) => requests.push(new URL(request.url()).pathname));
  const cdp = await context.newCDPSession(page);
  await cdp.send('Performance.enable');
  return { page, cdp, requests, [Symbol.asyncDispose]: () => context.close() };
}

/** ms after navigation began when `condition`, an expression, first held at a frame. */
async function timeUntil(page: Page, address: string, condition: string): Promise<number> {
  await page.addInitScript(`
    window.heldAt = undefined;
    const look = () => {
      if (${condition}) window.heldAt = performance.now();
      else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  `);
  await page.goto(belfry.url + address);
  await page.waitForFunction('window.heldAt !== undefined', undefined, { timeout: 60_000 });
  return page.evaluate('window.heldAt') as Promise<number>;
}

/** How often the page was laid out until now, and how many nodes it has. */
async function layoutText(tab: Tab): Promise<string> {
  const [layouts, styles, nodes] = await Promise.all(
    ['LayoutCount', 'RecalcStyleCount', 'Nodes'].map((name) => metric(tab, name)),
  );
  return `${layouts} layouts, ${styles} style passes, ${nodes} nodes`;
}

async function metric({ cdp }: Tab, name: string): Promise<number> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  return metrics.find((one) => one.name === name)!.value;
}

/** The first queries start the workers. */
async function warmUp(): Promise<void> {
  await using tab = await open({ viewport: TALL });
  await timeUntil(tab.page, '/d/thirty/x', `${drawnCount} >= 30`);
}

async function sizes(): Promise<void> {
  await using tab = await open();
  const packed = async (): Promise<number[]> =>
    Promise.all(
      [...new Set(tab.requests)]
        .filter((file) => /\.(js|css)$/.test(file))
        .map(async (file) => {
          const body = await (await fetch(belfry.url + file)).arrayBuffer();
          return gzipSync(new Uint8Array(body), { level: 9 }).length;
        }),
    );
  await timeUntil(tab.page, '/d/thirty/x', `${drawnCount} >= 9`);
  await tab.page.waitForTimeout(500);
  const view = await packed();
  await tab.page.goto(`${belfry.url}/graph?g0.expr=up`);
  await tab.page.locator('.query-host .cm-content').waitFor();
  await tab.page.waitForTimeout(500);
  print(
    'scripts and styles of a dashboard view, gzip -9',
    `${kb(sum(view))} KB in ${view.length} files`,
    '≤ 120 KB',
  );
  print('the same with Explore and its editor', `${kb(sum(await packed()))} KB`, '≤ 300 KB');
}

async function firstPaint(): Promise<void> {
  const cold: number[] = [];
  const warm: number[] = [];
  const paint = (page: Page): Promise<number> =>
    page.evaluate(async () => {
      for (;;) {
        const found = performance.getEntriesByName('first-contentful-paint')[0];
        if (found) return found.startTime;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
  for (let i = 0; i < ROUNDS; i++) {
    await using tab = await open();
    await tab.page.goto(belfry.url);
    cold.push(await paint(tab.page));
    await tab.page.goto(`${belfry.url}/?again`);
    warm.push(await paint(tab.page));
  }
  print('first contentful paint, cold / warm', `${ms(cold)} / ${ms(warm)}`, '≤ 300 / 100 ms');
}

async function thirtyPanels(): Promise<void> {
  const drawn: number[] = [];
  const work: number[] = [];
  let batches = 0;
  let layout = '';
  for (let i = 0; i < ROUNDS; i++) {
    await using tab = await open({ viewport: TALL });
    drawn.push(await timeUntil(tab.page, '/d/thirty/x', `${drawnCount} >= 30`));
    work.push((await metric(tab, 'ThreadTime')) * 1000);
    batches = tab.requests.filter((one) => one === '/api/batch').length;
    layout = await layoutText(tab);
  }
  print('30 panels × 10 series × 6 h drawn', ms(drawn), '≤ 1000 ms');
  print('  CPU of the tab until then, scripts included', ms(work), '');
  print('  what the browser did for it', layout, '');
  print('  requests for their data', String(batches), '1');
}

async function sixHundredPanels(): Promise<void> {
  const ready: number[] = [];
  const work: number[] = [];
  let asked = 0;
  for (let i = 0; i < ROUNDS; i++) {
    await using tab = await open();
    const bodies: string[] = [];
    tab.page.on('request', (request) => {
      if (request.url().endsWith('/api/batch')) bodies.push(request.postData() ?? '');
    });
    const held = await timeUntil(
      tab.page,
      '/d/six-hundred/x',
      `document.querySelectorAll('.dash-panel').length === 600 && ${drawnCount} >= 9`,
    );
    ready.push(held);
    work.push((await metric(tab, 'ThreadTime')) * 1000);
    asked = sum(bodies.map((body) => (JSON.parse(body) as { queries: unknown[] }).queries.length));
  }
  print('600 panels: those in view drawn, page interactive', ms(ready), '≤ 1500 ms');
  print('  CPU of the tab until then, scripts included', ms(work), '');
  print('  queries asked', String(asked), 'those in or near the view');
}

async function hover(): Promise<void> {
  await using tab = await open();
  await timeUntil(tab.page, '/d/hundred-series/x', `${drawnCount} >= 1`);
  await tab.page.waitForTimeout(1500);
  const box = (await tab.page.locator('.u-over').boundingBox())!;
  await tab.page.mouse.move(box.x + 10, box.y + 100);
  const before = await metric(tab, 'ThreadTime');
  const moves = 200;
  for (let i = 0; i < moves; i++)
    await tab.page.mouse.move(box.x + 20 + (i * (box.width - 40)) / moves, box.y + 60 + (i % 50) * 4);
  const spent = ((await metric(tab, 'ThreadTime')) - before) * 1000;
  print('hover over 100 series, CPU of the tab per move', `${(spent / moves).toFixed(1)} ms`, '≤ 8 ms');
}

/** Of ten thousand targets the answer alone is made up: a machine that is measured could not scrape them too. */
async function tenThousandTargets(): Promise<void> {
  const answer = await (await fetch(`${belfry.url}/api/v1/targets`)).json();
  const { activeTargets } = (answer as { data: { activeTargets: object[] } }).data;
  const many = Array.from({ length: 10_000 }, (_, i) => {
    const address = `host-${i}.example.com:9100`;
    const target = activeTargets[i % activeTargets.length] as { labels: object };
    return {
      ...target,
      scrapeUrl: `http://${address}/metrics`,
      labels: { ...target.labels, instance: address },
    };
  });
  const body = JSON.stringify({ status: 'success', data: { activeTargets: many, droppedTargets: [] } });
  const work: number[] = [];
  const keys: number[] = [];
  let layout = '';
  for (let i = 0; i < ROUNDS; i++) {
    await using tab = await open();
    await tab.page.route('**/api/v1/targets', (route) =>
      route.fulfill({ contentType: 'application/json', body }),
    );
    await timeUntil(tab.page, '/targets', TARGETS_SEEN);
    work.push((await metric(tab, 'ThreadTime')) * 1000);
    layout = await layoutText(tab);
    await tab.page.getByLabel('Filter targets').focus();
    for (const key of 'host-99') keys.push(await keyCost(tab, key));
  }
  print('Targets, 10,000: CPU of the tab until rows fill the window', ms(work), '');
  print('  what the browser did for it', layout, '');
  print('  a key in the filter, CPU of the tab', ms(keys), '≤ 50 ms');
}

/** ms of the tab's main thread from a key until what it changes is painted. */
async function keyCost(tab: Tab, key: string): Promise<number> {
  const before = await metric(tab, 'ThreadTime');
  await tab.page.keyboard.type(key);
  await tab.page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  return ((await metric(tab, 'ThreadTime')) - before) * 1000;
}

async function lists(): Promise<void> {
  const seen: Record<string, number[]> = {
    '/targets': [],
    '/alerts': [],
    '/alerts?show=groups': [],
    '/': [],
  };
  const conditions: Record<string, string> = {
    '/targets': TARGETS_SEEN,
    '/alerts': `document.querySelectorAll('.rule').length >= innerHeight / 32`,
    '/alerts?show=groups': `document.querySelectorAll('.rule-group-item').length === 20`,
    '/': `document.querySelectorAll('.host-table tbody tr').length >= 1`,
  };
  const work: Record<string, number[]> = {};
  const layouts: Record<string, string> = {};
  for (const [address, times] of Object.entries(seen)) {
    for (let i = 0; i < ROUNDS; i++) {
      await using tab = await open();
      times.push(await timeUntil(tab.page, address, conditions[address]!));
      (work[address] ??= []).push((await metric(tab, 'ThreadTime')) * 1000);
      layouts[address] = await layoutText(tab);
    }
  }
  const told = (what: string, address: string): void => {
    print(what, ms(seen[address]!), '≤ 500 ms');
    print('  CPU of the tab until then, scripts included', ms(work[address]!), '');
    print('  what the browser did for it', layouts[address]!, '');
  };
  told('Home with 1,000 targets', '/');
  told('Targets, 1,000', '/targets');
  told('Alerts by rule, 1,000 rules of which 100 fire', '/alerts');
  told('Rules by group, 1,000', '/alerts?show=groups');
  await using tab = await open();
  await timeUntil(tab.page, '/alerts', conditions['/alerts']!);
  await tab.page.getByLabel('Filter rules').focus();
  const keys: number[] = [];
  for (const key of 'Rule7x') keys.push(await keyCost(tab, key));
  print('  a key in the filter of 1,000 rules, CPU of the tab', ms(keys), '≤ 50 ms');
}

/** Of one hour that is full of data throughout, so that as many as a screen on a wall makes in a day fit into some minutes; a run that is ended early has said how far it came. */
async function manyRefreshes(): Promise<void> {
  await using tab = await open();
  await timeUntil(tab.page, '/d/thirty/x?from=now-2h&to=now-1h', `${drawnCount} >= 9`);
  const refresh = (count: number): Promise<unknown> => tab.page.evaluate(`(${REFRESH})(${count})`);
  const heap = async (): Promise<number> => {
    for (let i = 0; i < 3; i++) await tab.cdp.send('HeapProfiler.collectGarbage');
    return metric(tab, 'JSHeapUsedSize');
  };
  await refresh(30);
  const before = await heap();
  const dataBefore = await dataBytes(tab.cdp);
  const started = performance.now();
  for (let done = 0; done < refreshes; ) {
    const count = Math.min(PIECE, refreshes - done);
    await refresh(count);
    done += count;
    const after = await heap();
    print(
      `heap after ${done} refreshes of 30 panels (${((performance.now() - started) / 1000).toFixed(0)} s)`,
      `${kb(before)} → ${kb(after)} KB, ${(((after - before) / before) * 100).toFixed(1)} %`,
      '≤ 10 %',
    );
  }
  const data = await dataBytes(tab.cdp);
  print(
    "  of it the page's own data, the rest being V8's code",
    `${kb(dataBefore)} → ${kb(data)} KB, ${(((data - dataBefore) / dataBefore) * 100).toFixed(1)} %`,
    '',
  );
}

function print(what: string, value: string, bar: string): void {
  console.log(`${what.padEnd(58)} ${value.padEnd(34)} ${bar}`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function kb(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}

/** Median, and the ends. */
function ms(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const [low, middle, high] = [sorted[0]!, sorted[Math.floor(sorted.length / 2)]!, sorted.at(-1)!];
  return `${middle.toFixed(0)} ms (${low.toFixed(0)}–${high.toFixed(0)})`;
}
