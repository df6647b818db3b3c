import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { batches, put, series } from './made-up.ts';
import { hasBrowser, isDrawn, type PageBrowser, startPageBrowser } from './page-browser.ts';
import type { FakeServer } from './server.ts';

/** What the page asks for, when, and what it gives up again. */
let browser: PageBrowser;
let server: FakeServer;
let complaints: string[];
let open: PageBrowser['open'];

beforeAll(async () => {
  if (!hasBrowser) return;
  browser = await startPageBrowser();
  ({ server, complaints, open } = browser);
});
afterAll(async () => browser?.close());
afterEach(async () => browser?.closePage());

test.skipIf(!hasBrowser)(
  'a dashboard is asked for in one request when it opens, and in one at each refresh',
  async () => {
    const address = await put(server, 'one-request', {
      time: { from: 'now-2h', to: 'now' },
      templating: { list: [{ name: 'job', type: 'query', query: 'label_values(up, job)' }] },
      annotations: { list: [{ name: 'Deploys', enable: true, expr: 'deploys' }] },
      panels: [
        ...Array.from({ length: 9 }, (_, i) => series(`things{job="$job"} + ${i}`, i)),
        {
          type: 'stat',
          title: 'Now',
          gridPos: { x: 0, y: 21, w: 4, h: 4 },
          targets: [{ expr: 'now', instant: true }],
        },
        {
          type: 'table',
          title: 'Rows',
          gridPos: { x: 4, y: 21, w: 8, h: 4 },
          targets: [{ expr: 'rows', format: 'table' }],
        },
      ],
    });
    const page = await open('/dashboards');
    const asked = batches(page);
    const valuesAsked: string[] = [];
    page.on('request', (request) => request.url().includes('/label/') && valuesAsked.push(request.url()));
    await page.goto(server.url + address);
    await page.locator('.dash-panel canvas').nth(8).waitFor();
    await page.locator('.dash-panel table').waitFor();
    expect(asked).toHaveLength(1);
    expect(asked[0]!.toSorted()).toEqual(
      [
        ...Array.from({ length: 9 }, (_, i) => `things{job="backend"} + ${i}`),
        'ALERTS{alertstate="firing"}',
        'deploys',
        'now',
        'rows',
      ].toSorted(),
    );
    expect(valuesAsked).toHaveLength(1);
    for (let count = 2; count < 5; count++) {
      const answered = page.waitForResponse((response) => response.url().endsWith('/api/batch'));
      await page.getByRole('button', { name: 'Refresh now' }).click();
      await (await answered).finished();
      await page.evaluate(() => new Promise((later) => requestAnimationFrame(() => setTimeout(later, 50))));
      expect(asked).toHaveLength(count);
      expect(asked.at(-1)!.toSorted()).toEqual(asked[0]!.toSorted());
    }
    expect(complaints).toEqual([]);
  },
);

test.skipIf(!hasBrowser)('of 600 panels those in view and near it are asked for, once each', async () => {
  const address = await put(server, 'six-hundred', {
    panels: Array.from({ length: 600 }, (_, i) => series(`things + ${i}`, i)),
  });
  const page = await open('/');
  await page.locator('.host-table').waitFor();
  const found = batches(page);
  await page.goto(server.url + address);
  await page.locator('.dash-panel').nth(599).waitFor({ state: 'attached' });
  await page.locator('.dash-panel canvas').nth(8).waitFor();
  const first = found.flat().filter((expr) => expr.startsWith('things'));
  expect(first.length).toBeGreaterThanOrEqual(9);
  expect(first.length).toBeLessThan(40);
  expect(new Set(first).size).toBe(first.length);
  await page.locator('.dash-panel').nth(300).scrollIntoViewIfNeeded();
  await page.locator('.dash-panel').nth(300).locator('canvas').waitFor();
  expect(found.flat()).toContain('things + 300');
  expect(found.flat()).not.toContain('things + 599');
  expect(complaints).toEqual([]);
});

test.skipIf(!hasBrowser)(
  'a collapsed row asks for nothing and holds nothing until it is opened',
  async () => {
    const address = await put(server, 'collapsed', {
      panels: [
        series('things', 0),
        {
          type: 'row',
          title: 'Hidden',
          collapsed: true,
          gridPos: { x: 0, y: 7, w: 24, h: 1 },
          panels: [series('hidden_things', 3)],
        },
      ],
    });
    const page = await open('/dashboards');
    const found = batches(page);
    await page.goto(server.url + address);
    await isDrawn(page);
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await expect.poll(() => found.flat().filter((expr) => expr === 'things').length).toBe(2);
    expect(found.flat()).not.toContain('hidden_things');
    expect(await page.locator('.dash-panel').count()).toBe(1);
    await page.getByRole('button', { name: /^Hidden/ }).click();
    await page.locator('.dash-panel canvas').nth(1).waitFor();
    expect(found.flat()).toContain('hidden_things');
  },
);

