import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ChartHost, ChartSpec } from '../src/chart/chart-spec.ts';
import { hasBrowser, isDrawn, isSettled, type PageBrowser, startPageBrowser } from './page-browser.ts';
import type { FakeServer } from './server.ts';

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

test.skipIf(!hasBrowser)('Home tells what is firing, lists the targets and draws the host', async () => {
  const page = await open('/');
  await page.getByText('3 firing, 1 pending').waitFor();
  const row = page.locator('.alert-row', { hasText: 'HighErrorRate' });
  expect(await row.innerText()).toMatch(/backend[\s\S]*firing[\s\S]*1[12] min[\s\S]*to team-backend/);
  expect(await page.locator('.host-table tbody tr').count()).toBe(7);
  expect(await page.locator('.host-table', { hasText: 'ECONNREFUSED' }).count()).toBe(1);
  await isDrawn(page);
  expect(await page.locator('.u-wrap').count()).toBe(6);
  expect(complaints).toEqual([]);
});

test.skipIf(!hasBrowser)('a refresh changes values in place: no chart is made anew', async () => {
  const page = await open('/');
  await isDrawn(page);
  await page.evaluate(() => document.querySelector('canvas')!.setAttribute('data-first', ''));
  const answer = page.waitForResponse((response) => response.url().endsWith('/api/batch'));
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await answer;
  await page.evaluate(
    () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
  );
  expect(await page.locator('canvas[data-first]').count()).toBe(1);
});

test.skipIf(!hasBrowser)(
  'an alert is silenced in two clicks, the silence edited, and ended again',
  async () => {
    const page = await open('/');
    await page
      .locator('.alert-row', { hasText: 'LowDiskSpace' })
      .getByRole('button', { name: 'Silence' })
      .click();
    await page.getByText('Matches 1 alert now.').waitFor();
    await page.getByLabel('Who').fill('');
    await page.getByLabel('Who').pressSequentially('Ada Lovelace');
    expect(await page.getByLabel('Who').inputValue()).toBe('Ada Lovelace');
    await page.getByRole('button', { name: /^Silence until/ }).click();
    await page.locator('.alert-row.is-quiet', { hasText: 'LowDiskSpace' }).waitFor();
    await page.goto(`${server.url}/#/silences`);
    const silence = page.locator('.silence.is-active', { hasText: 'LowDiskSpace' });
    await silence.getByText('holds back 1 alert').waitFor();
    expect(new URL(page.url()).pathname).toBe('/alerts');
    const before = server.api.silences.find((one) => JSON.stringify(one).includes('LowDiskSpace'))!;
    const [id, begun, ends] = [before.id, before.startsAt, Date.parse(before.endsAt)];
    await silence.getByRole('button', { name: 'Edit' }).click();
    const dialog = page.getByRole('dialog', { name: 'Edit the silence' });
    expect(await dialog.getByLabel('Alerts with these labels').inputValue()).toContain(
      'alertname="LowDiskSpace"',
    );
    await dialog.getByLabel('Alerts with these labels').fill('alertname=~"LowDisk.*"');
    await dialog.getByLabel('Why').fill('it is being grown');
    await dialog.getByText('Matches 1 alert now.').waitFor();
    await dialog.getByRole('button', { name: /^Silence until/ }).click();
    await page.getByText('it is being grown').waitFor();
    const edited = server.api.silences.find((one) => one.id === id)!;
    expect(edited).toMatchObject({ startsAt: begun, matchers: [{ name: 'alertname', value: 'LowDisk.*' }] });
    expect(Math.abs(Date.parse(edited.endsAt) - ends)).toBeLessThan(120_000);
    const changed = page.locator('.silence.is-active', { hasText: 'it is being grown' });
    await changed.getByRole('button', { name: 'End now' }).click();
    await changed.waitFor({ state: 'detached' });
    expect(complaints).toEqual([]);
  },
);

