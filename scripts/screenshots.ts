/**
 * Pictures of every page and of its states, in both themes and three widths, of a site with real data: node_exporter, an application
 * in trouble, and Belfry itself.
 *
 *     npm run build && npm run screenshots -- [--out FOLDER] [--only REGEX] [--width 1440,1024,390] [--theme light,dark] [--wait 90]
 *     npm run screenshots -- --serve      starts the site and leaves it running
 *     npm run screenshots -- --url URL    takes the pictures of a site that runs
 */
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { pause, runToEnd, startAppliance, temporaryFolder } from '../test/harness/appliance.ts';
import { CHROMIUM, hasChromium, hasNodeExporter } from '../test/harness/peers.ts';
import { startSite } from '../test/harness/site.ts';

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    out: { type: 'string', default: 'dist/screenshots' },
    only: { type: 'string', default: '' },
    width: { type: 'string', default: '1440,1024,390' },
    theme: { type: 'string', default: 'light,dark' },
    /** Seconds of data before the first picture. */
    wait: { type: 'string', default: '90' },
    serve: { type: 'boolean', default: false },
  },
});
if (!hasChromium || !hasNodeExporter) {
  console.error('Chromium and node_exporter are needed');
  process.exit(1);
}

const RANGE = 'from=now-5m&to=now';
/** Public dashboards that may lie beside the project. */
const SHARED = path.resolve(import.meta.dirname, '../../shared/dashboards');

interface Shot {
  readonly name: string;
  readonly address: string;
  /** What brings the page into the state. */
  act?(page: Page): Promise<unknown>;
  /** All of the page rather than the window. */
  readonly isWhole?: boolean;
}

const click = (name: string | RegExp) => (page: Page) => page.getByRole('button', { name }).first().click();
const why =
  (alert: string) =>
  async (page: Page): Promise<void> => {
    await page.locator('.alert-row', { hasText: alert }).first().getByRole('link', { name: /^Why/ }).click();
    await page.locator('.trace-step').first().waitFor();
  };
const openRows = async (page: Page): Promise<void> => {
  const closed = page.locator('.dash-row[aria-expanded="false"]');
  for (let i = 0; i < 3 && (await closed.count()) > 0; i++) {
    await closed.first().click();
    await page.waitForTimeout(300);
  }
  await page.evaluate('scrollTo(0, 0)');
};
const hover = async (page: Page): Promise<void> => {
  const box = await page.locator('.u-over').first().boundingBox();
  if (box) await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2);
};
/** Answers of an address are replaced by a failure. */
const failing =
  (pattern: string) =>
  async (page: Page): Promise<void> => {
    await page.route(pattern, (route) =>
      route.fulfill({ status: 503, contentType: 'text/plain', body: 'the log is being replayed' }),
    );
    await page.reload();
  };
/** The server goes while the page is open. */
const unreachable = async (page: Page): Promise<void> => {
  await page.route('**/api/**', (route) => route.abort());
  await page.locator('.strip[role="alert"]').waitFor({ timeout: 30_000 });
};
const answered =
  (pattern: string, data: unknown) =>
  async (page: Page): Promise<void> => {
    await page.route(pattern, (route) => route.fulfill({ json: data }));
    await page.reload();
  };

