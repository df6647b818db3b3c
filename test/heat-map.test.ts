import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { CHROMIUM, hasChromium } from './harness/peers.ts';

if (!hasChromium) console.warn('the heat map is NOT tested: it needs Chromium');

test.skipIf(!hasChromium)('a heat map tells what is under the pointer and is looked at closer', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('heat');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `global: { scrape_interval: 1s, evaluation_interval: 1s }
self: {}
groups: [{ name: one, rules: [{ record: a, expr: vector(1) }] }]
`,
  );
  const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  const counts = 'belfry_rule_evaluation_duration_seconds_bucket';
  await eventually(
    'ten seconds of buckets',
    async () => Number((await belfry.query(`max(count_over_time(${counts}[1m]))`))[0]?.value) >= 10,
  );
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu'],
  });
  stack.defer(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(60_000);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(`${belfry.url}/graph?g0.expr=${counts}&g0.tab=0&from=now-1m&to=now`);
  await page.getByRole('button', { name: 'Heat map' }).click();
  const plot = page.locator('.heat-plot');
  const { x, y, width, height } = (await plot.boundingBox())!;
  const tip = page.locator('.chart-tip');
  for (const [across, down] of [
    [0.97, 0.95],
    [0.97, 0.05],
    [0.05, 0.95],
  ] as const) {
    await page.mouse.move(x + width * across, y + height * down);
    const box = (await tip.boundingBox())!;
    const isWithin =
      box.x >= x && box.x + box.width <= x + width && box.y >= y && box.y + box.height <= y + height;
    expect([across, down, isWithin]).toEqual([across, down, true]);
  }
  expect(await tip.innerText()).toMatch(/^\d\d:\d\d:\d\d\n≤ 1 ms\n/);
  // The pointer rests where the closer range has no column.
  await page.mouse.move(x + width * 0.8, y + 50);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.95, y + 50, { steps: 4 });
  const answered = page.waitForResponse(/\/api\/v1\/query_range/);
  await page.mouse.up();
  await page.waitForURL(/g0\.range_input=\ds/);
  await (await answered).finished();
  await page.evaluate(
    'new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(drawn, 50))))',
  );
  expect(problems).toEqual([]);
  expect(await plot.count()).toBe(1);
});