test.skipIf(!hasBrowser)('why an alert fires and who was told is one click away', async () => {
  const page = await open('/');
  await page.locator('.alert-row', { hasText: 'HighErrorRate' }).getByRole('link', { name: /^Why/ }).click();
  await page.locator('.trace-step.is-planned', { hasText: /Looks again\s*in 2 min/ }).waitFor();
  expect(await page.locator('.trace-title').allInnerTexts()).toEqual([
    'Rule HighErrorRate',
    'Pending',
    'Firing',
    'Routed to team-backend',
    'Grouped with',
    'slack: delivered',
    'email: failed after 4 tries',
    'Looks again',
  ]);
  await isDrawn(page);
  await page.getByText('alarms > 5 %').waitFor();
  expect(new URL(page.url()).pathname).toBe('/alerts/HighErrorRate');
  await page.goto(`${server.url}/`);
  await page
    .locator('.alert-row', { hasText: 'HighMemoryUsage' })
    .getByRole('link', { name: /^Why/ })
    .click();
  await page.locator('.trace-step.is-planned', { hasText: /Fires\s*in \d min/ }).waitFor();
  expect(complaints).toEqual([]);
});

test.skipIf(!hasBrowser)('what was sent is searched, and what failed is sent again', async () => {
  const page = await open('/alerts?show=sent');
  await page.locator('.sent.is-outbox').getByRole('button', { name: 'Send again' }).click();
  await page.locator('.sent.is-outbox').waitFor({ state: 'detached' });
  expect(await page.locator('.sent').count()).toBeGreaterThan(3);
  await page.getByRole('button', { name: 'Only failed' }).click();
  await page.waitForFunction(() => document.querySelectorAll('.sent .state-ok').length === 0);
  await page.getByLabel('Find messages').fill('LowDiskSpace');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('.sent').length === 1);
  expect(new URL(page.url()).searchParams.get('search')).toBe('LowDiskSpace');
  expect(complaints).toEqual([]);
});

test.skipIf(!hasBrowser)('a dropped-in dashboard renders as authored', async () => {
  const page = await open('/dashboards');
  const json = {
    dashboard: {
      uid: 'test-board',
      title: 'Test board',
      templating: {
        list: [
          {
            name: 'job',
            type: 'query',
            query: 'label_values(up, job)',
            includeAll: true,
            multi: true,
            current: { value: ['$__all'] },
          },
        ],
      },
      panels: [
        {
          type: 'graph',
          title: 'Requests of $job',
          targets: [
            {
              expr: 'sum(rate(http_requests_total{job=~"$job"}[5m])) by (method)',
              legendFormat: '{{method}}',
            },
          ],
          yaxes: [{ format: 'reqps' }],
        },
        {
          type: 'singlestat',
          title: 'Errors',
          format: 'percent',
          thresholds: '1,5',
          colors: ['green', 'yellow', 'red'],
          targets: [{ expr: 'x{status=~"5.."}' }],
        },
        {
          type: 'text',
          title: '',
          options: { mode: 'html', content: '<img src=x onerror="alert(1)"><b>Words</b>' },
        },
        { type: 'logs', title: 'Logs', datasource: { type: 'loki' }, targets: [{ expr: '{a="b"}' }] },
      ],
    },
  };
  await page.getByLabel('Dashboard files').setInputFiles({
    name: 'board.json',
    mimeType: 'application/json',
    buffer: Buffer.from(JSON.stringify(json)),
  });
  await page.getByRole('region', { name: 'Imported' }).getByRole('link', { name: 'Test board' }).click();
  await isDrawn(page);
  await page.getByText('Requests of All').waitFor();
  expect(await page.locator('.legend-name').allInnerTexts()).toEqual(['GET', 'POST', 'PUT', 'DELETE']);
  expect(await page.locator('.stat-value').innerText()).toMatch(/^\d+(\.\d+)?\s*%$/);
  expect(await page.locator('.prose').innerText()).toBe('Words');
  expect(await page.locator('.prose img').count()).toBe(0);
  await page.getByText('This panel needs the data source "loki".').waitFor();
  await page.getByRole('button', { name: /^job: All/ }).click();
  await page.getByRole('button', { name: 'node', exact: true }).click();
  await page.getByText('Requests of node').waitFor();
  expect(new URL(page.url()).searchParams.getAll('var-job')).toEqual(['node']);
  expect(complaints).toEqual([]);
});

