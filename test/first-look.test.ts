import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { startAppliance, temporaryFolder } from './harness/appliance.ts';
import { CHROMIUM, hasChromium } from './harness/peers.ts';

/** A step of the range below is five minutes: on the grid alone nothing would be seen for as long. */
const DAY = 'from=now-24h&to=now';

/** What a chart's element carries. */
interface Plotted {
  drawn?: () => {
    readonly lines: readonly { readonly values: readonly unknown[] }[];
    readonly range: readonly [number, number];
  };
}

test.skipIf(!hasChromium)(
  'a monitor started a moment ago shows its first points on Home and on a dashboard, whatever the range',
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('first-look');
    stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const panels = [
      { type: 'timeseries', title: 'Load', targets: [{ expr: 'node_load1' }] },
      { type: 'stat', title: 'Load now', targets: [{ expr: 'node_load1' }] },
    ];
    const file = path.join(folder, 'first.json');
    fs.writeFileSync(file, JSON.stringify({ uid: 'first', title: 'First', refresh: '', panels }));
    const config = path.join(folder, 'belfry.yaml');
    fs.writeFileSync(config, JSON.stringify({ host: {}, self: {}, dashboards: [file] }));
    const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
    });
    stack.defer(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1440, height: 1200 } });
    const pointsOf = (label: string): Promise<readonly (readonly unknown[])[]> =>
      page
        .locator(`.chart-plot[aria-label^="${label}"]`)
        .evaluate((element) =>
          (element as unknown as Plotted).drawn!().lines.map(({ values }) =>
            values.filter((value) => value !== null && value !== undefined),
          ),
        );
    await page.goto(`${belfry.url}/?${DAY}`);
    for (const label of ['Memory of', 'Load of', 'Disk space used of']) {
      await page.locator(`.chart-plot[aria-label^="${label}"] canvas`).waitFor();
      const lines = await pointsOf(label);
      expect([label, lines.length > 0 && lines.every((points) => points.length > 0)]).toEqual([label, true]);
    }
    // A range that nobody chose begins with the first data, five minutes ago at least.
    await page.goto(belfry.url);
    const memory = page.locator('.chart-plot[aria-label^="Memory of"]');
    await memory.locator('canvas').waitFor();
    const shown = await memory.evaluate((element) => (element as unknown as Plotted).drawn!().range);
    expect(shown[1] - shown[0]).toBeLessThan(900);
    await page.getByText(/^data since \d\d:\d\d/).waitFor();
    await page.goto(`${belfry.url}/d/first/x?${DAY}`);
    await page.locator('.dash-panel canvas').waitFor();
    expect((await pointsOf('Load'))[0]!.length).toBeGreaterThan(0);
    await page.locator('.stat-value').filter({ hasText: /\d/ }).waitFor();
  },
);
