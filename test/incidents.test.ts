import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { hashPassword } from '../src/access/password.ts';
import { eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { CHROMIUM, hasChromium } from './harness/peers.ts';

if (!hasChromium) console.warn('incidents in the page are NOT tested: it needs Chromium');

interface StatusPage {
  readonly state: string;
  readonly services: readonly {
    readonly name: string;
    readonly state: string;
    readonly days: readonly object[];
  }[];
  readonly incidents: readonly { readonly title: string; readonly status: string }[];
}

async function site(stack: AsyncDisposableStack) {
  const folder = temporaryFolder('incidents');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
web:
  users: { ria: { role: responder, password_hash: '${await hashPassword('on call')}' } }
scrape_configs: [{ job_name: gone, static_configs: [{ targets: ['127.0.0.1:1'] }] }]
groups: [{ name: shop, rules: [{ alert: ShopSlow, expr: vector(1), labels: { service: shop }, annotations: { summary: The shop is slow } }] }]
status_page:
  title: Our <services>
  services:
    - { name: Shop, matchers: ['service="shop"'] }
    - { name: Gone, expr: 'up{job="gone"}' }
`,
  );
  const start = () => startAppliance(stack, { config, data: path.join(folder, 'data') });
  return { belfry: await start(), start };
}

test('a status page is seen without login, and nothing else; its past outlives a restart', async () => {
  await using stack = new AsyncDisposableStack();
  const { belfry, start } = await site(stack);
  const told = async (url: string): Promise<StatusPage> =>
    (await (await fetch(`${url}/status-page.json`)).json()) as StatusPage;
  await eventually('both services are known', async () => {
    const { services } = await told(belfry.url);
    return services.map(({ state }) => state).join() === 'degraded,down';
  });
  const page = await fetch(`${belfry.url}/status-page`);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
  const html = await page.text();
  expect(html).toContain('<title>Our &lt;services&gt;</title>');
  expect(html).toContain('Gone is down.');
  expect(html).not.toMatch(/<script|127\.0\.0\.1|ShopSlow/);
  const [, css] = /<link rel="stylesheet"[^>]* href="([^"]+)"/.exec(html)!;
  expect((await fetch(belfry.url + css)).status).toBe(200);
  for (const closed of ['/api/incidents', '/api/services', '/', '/api/v1/alerts'])
    expect((await fetch(belfry.url + closed, { redirect: 'manual' })).status, closed).not.toBe(200);
  belfry.kill('SIGTERM');
  await belfry.ended;
  const again = await start();
  expect((await told(again.url)).services[1]!.days).toHaveLength(1);
});

test.skipIf(!hasChromium)('from an alert to its incident, the status page, and the report', async () => {
  await using stack = new AsyncDisposableStack();
  const { belfry } = await site(stack);
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu'],
  });
  stack.defer(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(`${belfry.url}/alerts?show=alerts`);
  await page.getByLabel('User').or(page.getByLabel('Name')).first().fill('ria');
  await page.getByLabel('Password').fill('on call');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'ShopSlow' }).first().click();
  await page.getByRole('button', { name: 'New incident' }).click();
  const dialog = page.getByRole('dialog');
  expect(await dialog.getByLabel('Title').inputValue()).toBe('The shop is slow');
  expect(await dialog.getByLabel('Who').inputValue()).toBe('ria');
  await dialog.getByLabel('What is known').fill('We <b>look</b>.');
  await dialog.getByLabel('Shop').check();
  await dialog.getByLabel('On the status page').check();
  await dialog.getByRole('button', { name: 'Begin' }).click();
  await page.waitForURL('**/incidents/1');
  await page.locator('.incident-alerts', { hasText: 'ShopSlow' }).waitFor();
  expect(await page.locator('.incident-updates').innerText()).toContain('We <b>look</b>.');

  await page.getByLabel('What is new').fill('It was the cache.');
  await page.getByRole('button', { name: 'resolved' }).click();
  await page.getByRole('button', { name: 'Add' }).click();
  await page.locator('.incident-updates', { hasText: 'It was the cache.' }).waitFor();
  expect(await page.locator('.page-head').innerText()).toContain('resolved');
  const [report] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Report' }).click(),
  ]);
  expect(fs.readFileSync(await report.path(), 'utf8')).toMatch(
    /\*\*resolved\*\* \(ria\): It was the cache\.[\s\S]*\*\*ShopSlow\*\* service=shop/,
  );

  await page.goto(`${belfry.url}/alerts?show=incidents`);
  await page.locator('.incident', { hasText: 'The shop is slow' }).waitFor();
  expect(await page.locator('.service-states').innerText()).toMatch(/Shop[\s\S]*Gone/);
  await eventually('the status page tells of it', async () => {
    const { incidents } = (await (await fetch(`${belfry.url}/status-page.json`)).json()) as StatusPage;
    return incidents.some(({ title, status }) => title === 'The shop is slow' && status === 'resolved');
  });
  expect(await (await fetch(`${belfry.url}/status-page`)).text()).toContain('We &lt;b&gt;look&lt;/b&gt;.');
  await page.goto(`${belfry.url}/incidents/1`);
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('button', { name: 'Really remove' }).click();
  await page.waitForURL('**/alerts?show=incidents');
  await page.getByText('The shop is slow').waitFor({ state: 'detached' });
  expect(problems).toEqual([]);
});