test.skipIf(!hasBrowser)('every kind of panel is drawn, rows repeat, and marks are switched', async () => {
  const page = await open('/d/gallery', { viewport: { width: 1440, height: 2400 } });
  const panel = (title: string) =>
    page.locator('.dash-panel', { has: page.getByRole('heading', { name: title }) });
  await panel('Latency').locator('canvas').waitFor();
  expect(await panel('States').first().locator('.states-span').first().getAttribute('title')).toMatch(
    /^(up|down|degraded), /,
  );
  expect(await panel('History of states').locator('.states-row').count()).toBe(3);
  // One of the four made-up series has holes: what has no value has no slice.
  expect([3, 4]).toContain(await panel('Shares').locator('.panel-body path').count());
  expect(await panel('Bars').locator('.bar-mark').count()).toBe(4);
  expect(await panel('Histogram').locator('.bar-mark').count()).toBeGreaterThan(5);
  const table = panel('Table, joined');
  expect(await table.locator('th').allInnerTexts()).toEqual(['device', 'Host', 'Now', 'Twice', 'Sum']);
  expect(await table.locator('tbody tr').count()).toBe(4);
  expect(await table.locator('td.is-filled').count()).toBe(4);
  expect(await table.locator('.cell-link').first().getAttribute('href')).toMatch(
    /^\/d\/other\?var-host=host-\d%3A9100$/,
  );
  expect(await page.locator('.dash-row').allInnerTexts()).toEqual(['Host alpha', 'Host beta']);
  await panel('Load of beta').locator('.stat-value').first().waitFor();
  await panel('Alerts').getByText('HighErrorRate').waitFor();
  await panel('Dashboards').getByText('Every kind of panel').waitFor();
  await page.getByRole('button', { name: 'Deploys' }).click();
  expect(new URL(page.url()).searchParams.get('mark-Deploys')).toBe('off');
  expect(complaints).toEqual([]);
});

