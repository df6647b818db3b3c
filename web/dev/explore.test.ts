import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ChartHost } from '../src/chart/chart-spec.ts';
import { hasBrowser, isDrawn, type PageBrowser, startPageBrowser } from './page-browser.ts';
import type { FakeServer } from './server.ts';

/** Expressions as graphs, tables and heat maps, and what becomes of them. */
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

test.skipIf(!hasBrowser)('upstream’s query links open the same view, and the URL follows', async () => {
  const page = await open('/graph?g0.expr=node_things&g0.tab=0&g0.range_input=6h');
  await isDrawn(page);
  expect(await page.locator('.time-button').innerText()).toContain('Last 6 h');
  expect(await page.locator('.legend-entry').count()).toBe(4);
  await page.getByRole('tab', { name: 'Table' }).click();
  await page.locator('.result-table tbody tr').nth(3).waitFor();
  expect(new URL(page.url()).searchParams.get('g0.tab')).toBe('1');
  await page.getByLabel('PromQL expression').fill('sum(');
  await page.keyboard.press('Enter');
  await page.getByText('unclosed left parenthesis').waitFor();
  expect(complaints.filter((text) => !text.includes('400'))).toEqual([]);
});

test.skipIf(!hasBrowser)('bookmarks of other pages open what they are here', async () => {
  const left = JSON.stringify({ queries: [{ expr: 'node_things' }], range: { from: 'now-6h', to: 'now' } });
  const page = await open(`/explore?left=${encodeURIComponent(left)}`);
  await isDrawn(page);
  expect(await page.locator('.time-button').innerText()).toContain('Last 6 h');
  expect(new URL(page.url()).pathname).toBe('/graph');
  expect(complaints).toEqual([]);
});

test.skipIf(!hasBrowser)(
  'the editor completes, several expressions stand below each other, history brings one back',
  async () => {
    const page = await open('/graph');
    const editor = page.getByRole('textbox', { name: 'PromQL expression' }).first();
    await page.locator('.query-host .cm-content').waitFor();
    await editor.click();
    await page.keyboard.type('histogram_q');
    await page.locator('.cm-tooltip-autocomplete li', { hasText: 'histogram_quantile' }).first().waitFor();
    await page.keyboard.press('Escape');
    await editor.fill('node_things');
    await page.keyboard.press('Enter');
    await isDrawn(page);
    await page.getByRole('button', { name: 'Add an expression' }).click();
    await page.locator('.expr').nth(1).locator('.cm-content').waitFor();
    await page.locator('.expr').nth(1).getByRole('button', { name: 'History' }).click();
    await page.getByRole('button', { name: 'node_things', exact: true }).click();
    await page.waitForURL(/g1\.expr=node_things/);
    await page.getByRole('button', { name: 'Remove this expression' }).first().click();
    await page.waitForFunction(() => document.querySelectorAll('.expr').length === 1);
    expect(complaints).toEqual([]);
  },
);

test.skipIf(!hasBrowser)('dragging over a chart zooms, Back and undo return', async () => {
  const page = await open('/graph?g0.expr=node_things&g0.tab=0&g0.range_input=1h');
  await isDrawn(page);
  const box = (await page.locator('.u-over').boundingBox())!;
  await page.mouse.move(box.x + 200, box.y + 100);
  await page.mouse.down();
  await page.mouse.move(box.x + 600, box.y + 100, { steps: 5 });
  await page.mouse.up();
  await page.waitForURL(/g0\.end_input/);
  expect(await page.locator('.time-button').innerText()).toMatch(/\d{4}-\d\d-\d\d/);
  await page.goBack();
  await page.locator('.time-button', { hasText: 'Last 1 h' }).waitFor();
  expect(complaints).toEqual([]);
});

/** Answers of range queries, made of their times. */
const answered = (page: Page, result: (times: readonly number[]) => unknown[]): Promise<unknown> =>
  page.route('**/api/v1/query_range*', (route) => {
    const query = new URL(route.request().url()).searchParams;
    const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(query.get(name))) as [
      number,
      number,
      number,
    ];
    const times = Array.from({ length: Math.floor((end - start) / step) + 1 }, (_, i) => start + i * step);
    return route.fulfill({
      json: { status: 'success', data: { resultType: 'matrix', result: result(times) } },
    });
  });

/** Colours on the canvas of the heat map, of the middle of each row from the foot up. */
const rowColors = (page: Page, rows: number): Promise<string[]> =>
  page.locator('.heat-plot canvas').evaluate((element, count) => {
    const canvas = element as HTMLCanvasElement;
    const { data } = canvas.getContext('2d')!.getImageData(canvas.width / 2, 0, 1, canvas.height);
    return Array.from({ length: count }, (_, i) => {
      const y = Math.floor(canvas.height - ((i + 0.5) * canvas.height) / count);
      return [...data.slice(y * 4, y * 4 + 4)].join();
    });
  }, rows);

