import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { hasBrowser, type PageBrowser, startPageBrowser } from './page-browser.ts';

let browser: PageBrowser;

beforeAll(async () => {
  if (hasBrowser) browser = await startPageBrowser();
});
afterAll(async () => browser?.close());
afterEach(async () => browser?.closePage());

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const hosts = (i: number): string => `host-${String(i).padStart(4, '0')}:9100`;

const rules = {
  groups: numbers(20).map((group) => ({
    name: `group-${group}`,
    file: 'rules.yml',
    interval: 60,
    evaluationTime: 0.1,
    lastEvaluation: '2026-01-01T00:00:00Z',
    rules: numbers(50).map((i) => ({
      type: 'alerting',
      name: `Rule${group}x${i}`,
      query: `metric_${i} > ${group}`,
      duration: 60,
      labels: { team: `team-${group}` },
      annotations: {},
      alerts: [],
      health: 'ok',
      state: 'inactive',
      evaluationTime: 0.001,
      lastEvaluation: '2026-01-01T00:00:00Z',
    })),
  })),
};
const targets = {
  activeTargets: numbers(1000).map((i) => ({
    labels: { job: 'many', instance: hosts(i) },
    discoveredLabels: {},
    scrapePool: 'many',
    scrapeUrl: `http://${hosts(i)}/metrics`,
    globalUrl: `http://${hosts(i)}/metrics`,
    lastError: '',
    lastScrape: '2026-01-01T00:00:00Z',
    lastScrapeDuration: 0.01,
    health: 'up',
    scrapeInterval: '15s',
    scrapeTimeout: '10s',
  })),
};
const alerts = {
  alerts: numbers(10_000).map((i) => ({
    labels: { alertname: 'Many', job: 'many', instance: hosts(i) },
    annotations: { summary: `Alert ${i}` },
    state: 'firing',
    activeAt: new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString(),
    value: '1e+00',
  })),
};

/** The page at an address with a thousand of everything, and ten thousand alerts. */
async function open(address: string): Promise<Page> {
  const page = await browser.open('/login');
  for (const [path, data] of Object.entries({ rules, targets, alerts }))
    await page.route(new RegExp(`/api/v1/${path}(\\?|$)`), (route) =>
      route.fulfill({ json: { status: 'success', data } }),
    );
  await page.goto(browser.server.url + address);
  return page;
}

test.skipIf(!hasBrowser).each([
  ['/alerts', '.rule', 'Show all 1000 rules', 'Filter rules', 'Rule19x49'],
  ['/targets', '.target-table tbody tr', 'Show all 1000 targets', 'Filter targets', 'host-0999'],
])(
  '%s draws a long list as far as it is looked at; the filter sees all of it',
  async (address, row, all, filter, last) => {
    const page = await open(address);
    const rows = page.locator(row);
    await rows.first().waitFor();
    const atFirst = await rows.count();
    expect(atFirst).toBeLessThanOrEqual(40);

    await page.waitForFunction(
      ([row, count]) => {
        scrollTo(0, document.documentElement.scrollHeight);
        return document.querySelectorAll(row).length > count;
      },
      [row, atFirst] as const,
    );
    await page.getByLabel(filter).fill(last);
    await page.waitForFunction((row) => document.querySelectorAll(row).length === 1, row);
    await rows.filter({ hasText: last }).waitFor();

    await page.getByLabel(filter).fill('');
    // By key: as the button comes into view the list grows, and it moves on.
    await page.getByRole('button', { name: all }).press('Enter');
    await page.waitForFunction((row) => document.querySelectorAll(row).length === 1000, row);
    expect(browser.complaints).toEqual([]);
  },
);

test.skipIf(!hasBrowser)(
  'a closed group of rules draws none; a filter opens what it finds, and what is closed stays so',
  async () => {
    const page = await open('/alerts?show=groups');
    await page.locator('.rule-group-item').nth(19).waitFor();
    expect(await page.locator('.rule-table tbody tr').count()).toBe(0);
    await page.getByLabel('Filter rules').fill('Rule7x');
    await page.waitForFunction(() => document.querySelectorAll('.rule-table tbody tr').length === 40);
    await page.locator('.rule-group-item summary').click();
    await page.waitForFunction(() => document.querySelectorAll('.rule-table tbody tr').length === 0);
    await page.getByLabel('Filter rules').fill('Rule7x1');
    await page.waitForFunction(() => document.querySelectorAll('.rule-table tbody tr').length === 11);
  },
);

test.skipIf(!hasBrowser)(
  'ten thousand alerts leave Home its hosts, and are listed from the oldest',
  async () => {
    const page = await open('/');
    await page.locator('.alert-row').first().waitFor();
    expect(await page.locator('.alert-row').count()).toBe(20);
    await page.locator('.host-table tbody tr').first().waitFor();
    await page.getByRole('link', { name: 'Show all 10000 alerts' }).click();
    await page.locator('.alert-row', { hasText: 'host-0039:9100' }).waitFor();
    const texts = await page.locator('.alert-subject').allInnerTexts();
    expect(texts.slice(0, 3)).toEqual(numbers(3).map((i) => `many · ${hosts(i)}`));
    expect(texts.length).toBeLessThan(500);
    expect(browser.complaints).toEqual([]);
  },
);