test.skipIf(!hasBrowser)('options of panels are drawn as authored', async () => {
  const page = await open('/d/options', { viewport: { width: 1440, height: 2600 } });
  await page.waitForFunction(() => document.querySelectorAll('.dash-panel canvas').length >= 10);
  const panel = (title: string) =>
    page.locator('.dash-panel', { has: page.getByRole('heading', { name: title }) });
  const drawn = (title: string): Promise<ChartSpec> =>
    panel(title)
      .locator('.chart-plot')
      .evaluate((element) => (element as ChartHost).drawn!());
  expect((await drawn('Steps before')).lines[0]).toMatchObject({ draw: 'stepBefore', width: 3 });
  expect((await drawn('Dashes and dots')).lines[0]).toMatchObject({
    dash: [4, 8],
    points: 'always',
    pointSize: 7,
  });
  expect((await drawn('Bars before')).lines[0]).toMatchObject({ draw: 'bars', barAlign: -1, fill: 0.6 });
  const shares = await drawn('Stacked shares');
  expect(shares.bounds).toMatchObject({ min: 0, max: 100 });
  const last = shares.times.length - 1;
  expect(shares.lines.reduce((sum, one) => sum + (one.values[last] ?? 0), 0)).toBeCloseTo(100, 6);
  expect(await drawn('Logarithm')).toMatchObject({ logBase: 10, axisLabel: 'things' });
  expect((await drawn('By value')).lines[0]!.paint).toHaveLength(11);
  expect(await drawn('Limits as areas')).toMatchObject({
    thresholdStyle: 'dashed+area',
    thresholds: [{}, { value: 50 }, { value: 100 }],
  });
  const right = await drawn('Around zero, on the right');
  expect(right.bounds.isCentered).toBe(true);
  expect(right.lines.map(({ axis }) => axis)).toEqual(Array(4).fill('right'));
  expect((await drawn('Holes of a minute')).lines[0]!.spanGaps).toBe(60);
  const three = await drawn('Three units');
  expect(three).toMatchObject({ unit: 'short', rightUnit: 's', moreAxes: [{ unit: 'percent' }] });
  const axisOf = (name: string) => three.lines.find((one) => one.name === name)?.axis;
  expect(['a', 'b', 'c'].map(axisOf)).toEqual(['left', 'right', 'right percent']);
  expect(await panel('Three units').locator('.u-axis').count()).toBe(4);
  const old = await drawn('Of old: second axis');
  expect(old).toMatchObject({
    unit: 'bytes',
    rightUnit: 's',
    rightLabel: 'right',
    tooltip: { mode: 'single' },
  });
  expect(
    old.lines.map(({ name, draw, axis, dash }) => [name, draw, axis, dash !== undefined]).toSorted(),
  ).toEqual([
    ['a', 'step', 'right', false],
    ['b', 'step', 'left', true],
    ['c', 'step', 'left', false],
    ['d', 'step', 'left', false],
  ]);
  const valuesOf = (name: string) => old.lines.find((one) => one.name === name)!.values;
  expect(valuesOf('a').filter((value) => value === null || value === undefined)).toEqual([]);
  expect(valuesOf('b').filter((value) => value! > 0)).toEqual([]);

  await panel('Values on a ground').locator('.stat-tile.is-filled .stat-name').first().waitFor();
  expect(
    await panel('Fixed sizes')
      .locator('.is-centered .stat-value')
      .first()
      .evaluate((element) => getComputedStyle(element).fontSize),
  ).toBe('33px');
  expect(await panel('Limits beside the dial').locator('.gauge-label').first().textContent()).toBe('50');
  await panel('No ring of limits').locator('.gauge-arc').first().waitFor();
  expect(await panel('No ring of limits').locator('.gauge-step').count()).toBe(0);
  await panel('LCD, upright').locator('.bars.is-lcd.is-upright.has-no-track').waitFor();
  expect((await panel('Of old: coloured').locator('.stat-affix').allInnerTexts()).slice(0, 2)).toEqual([
    '~',
    '!',
  ]);
  await panel('Of old: coloured').locator('.stat-tile.is-filled.is-centered .sparkline').first().waitFor();
  const table = panel('Without a head');
  await table.locator('tfoot').waitFor();
  expect(await table.locator('thead').count()).toBe(0);
  await panel('A pie with names').locator('.panel-body path').first().waitFor();
  await panel('Lying bars').locator('.bar-mark').first().waitFor();
  await panel('Wide buckets').locator('.bar-mark').first().waitFor();

  const links = page.getByRole('navigation', { name: 'Links of this dashboard' });
  expect(await links.getByRole('link', { name: 'Wiki' }).getAttribute('target')).toBe('_blank');
  await links.getByRole('button', { name: 'All' }).click();
  expect(await links.getByRole('link', { name: 'Every kind of panel' }).getAttribute('href')).toMatch(
    /^\/d\/gallery\/\?from=now-1h&to=now$/,
  );
  expect(complaints).toEqual([]);
});

test.skipIf(!hasBrowser)(
  'a panel is seen alone, as a table and in Explore; what is hidden is in the address',
  async () => {
    const page = await open('/d/options');
    const panel = page.locator('.dash-panel').first();
    await panel.locator('canvas').waitFor();
    await panel.focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-panel'))).toBe('2');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('i');
    await page.getByRole('dialog').getByRole('columnheader', { name: 'Time' }).waitFor();
    await page.getByRole('tab', { name: 'Queries' }).click();
    await page.getByRole('dialog').getByText('things', { exact: true }).waitFor();
    await page.keyboard.press('Escape');
    await panel.locator('.legend-entry').nth(1).click();
    await page.waitForURL(/only-1=/);
    await page.reload();
    await page
      .locator('.dash-panel')
      .first()
      .locator('.legend-entry[aria-pressed="false"]')
      .first()
      .waitFor();
    await page.locator('.dash-panel').first().focus();
    await page.keyboard.press('v');
    await page.waitForURL(/viewPanel=1/);
    await page.locator('.dash-panel.is-alone canvas').waitFor();
    expect(await page.locator('.dash-panel').count()).toBe(1);
    await page.goBack();
    await page.waitForFunction(() => document.querySelectorAll('.dash-panel').length > 10);
    await page.goto(`${server.url}/d/options/x?fullscreen&panelId=2`);
    await page.locator('.dash-panel.is-alone', { hasText: 'Dashes and dots' }).waitFor();
    await page.keyboard.press('e');
    await page.waitForURL(/\/graph\?g0\.expr=things/);
    expect(complaints).toEqual([]);
  },
);