test.skipIf(!hasBrowser)(
  'buckets are drawn as lines, stacked, or as a heat map, as the link says',
  async () => {
    const page = await open('/dashboards');
    await answered(page, (times) =>
      [
        ['0.1', 1],
        ['1', 4],
        ['+Inf', 4],
      ].flatMap(([le, value]) =>
        ['a', 'b'].map((pod) => ({
          metric: { le, pod },
          values: times.map((time) => [time, String(value)]),
        })),
      ),
    );
    await page.goto(`${server.url}/graph?g0.expr=rate(x_seconds_bucket[5m])&g0.tab=0&g0.range_input=1h`);
    await isDrawn(page);
    await page.getByRole('button', { name: 'Heat map' }).click();
    await page.waitForURL(/g0\.display_mode=heatmap/);
    await page.getByRole('img', { name: '3 buckets over time, at most 6 in one' }).waitFor();
    await page.waitForFunction(
      () => document.querySelector<HTMLCanvasElement>('.heat-plot canvas')!.width > 300,
    );
    // Of both pods together, each bucket less the one below: 2, 6 and none.
    const [low, high, none] = await rowColors(page, 3);
    expect(none).toBe('0,0,0,0');
    expect(low).not.toBe('0,0,0,0');
    expect(high).not.toBe(low);
    expect(await page.locator('.heat-labels').innerText()).toMatch(/100 ms\s*1 s\s*∞/);
    // A stretch dragged over is the next range.
    const box = (await page.locator('.heat-plot').boundingBox())!;
    await page.mouse.move(box.x + 100, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + 400, box.y + 50, { steps: 4 });
    await page.mouse.up();
    await page.waitForURL(/g0\.end_input/);
    await page.goto(`${server.url}/graph?g0.expr=x&g0.tab=0&g0.stacked=1`);
    await isDrawn(page);
    expect(
      await page
        .locator('.chart-plot')
        .evaluate((element) => (element as ChartHost).drawn!().lines.map(({ stack }) => stack)),
    ).toEqual(Array(6).fill('all'));
    expect(complaints).toEqual([]);
  },
);

test.skipIf(!hasBrowser)('native histograms are a heat map by themselves', async () => {
  const page = await open('/dashboards');
  await answered(page, (times) => [
    {
      metric: { job: 'a' },
      histograms: times.map((time) => [
        time,
        {
          count: '9',
          sum: '9',
          buckets: [
            [0, '0.5', '1', '8'],
            [0, '1', '2', '1'],
          ],
        },
      ]),
    },
  ]);
  await page.goto(`${server.url}/graph?g0.expr=rate(x_seconds[5m])&g0.tab=0`);
  await page.getByRole('img', { name: '2 buckets over time, at most 8 in one' }).waitFor();
  await page.locator('.heat-plot').hover();
  await page.locator('.chart-tip', { hasText: '≤' }).waitFor();
  await page.getByRole('button', { name: 'Lines' }).click();
  await isDrawn(page);
  expect(new URL(page.url()).searchParams.get('g0.display_mode')).toBe('lines');
  expect(complaints).toEqual([]);
});

test.skipIf(!hasBrowser)(
  'what is shown is put onto a new dashboard, and onto one that is there',
  async () => {
    const page = await open('/graph?g0.expr=node_things&g0.tab=0&g0.display_mode=stacked');
    await isDrawn(page);
    await page.getByRole('button', { name: 'Add to dashboard' }).click();
    await page.getByLabel('Title of a new dashboard').fill('Things I look at');
    await page.getByRole('button', { name: 'Make' }).click();
    await page.getByText('Added to').waitFor();
    await page.goto(`${server.url}/graph?g0.expr=sum(node_things)&g0.tab=1`);
    await page.getByRole('button', { name: 'Add to dashboard' }).click();
    await page.getByRole('button', { name: 'Things I look at' }).click();
    await page.getByRole('link', { name: 'Things I look at' }).click();
    await page.locator('.dash-panel[aria-label="node_things"] canvas').waitFor();
    const stacks = await page
      .locator('.chart-plot')
      .evaluate((element) => (element as ChartHost).drawn!().lines.map(({ stack }) => stack));
    expect(stacks).toEqual(Array(4).fill('A up'));
    await page.locator('.dash-panel[aria-label="sum(node_things)"] table').waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Add to dashboard' }).click();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy as panel' }).click();
    await page.getByRole('button', { name: 'Copied', exact: true }).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(JSON.parse(copied)).toMatchObject({ type: 'table', targets: [{ expr: 'sum(node_things)' }] });
    expect(complaints).toEqual([]);
  },
);

test.skipIf(!hasBrowser)('a browser that keeps nothing runs expressions and silences alerts', async () => {
  const page = await open('/');
  await page.addInitScript(() =>
    Object.defineProperty(window, 'localStorage', {
      get: () => {
        throw new DOMException('denied', 'SecurityError');
      },
    }),
  );
  await page.goto(`${server.url}/graph?g0.expr=up&g0.tab=1`);
  const asked = page.waitForRequest((request) => /\/api\/v1\/query(\?|$)|batch/.test(request.url()));
  await page.getByRole('button', { name: 'Run' }).click();
  await asked;
  await page.getByRole('button', { name: 'History' }).click();
  await page.goto(`${server.url}/`);
  await page.locator('.alert-row').first().getByRole('button', { name: 'Silence' }).click();
  await page.getByLabel('Who').pressSequentially('Ada Lovelace');
  await page.getByRole('button', { name: /^Silence until/ }).click();
  await page.locator('.alert-row.is-quiet').first().waitFor();
  expect(complaints).toEqual([]);
});