const SHOTS: readonly Shot[] = [
  { name: 'home', address: `/?${RANGE}`, isWhole: true },
  { name: 'home-hover', address: `/?${RANGE}`, act: hover },
  { name: 'home-search', address: '/', act: (page) => page.keyboard.press('/') },
  { name: 'home-time', address: '/', act: (page) => page.locator('.time-button').click() },
  { name: 'home-keys', address: '/', act: (page) => page.keyboard.press('?') },
  { name: 'home-error', address: '/', act: failing('**/api/**') },
  { name: 'home-unreachable', address: `/?${RANGE}&refresh=5s`, act: unreachable },
  { name: 'alerts', address: '/alerts', isWhole: true },
  { name: 'alerts-groups', address: '/alerts?show=groups', isWhole: true },
  { name: 'alerts-silences', address: '/alerts?show=silences' },
  { name: 'alerts-silence-new', address: '/alerts?show=silences', act: click('New silence') },
  { name: 'alerts-silence-edit', address: '/alerts?show=silences', act: click('Edit') },
  { name: 'alerts-incidents', address: '/alerts?show=incidents' },
  { name: 'incident-missing', address: '/incidents/12345' },
  { name: 'status-page', address: '/status-page', isWhole: true },
  { name: 'alerts-sent', address: '/alerts?show=sent', isWhole: true },
  {
    name: 'alerts-empty',
    address: '/alerts',
    act: answered('**/api/v1/rules*', { status: 'success', data: { groups: [] } }),
  },
  { name: 'alert', address: `/?${RANGE}`, act: why('HighErrorRate'), isWhole: true },
  { name: 'alert-inhibited', address: `/?${RANGE}`, act: why('SlowResponseTime') },
  { name: 'alert-silence', address: `/?${RANGE}`, act: click('Silence') },
  {
    name: 'rule',
    address: `/alerts?${RANGE}`,
    act: async (page) => {
      await page.getByRole('button', { name: 'Rehearse on history' }).first().click();
      await page.waitForTimeout(2500);
    },
    isWhole: true,
  },
  { name: 'explore-table', address: `/graph?g0.expr=node_cpu_seconds_total&g0.tab=1&g0.range_input=5m` },
  {
    name: 'explore-graph',
    address: `/graph?g0.expr=rate(node_cpu_seconds_total[30s])&g0.tab=0&g0.range_input=5m`,
    isWhole: true,
  },
  {
    name: 'explore-heatmap',
    address: `/graph?g0.expr=sum by (le) (rate(http_request_duration_seconds_bucket[30s]))&g0.tab=0&g0.range_input=5m&g0.display_mode=heatmap`,
  },
  {
    name: 'explore-native',
    address: `/graph?g0.expr=rate(http_request_duration_seconds{job="native"}[30s])&g0.tab=0&g0.range_input=5m`,
  },
  { name: 'explore-add', address: '/graph?g0.expr=up&g0.tab=0', act: click('Add to dashboard') },
  {
    name: 'explore-explain',
    address: `/graph?g0.expr=sum by (job) (rate(http_requests_total{status=~"5.."}[30s])) / sum by (job) (rate(http_requests_total[30s])) > 0.05&g0.range_input=5m`,
    act: async (page) => {
      await page.getByRole('button', { name: 'Tree' }).first().click();
      await page.waitForTimeout(800);
    },
  },
  { name: 'explore-error', address: `/graph?g0.expr=sum(&g0.tab=0` },
  { name: 'explore-empty', address: '/graph' },
  { name: 'dashboards', address: '/dashboards', isWhole: true },
  { name: 'dashboards-paste', address: '/dashboards', act: click('Paste JSON') },
  {
    name: 'dashboards-imported',
    address: '/dashboards',
    act: async (page) => {
      await page.getByLabel('Dashboard files').setInputFiles([
        {
          name: 'loki.json',
          mimeType: 'application/json',
          buffer: Buffer.from(
            JSON.stringify({
              title: 'Logs of the site',
              panels: [
                {
                  type: 'logs',
                  title: 'Lines',
                  datasource: { type: 'loki' },
                  targets: [{ expr: '{a="b"}' }],
                },
                { type: 'stat', title: 'Up', targets: [{ expr: 'sum(up)' }] },
              ],
            }),
          ),
        },
        { name: 'broken.json', mimeType: 'application/json', buffer: Buffer.from('{"title": ') },
      ]);
      await page.getByRole('region', { name: 'Imported' }).waitFor();
    },
  },
  { name: 'dashboard-guide', address: `/d/boardroom-main/x?${RANGE}`, isWhole: true },
  { name: 'dashboard-guide-performance', address: `/d/boardroom-performance/x?${RANGE}`, isWhole: true },
  { name: 'dashboard-self', address: `/d/belfry-self/x?${RANGE}`, isWhole: true },
  { name: 'dashboard-gallery', address: `/d/gallery/x?${RANGE}`, isWhole: true },
  { name: 'dashboard-options', address: `/d/options/x?${RANGE}`, isWhole: true },
  { name: 'dashboard-more', address: `/d/more-options/x?${RANGE}`, isWhole: true },
  { name: 'dashboard-hover', address: `/d/gallery/x?${RANGE}`, act: hover },
  { name: 'dashboard-variable', address: `/d/gallery/x?${RANGE}`, act: click(/^host:/) },
  { name: 'dashboard-alone', address: `/d/gallery/x?${RANGE}&viewPanel=1` },
  {
    name: 'dashboard-inspect',
    address: `/d/options/x?${RANGE}`,
    act: async (page) => {
      await page.locator('.dash-panel').first().focus();
      await page.keyboard.press('i');
    },
  },
  { name: 'dashboard-kiosk', address: `/d/gallery/x?${RANGE}&kiosk` },
  { name: 'dashboard-missing', address: '/d/nothing/x' },
  { name: 'dashboard-node-full', address: `/d/rYdddlPWk/x?${RANGE}`, act: openRows, isWhole: true },
  { name: 'dashboard-failing', address: `/d/gallery/x?${RANGE}`, act: failing('**/api/batch') },
  { name: 'targets', address: '/targets', isWhole: true },
  { name: 'status', address: '/status', isWhole: true },
  { name: 'access', address: '/access', isWhole: true },
  { name: 'not-found', address: '/nowhere' },
];