test.skipIf(!hasBrowser)('a rule is rehearsed with another threshold and another time', async () => {
  const page = await open('/alerts/HighErrorRate');
  const rehearsal = page.getByRole('region', { name: 'Rehearsal' });
  await rehearsal.getByText('It would have fired 3 times').waitFor();
  const asked = page.waitForRequest((request) => /"for":"1h"/.test(request.postData() ?? ''));
  await rehearsal.getByLabel(/^For/).fill('8');
  await asked;
  const lowered = page.waitForRequest((request) => / > 0\.0\d+"/.test(request.postData() ?? ''));
  await rehearsal.getByLabel(/^Threshold/).fill('20');
  await lowered;
  await rehearsal.getByRole('button', { name: 'As the rule is' }).click();
  await page.getByRole('region', { name: 'History' }).getByText('Fired 2 times, 30 min in all.').waitFor();
  expect(complaints).toEqual([]);
});

test.skipIf(!hasBrowser)(
  'what cannot be scraped says why, apart from what was dropped by rules',
  async () => {
    const page = await open('/');
    const dropped = (discoveredLabels: object, reason: string): object => ({
      discoveredLabels,
      scrapePool: 'shop',
      reason,
    });
    const data = {
      activeTargets: [],
      droppedTargets: [
        dropped({ job: 'shop' }, 'no targets from consul_sd_configs: not supported, use http_sd_configs'),
        dropped({ __address__: 'a:1', job: 'shop' }, 'dropped by relabel_configs'),
      ],
      droppedTargetCounts: { shop: 5 },
    };
    await page.route(/\/api\/v1\/targets/, (route) => route.fulfill({ json: { status: 'success', data } }));
    await page.goto(`${server.url}/targets`);
    await page.getByText('no targets from consul_sd_configs: not supported, use http_sd_configs').waitFor();
    await page.getByText('4 targets dropped by relabelling').click();
    expect(await page.locator('.dropped li').count()).toBe(1);
    expect(complaints).toEqual([]);
  },
);

test.skipIf(!hasBrowser)('keys move about, search finds, and a wall has no bars', async () => {
  const page = await open('/');
  await page.locator('.host-table').waitFor();
  await page.keyboard.type('gt');
  await page.waitForURL(/\/targets$/);
  const parked = page.locator('.parked');
  expect(await parked.innerText()).toContain('81,234 new series are not stored');
  await parked.locator('summary').click();
  expect(await parked.innerText()).toContain('regex: "http_requests_total;.+"');
  await page.getByText('2 targets dropped by relabelling').click();
  await page.locator('.dropped', { hasText: 'backend-canary:8000' }).waitFor();
  await page.evaluate(async () => {
    const press = (key: string) =>
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    press('/');
    // As fast as keys can come.
    await Promise.resolve().then(() => {});
    press('k');
  });
  expect(page.url()).not.toContain('kiosk');
  await page.keyboard.type('kind of');
  await page.locator('.palette-list .menu-item', { hasText: 'Every kind of panel' }).waitFor();
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/d\/gallery/);
  await page.keyboard.press('?');
  await page.getByRole('heading', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('heading', { name: 'Every kind of panel' }).waitFor();
  await page.keyboard.press('k');
  await page.locator('.top-bar').waitFor({ state: 'detached' });
  expect(await page.locator('.variable').count()).toBe(1);
  await page.getByRole('button', { name: 'Show the bars' }).focus();
  await page.keyboard.press('Enter');
  await page.locator('.top-bar').waitFor();
  expect(complaints).toEqual([]);
});

test.skipIf(!hasBrowser)('the theme is kept over a reload and applied before the first paint', async () => {
  const page = await open('/', { colorScheme: 'light' });
  await page.getByRole('button', { name: /^Appearance/ }).click();
  await page.getByRole('button', { name: 'Dark', exact: true }).click();
  await page.getByRole('button', { name: 'Colour-blind safe' }).click();
  expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
  // Without the page's own script: the theme does not wait for it.
  await page.route('**/assets/frame-*.js', (route) => route.abort());
  await page.reload();
  expect(await page.locator('main').count()).toBe(0);
  expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme)).toBe('dark');
  expect(await page.evaluate(() => document.documentElement.dataset.palette)).toBe('safe');
  // What is authored green, and the first of the series, are other colours than usual.
  await page.unroute('**/assets/frame-*.js');
  await page.goto(`${server.url}/d/options`);
  await page.locator('.stat-tile.is-filled').first().waitFor();
  const colors = await page
    .locator('.stat-tile.is-filled')
    .evaluateAll((tiles) => tiles.map((tile) => getComputedStyle(tile).backgroundColor));
  // A yellow that is authored in numbers stays as it is; which tiles have it changes with the made-up values.
  const named = colors.filter((color) => color.startsWith('oklch'));
  expect(named.length).toBeGreaterThan(0);
  for (const color of named)
    expect(Number(/^oklch\([\d.]+ [\d.]+ ([\d.]+)/.exec(color)![1]), color).not.toBe(150);
});

