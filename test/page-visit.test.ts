import fs from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { chromium, type Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { eventually } from './harness/appliance.ts';
import { CHROMIUM, hasChromium, hasNodeExporter } from './harness/peers.ts';
import { startSite } from './harness/site.ts';

const canRun = hasChromium && hasNodeExporter;
if (!canRun) console.warn('a visit to every page is NOT made: it needs Chromium and node_exporter');

const RANGE = 'from=now-5m&to=now';

/** Every page of the executable, each with what it shows once its data are there. */
const VISITED = (fingerprint: string): readonly (readonly [address: string, shown: string])[] => [
  [`/?${RANGE}`, '.host-table .spark, .host-table svg'],
  ['/alerts', '.rule'],
  ['/alerts?show=alerts', '.alert-row'],
  ['/alerts?show=silences', 'main .empty'],
  ['/alerts?show=sent', '.sent'],
  ['/alerts?show=groups', '.rule-group-item'],
  [`/alerts/${fingerprint}?${RANGE}`, '.trace-step'],
  ['/alerts?show=incidents', '.incident'],
  ['/incidents/1', '.incident-alerts a'],
  ['/status-page', '.status-incident'],
  ['/targets', '.target-table'],
  ['/graph?g0.expr=node_load1&g0.tab=1', 'main table'],
  ['/graph?g0.expr=rate(node_cpu_seconds_total[30s])&g0.tab=0&g0.range_input=5m', 'main canvas'],
  ['/dashboards', '.dashboard-list'],
  [`/d/boardroom-main/x?${RANGE}`, '.dash-panel canvas'],
  [`/d/belfry-self/x?${RANGE}`, '.dash-panel canvas'],
  [`/d/gallery/x?${RANGE}`, '.dash-panel canvas'],
  ['/status', 'main dl'],
  ['/access', 'main'],
  ['/login', 'form, main'],
  ['/nowhere', '.empty'],
];

test.skipIf(!canRun)(
  'every page of the executable stands in both themes and at three widths, without complaint or fault',
  async () => {
    await using stack = new AsyncDisposableStack();
    const { belfry } = await startSite(stack);
    await eventually(
      'an alert fires and was sent',
      async () =>
        (await belfry.query('ALERTS{alertname="HighErrorRate", alertstate="firing"}'))[0] !== undefined &&
        (await belfry.get<unknown[]>('/api/notifications')).length > 0,
    );
    await fetch(`${belfry.url}/api/incidents`, {
      method: 'POST',
      body: JSON.stringify({ title: 'Errors', services: ['Backend'], isPublic: true, text: 'We look.' }),
    });
    const [alert] = await belfry.get<{ fingerprint: string }[]>(
      '/api/v2/alerts?filter=alertname="HighErrorRate"',
    );
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
    });
    stack.defer(() => browser.close());
    const axe = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
    const complaints: string[] = [];
    for (const [address, shown] of VISITED(alert!.fingerprint)) {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      page.setDefaultTimeout(120_000);
      const told = (what: string): void => void complaints.push(`${address}: ${what}`);
      page.on('pageerror', (error) => told(error.message));
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) told(message.text());
      });
      page.on('response', (answer) => answer.status() >= 400 && told(`${answer.status()} ${answer.url()}`));
      page.on('request', (request) => {
        if (!request.url().startsWith(belfry.url)) told(`asks ${request.url()}`);
      });
      await page.goto(belfry.url + address);
      await page.locator(shown).first().waitFor({ state: 'attached' });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        for (const width of [390, 1024, 1440]) {
          await page.setViewportSize({ width, height: 900 });
          await drawn(page);
          const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
          if (wide > width) told(`${wide} px wide at ${width}, ${colorScheme}`);
        }
        for (const fault of await seriousFaults(page, axe)) told(`${colorScheme}: ${fault}`);
      }
      await page.close();
    }
    expect(complaints).toEqual([]);
  },
);

const drawn = (page: Page): Promise<unknown> =>
  page.evaluate('new Promise((later) => requestAnimationFrame(() => requestAnimationFrame(later)))');

/** What axe calls serious or critical, at most three places of each. */
async function seriousFaults(page: Page, axe: string): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = (await page.evaluate(`axe.run({ resultTypes: ['violations'] })`)) as AxeResults;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.slice(0, 3).map((node) => `${id}: ${node.target.join(' ')}`));
}