await using stack = new AsyncDisposableStack();
const wanted = new RegExp(values.only);
const url = values.url ?? (await ownSite());
if (values.serve) {
  console.log(`${url} runs until it is interrupted`);
  await new Promise((resolve) => process.once('SIGINT', resolve));
} else {
  await takeAll(url);
}

async function ownSite(): Promise<string> {
  const shared = fs.existsSync(SHARED) ? [path.join(SHARED, '*.json')] : [];
  const site = await startSite(stack, { dashboards: shared });
  await silence(site.belfry.url);
  if (!values.serve) await pause(Number(values.wait) * 1000);
  return site.belfry.url;
}

/** One that lasts while the pictures are taken. */
async function silence(url: string): Promise<void> {
  const now = Date.now();
  const answer = await fetch(`${url}/api/v2/silences`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      matchers: [{ name: 'alertname', value: 'HighCPU.*', isRegex: true, isEqual: true }],
      startsAt: new Date(now).toISOString(),
      endsAt: new Date(now + 2 * 3_600_000).toISOString(),
      createdBy: 'ada',
      comment: 'the night’s backup',
    }),
  });
  if (!answer.ok) throw new Error(`the silence was refused: ${await answer.text()}`);
}

async function takeAll(site: string): Promise<void> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
  });
  stack.defer(() => browser.close());
  fs.mkdirSync(values.out, { recursive: true });
  const closed =
    /^(login|login-access)$/.test(values.only) || wanted.test('login') ? await closedSite() : undefined;
  for (const theme of values.theme.split(',')) {
    for (const width of values.width.split(',').map(Number)) {
      for (const shot of SHOTS.filter(({ name }) => wanted.test(name)))
        await take(browser, site, shot, width, theme);
      if (closed) {
        await take(browser, closed, { name: 'login', address: '/login' }, width, theme);
        await take(
          browser,
          closed,
          { name: 'login-access', address: '/login', act: logIn, isWhole: true },
          width,
          theme,
        );
      }
    }
  }
}

/** A second site, with users. */
async function closedSite(): Promise<string> {
  const folder = temporaryFolder('closed');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const hash = runToEnd(['hash-password'], { input: 'all mine\n' }).stdout.trim();
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `web: { users: { ada: { role: admin, password_hash: '${hash}' }, vera: { role: viewer, password_hash: '${hash}' } } }\n`,
  );
  return (await startAppliance(stack, { config, data: path.join(folder, 'data') })).url;
}

async function logIn(page: Page): Promise<void> {
  await page.getByLabel('Name').fill('ada');
  await page.getByLabel('Password').fill('all mine');
  await page.keyboard.press('Enter');
  await page.locator('.top-bar').waitFor();
  await page.getByRole('link', { name: /ada/ }).click();
  await page.getByRole('heading', { name: 'Access' }).waitFor();
}

async function take(browser: Browser, site: string, shot: Shot, width: number, theme: string): Promise<void> {
  const isPhone = width < 600;
  const context = await browser.newContext({
    viewport: { width, height: isPhone ? 844 : 900 },
    colorScheme: theme as 'light' | 'dark',
    deviceScaleFactor: 1,
    ...(isPhone ? { isMobile: true, hasTouch: true } : {}),
  });
  context.setDefaultTimeout(8000);
  const page = await context.newPage();
  const file = path.join(values.out, `${shot.name}-${width}-${theme}.png`);
  try {
    await page.goto(site + shot.address);
    await page.locator('main').first().waitFor();
    await page.waitForTimeout(1200);
    await shot.act?.(page);
    await page.waitForTimeout(700);
    if (shot.isWhole) {
      // All of the page is in view, so that all of it is loaded.
      const height = await page.evaluate('document.documentElement.scrollHeight');
      await page.setViewportSize({ width, height: Math.min(6000, Math.max(900, Number(height))) });
      await page.waitForTimeout(1500);
    }
    // On a busy machine answers may take a while; where a skeleton is what is to be seen, it stays.
    await page
      .waitForFunction(`!document.querySelector('.skeleton')`, undefined, { timeout: 10_000 })
      .catch(() => undefined);
    await page.waitForTimeout(300);
    await page.screenshot({ path: file });
    const overflow = await page.evaluate(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    console.log(`${file}${Number(overflow) > 0 ? `: scrolls sideways by ${overflow} px` : ''}`);
  } catch (error) {
    console.log(`${file}: NOT TAKEN: ${(error as Error).message.split('\n')[0]}`);
  } finally {
    await context.close();
  }
}