test.skipIf(!hasBrowser)(
  'when the server fails, the page keeps its data, says how old they are, and recovers by itself',
  async () => {
    const page = await open('/targets');
    await page.getByText('http://backend-1:8000/metrics').waitFor();
    server.api.scenario = 'broken';
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText(/These data are .* old: the log is being replayed/).waitFor();
    expect(await page.getByText('http://backend-1:8000/metrics').count()).toBe(1);
    server.api.scenario = 'busy';
    await page.getByRole('button', { name: 'Refresh now' }).click();
    await page.getByText(/These data are/).waitFor({ state: 'detached' });
  },
);

/** Everything that can be shown, once with what makes it long: names, errors, tables. */
const LAID_OUT = [
  '/',
  '/alerts',
  '/alerts?show=alerts',
  '/alerts?show=silences',
  '/alerts?show=sent',
  '/alerts?show=groups',
  '/alerts?show=incidents',
  '/incidents/2',
  '/alerts/LowDiskSpace',
  '/targets',
  '/graph?g0.expr=up&g0.tab=1',
  '/graph?g0.expr=node_things&g0.tab=0',
  '/dashboards',
  '/d/gallery',
  '/d/options',
  '/d/more-options',
  '/d/gallery?viewPanel=1',
  '/d/gallery?kiosk',
  '/status',
  '/access',
  '/nowhere',
];

