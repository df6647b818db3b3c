import fs from 'node:fs';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { type Appliance, eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { CHROMIUM, hasChromium } from './harness/peers.ts';

interface Site {
  readonly belfry: Appliance;
  readonly page: Page;
  /** Of the watched dashboards. */
  readonly folder: string;
  put(name: string, dashboard: object | string): void;
}

/** An appliance that watches a folder and scrapes itself, with a page of a browser on it. */
async function site(stack: AsyncDisposableStack): Promise<Site> {
  const root = temporaryFolder('page-live');
  stack.defer(() => fs.rmSync(root, { recursive: true, force: true }));
  const folder = path.join(root, 'dashboards');
  fs.mkdirSync(folder);
  const put: Site['put'] = (name, dashboard) =>
    fs.writeFileSync(
      path.join(folder, name),
      typeof dashboard === 'string' ? dashboard : JSON.stringify(dashboard),
    );
  put('first.json', { uid: 'first', title: 'First', panels: [] });
  const config = path.join(root, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `self: { scrape_interval: 1s }
dashboards: [dashboards/*.json]
route: { receiver: team }
receivers:
  - name: team
    webhook_configs: [{ url: 'http://127.0.0.1:1/very-secret-path' }]
`,
  );
  const belfry = await startAppliance(stack, { config, data: path.join(root, 'data') });
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
  });
  stack.defer(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(120_000);
  return { belfry, page, folder, put };
}

test.skipIf(!hasChromium)('what changes in a watched folder shows on open pages', async () => {
  await using stack = new AsyncDisposableStack();
  const { belfry, page, folder, put } = await site(stack);
  await page.goto(`${belfry.url}/dashboards`);
  const list = page.locator('.dashboard-list');
  await list.getByRole('link', { name: 'First' }).waitFor();
  put('second.json', { uid: 'second', title: 'Second', panels: [] });
  await list.getByRole('link', { name: 'Second' }).waitFor();
  fs.rmSync(path.join(folder, 'second.json'));
  await list.getByRole('link', { name: 'Second' }).waitFor({ state: 'detached' });

  await list.getByRole('link', { name: 'First' }).click();
  await page.getByRole('heading', { name: 'First' }).waitFor();
  const panels = [{ type: 'stat', title: 'Up', targets: [{ expr: 'sum(up)' }] }];
  put('first.json', { uid: 'first', title: 'First, edited', panels });
  await page.getByRole('heading', { name: 'First, edited' }).waitFor();
  await page.locator('.dash-panel', { hasText: 'Up' }).waitFor();
  // Half a file, as an editor may leave it for a moment, takes nothing away.
  put('first.json', '{"uid": "first", "title": ');
  await eventually('the file was refused', async () => /first\.json/.test(belfry.output()));
  await page.waitForTimeout(2000);
  expect(await page.getByRole('heading', { name: 'First, edited' }).count()).toBe(1);
});

test.skipIf(!hasChromium)(
  'Status tells of storage, series, flags and configuration, without secrets',
  async () => {
    await using stack = new AsyncDisposableStack();
    const { belfry, page } = await site(stack);
    await eventually('it has scraped itself', async () => (await belfry.query('up'))[0]);
    // By itself it would write within half a minute.
    expect((await fetch(`${belfry.url}/api/v1/admin/flush`, { method: 'POST' })).status).toBe(200);
    await page.goto(`${belfry.url}/status`);
    const facts = (title: string) =>
      page.locator('section', { has: page.getByRole('heading', { name: title, exact: true }) });
    await facts('Build').getByText('0.1.0').waitFor();
    await facts('Run time').getByText('succeeded').waitFor();
    expect(
      Number((await facts('In memory').locator('dd').first().innerText()).replaceAll(/\D/g, '')),
    ).toBeGreaterThan(50);
    await facts('On disk by day').getByText('being written').waitFor();
    await facts('Command line').getByText('--data', { exact: true }).waitFor();
    const config = page.locator('pre.code.is-tall');
    await config.getByText('scrape_interval: 1s').waitFor();
    expect(await config.innerText()).toContain('<secret>');
    expect(await page.content()).not.toContain('very-secret-path');
    // The metric with most series is opened: what makes it many.
    await page
      .getByRole('button', { name: /belfry_\w+/ })
      .first()
      .click();
    await page.locator('.labels-of', { hasText: 'values by label' }).locator('.chip').first().waitFor();
  },
);

test.skipIf(!hasChromium)('leaving a dashboard ends what it made the server evaluate', async () => {
  await using stack = new AsyncDisposableStack();
  const { belfry, page, put } = await site(stack);
  /** Sorts 600,000 values for each of its points: half a minute of work. */
  const slow = 'quantile_over_time(0.5, vector(1)[7d:1s])';
  put('slow.json', {
    uid: 'slow',
    title: 'Slow',
    refresh: '',
    time: { from: 'now-6h', to: 'now' },
    panels: [{ type: 'timeseries', title: 'Slow', targets: [{ expr: slow }] }],
  });
  interface Query {
    readonly query: string;
    readonly state: string;
  }
  const states = async (): Promise<string[]> =>
    (await belfry.get<Query[]>('/api/queries'))
      .filter(({ query }) => query === slow)
      .map(({ state }) => state);
  await eventually('the dashboard is known', async () => {
    await belfry.get('/api/dashboards/slow');
    return true;
  });
  await page.goto(`${belfry.url}/d/slow/x`);
  await eventually('it is evaluated', async () => (await states()).includes('running'));
  await page.locator('.top-bar').getByRole('link', { name: 'Targets' }).click();
  const ended = await eventually('it is ended', async () => {
    const found = await states();
    return found.length > 0 && !found.includes('running') && !found.includes('waiting') && found;
  });
  expect(ended).not.toContain('done');
});