test.skipIf(!hasBrowser)('leaving a dashboard cancels what it still waits for', async () => {
  const address = await put(server, 'slow', { panels: [series('things', 0)] });
  const page = await open('/targets');
  await page.locator('.target-table').first().waitFor();
  await page.route('**/api/batch', () => {});
  const asked = page.waitForRequest((request) => request.url().endsWith('/api/batch'));
  const failed = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/api/batch'));
  await page.goto(server.url + address);
  await asked;
  await page.locator('.top-bar').getByRole('link', { name: 'Targets' }).click();
  expect((await failed).failure()?.errorText).toBe('net::ERR_ABORTED');
});

test.skipIf(!hasBrowser)(
  'before any script of its own runs a dashboard shows the frame and has asked for its files and itself, once',
  async () => {
    const address = await put(server, 'early', { panels: [series('things', 0)] });
    const page = await open('/login');
    // What this page asks for is not to be taken for the next one's.
    await page.waitForFunction(() =>
      performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/api/me')),
    );
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/assets/frame-*.js', async (route) => {
      await held;
      await route.continue();
    });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(server.url + address, { waitUntil: 'commit' });
    await page.locator('.top-bar').getByRole('link', { name: 'Alerts' }).waitFor();
    const count = (part: string): number => asked.filter((path) => path.startsWith(part)).length;
    for (const part of ['/assets/dashboard-', '/assets/plot-', '/assets/panels-', '/api/dashboards/early'])
      await expect.poll(() => count(part), { message: part }).toBe(1);
    await page.locator('.top-bar').evaluate((bar) => Object.assign(bar, { isFirst: true }));
    const early = asked.length;
    release();
    await isDrawn(page);
    expect(await page.locator('.top-bar').evaluate((bar) => 'isFirst' in bar)).toBe(true);
    expect(count('/assets/home-')).toBe(0);
    // Whatever else was loaded came with the page, not in the wake of a script.
    expect(asked.slice(early).filter((path) => /\.js$/.test(path))).toEqual([]);
    const session = asked.slice(0, asked.indexOf('/api/me'));
    expect(session.filter((path) => path === '/api/dashboards/early')).toHaveLength(1);
    expect(complaints).toEqual([]);
  },
);

test.skipIf(!hasBrowser).each(['/', '/alerts', '/targets', '/graph', '/dashboards', '/status', '/access'])(
  'the files of %s are named in its head',
  async (path) => {
    const page = await open(path);
    await page.locator('main :is(table, ul, form, pre, canvas, .empty, .cm-content)').first().waitFor();
    const unnamed = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .map(({ name }) => name)
        .filter((name) => name.endsWith('.js'))
        .filter(
          (name) =>
            ![...document.querySelectorAll('head :is(script, link)')].some((one) =>
              [(one as HTMLLinkElement).href, (one as HTMLScriptElement).src].includes(name),
            ),
        ),
    );
    // The editor is larger than all the rest and comes after it.
    expect(unnamed.filter((name) => !/promql-editor|index\.es/.test(name))).toEqual([]);
  },
);

test.skipIf(!hasBrowser)('a panel’s rate spans four scrapes, of the interval most targets have', async () => {
  const address = await put(server, 'interval', {
    time: { from: 'now-1h', to: 'now' },
    panels: [series('rate(things[$__rate_interval])', 0)],
  });
  const page = await open('/login');
  // The answer comes after the dashboard itself.
  const dashboard = page.waitForResponse(/\/api\/dashboards\/interval$/);
  await page.route('**/api/status', async (route) => {
    await dashboard;
    await route.fulfill({ json: { targets: { down: 0, scrapeIntervalSeconds: 60 } } });
  });
  const asked = batches(page);
  await page.goto(server.url + address);
  await isDrawn(page);
  expect(asked.flat()).toContain('rate(things[240s])');
});

test.skipIf(!hasBrowser)(
  'alerts are fetched where they are shown; elsewhere they are only counted',
  async () => {
    const page = await open('/login');
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    const alertsAsked = (): number => asked.filter((path) => path === '/api/v1/alerts').length;
    await page.clock.install();
    await page.goto(`${server.url}/targets`);
    await page.locator('.top-bar .badge', { hasText: '3' }).waitFor();
    await page.locator('.strip', { hasText: /3 firing, oldest 3 h/ }).waitFor();
    await page.clock.runFor(31_000);
    await expect.poll(() => asked.filter((path) => path === '/api/status').length).toBeGreaterThan(2);
    expect(alertsAsked()).toBe(0);
    await page.locator('.top-bar').getByRole('link', { name: 'Home' }).click();
    await page.locator('.alert-row').first().waitFor();
    expect(alertsAsked()).toBe(1);
    await page.clock.runFor(16_000);
    await expect.poll(alertsAsked).toBe(2);
    expect(complaints).toEqual([]);
  },
);