test.skipIf(!hasBrowser).each(LAID_OUT)(
  '%s scrolls in one direction only, at every width and in both themes',
  async (path) => {
    const page = await open(path);
    await page.locator('main :is(table, ul, dl, canvas, form, .empty)').first().waitFor();
    for (const width of [1440, 1024, 390]) {
      await page.setViewportSize({ width, height: 844 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.evaluate(
          () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
        );
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        expect(wide, `${width} ${colorScheme}`).toBeLessThanOrEqual(width);
      }
    }
    if (!path.endsWith('kiosk')) expect(await page.locator('.bottom-bar .page-link').count()).toBe(5);
    expect(complaints).toEqual([]);
  },
);

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

test.skipIf(!hasBrowser)('on a phone an alert of a host with a long name stays within the page', async () => {
  const page = await open('/targets', PHONE);
  const instance =
    'a-rather-long-host-name-of-a-machine-somewhere.eu-central-1.compute.internal.example.com:9100';
  await page.route('**/api/v1/alerts', async (route) => {
    const answer = await (await route.fetch()).json();
    for (const alert of answer.data.alerts) alert.labels.instance = instance;
    return route.fulfill({ json: answer });
  });
  await page.goto(`${server.url}/alerts`);
  await page.locator('.instance .chip', { hasText: instance }).first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test.skipIf(!hasBrowser)('on a phone the reason why a configuration was refused is read whole', async () => {
  const page = await open('/targets', PHONE);
  const problem = `/etc/belfry/alerts/${'a-long-name-of-a-file/'.repeat(4)}host.yml:44:31: not valid YAML: Unexpected scalar at node end`;
  const at = '2026-11-29T00:01:00Z';
  await page.route('**/api/status', async (route) => {
    const config = { isSuccessful: false, readAt: at, triedAt: at, problem, warnings: [] };
    return route.fulfill({ json: { degraded: null, config } });
  });
  await page.goto(`${server.url}/status`);
  await page.getByText('not valid YAML: Unexpected scalar at node end').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test.skipIf(!hasBrowser)(
  'on a phone “Add to dashboard” opens within the page, and values are not broken',
  async () => {
    const page = await open('/graph?g0.expr=node_things&g0.tab=1', PHONE);
    const values = page.locator('.result-table td.num div');
    await values.first().waitFor();
    expect(
      await values.evaluateAll((all) => Math.max(...all.map((value) => value.getClientRects()[0]!.height))),
    ).toBeLessThan(24);
    await page.getByRole('tab', { name: 'Graph' }).tap();
    await page.getByRole('button', { name: 'Add to dashboard' }).tap();
    const box = (await page.locator('.add-popover').boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(390);
  },
);

test.skipIf(!hasBrowser)('the word of a state is not broken, also on a telephone', async () => {
  const page = await open('/alerts', { viewport: { width: 390, height: 844 } });
  await page.locator('.rule-head .state', { hasText: 'pending' }).first().waitFor();
  const heights = await page
    .locator('.rule-head .state')
    .evaluateAll((states) => states.map((state) => state.getBoundingClientRect().height));
  expect(Math.max(...heights)).toBeLessThan(24);
});

test.skipIf(!hasBrowser)('minutes after midnight the day under a history stays within the page', async () => {
  const page = await open('/login', { viewport: { width: 390, height: 844 }, timezoneId: 'UTC' });
  await page.clock.setSystemTime(new Date('2026-11-29T00:01:00Z'));
  await page.goto(`${server.url}/alerts/LowDiskSpace`);
  await page.locator('.firing-strip .time-ruler', { hasText: '29 Nov' }).first().waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
});

const PAGES = [
  '/',
  '/alerts',
  '/alerts?show=silences',
  '/alerts?show=incidents',
  '/incidents/2',
  '/alerts?show=sent',
  '/alerts?show=groups',
  '/alerts/HighErrorRate',
  '/targets',
  '/graph?g0.expr=node_things&g0.tab=0',
  '/dashboards',
  '/d/gallery',
  '/status',
];

test.skipIf(!hasBrowser).each(['light', 'dark'] as const)(
  'no page has a serious accessibility fault, %s',
  async (colorScheme) => {
    const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const faults: string[] = [];
    const page = await open('/', { colorScheme });
    for (const path of PAGES) {
      await page.goto(server.url + path);
      await isSettled(page);
      await page.evaluate(axe);
      // Another theme changes nothing but colours.
      const rules = colorScheme === 'dark' ? ', runOnly: ["color-contrast"]' : '';
      const found = (await page.evaluate(`axe.run({ resultTypes: ["violations"]${rules} })`)) as AxeResults;
      for (const { id, impact, nodes } of found.violations) {
        if (impact !== 'serious' && impact !== 'critical') continue;
        faults.push(...nodes.slice(0, 3).map((node) => `${path}: ${id}: ${node.target.join(' ')}`));
      }
    }
    expect(faults).toEqual([]);
  },
);
