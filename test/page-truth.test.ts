import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { CHROMIUM, hasChromium, hasNodeExporter, startFakeApp, startNodeExporter } from './harness/peers.ts';

const guide = path.resolve(import.meta.dirname, '../examples/guide/dashboards');
/** A public dashboard that may lie beside the project. */
const nodeFull = path.resolve(
  import.meta.dirname,
  '../../shared/dashboards/rfmoz__grafana-dashboards__node-exporter-full.json',
);
const canRun = hasChromium && hasNodeExporter && fs.existsSync(nodeFull);
if (!canRun)
  console.warn(
    'the truth of drawn series is NOT tested: it needs Chromium, node_exporter and shared/dashboards',
  );

/** Graphs opened of the large dashboard. */
const WANTED = 14;

/** What a chart's element carries. */
interface Drawn {
  readonly times: readonly number[];
  readonly bounds: { readonly max?: number };
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
}

interface RangeQuery {
  readonly query: string;
  readonly start?: number;
  readonly end?: number;
  readonly step?: number;
}

interface Matrix {
  readonly data: { readonly result: readonly { readonly values: readonly [number, string][] }[] };
}

test.skipIf(!canRun)(
  'what is drawn is what the API answers: panels of the guide and of node-exporter-full',
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('truth');
    stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const [app, node] = await Promise.all([startFakeApp(stack), startNodeExporter(stack)]);
    app.traffic = { ok: 50, failing: 5, slow: 10 };
    const config = path.join(folder, 'belfry.yaml');
    fs.writeFileSync(
      config,
      JSON.stringify({
        global: { scrape_interval: '1s' },
        scrape_configs: [
          { job_name: 'backend', static_configs: [{ targets: [app.address] }] },
          { job_name: 'node', static_configs: [{ targets: [node] }] },
        ],
        dashboards: [path.join(guide, '*.json'), nodeFull],
      }),
    );
    const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
    await eventually(
      'there are some points to draw',
      async () => (await belfry.query('count_over_time(node_load1[1h]) > 12'))[0],
    );
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
    });
    stack.defer(() => browser.close());
    let compared = 0;
    const wrong: string[] = [];
    for (const [uid, height] of [
      ['boardroom-main', 1200],
      ['rYdddlPWk', 2400],
    ] as const) {
      const page = await browser.newPage({ viewport: { width: 1440, height } });
      const asked: RangeQuery[] = [];
      page.on('request', (request) => {
        if (!request.url().endsWith('/api/batch')) return;
        asked.push(...(JSON.parse(request.postData() ?? '{}') as { queries: RangeQuery[] }).queries);
      });
      const now = Date.now();
      await page.goto(`${belfry.url}/d/${uid}/x?from=${now - 60_000}&to=${now}&refresh=off`);
      const canvases = page.locator('.dash-panel canvas');
      await canvases.first().waitFor();
      const closed = page.locator('.dash-row[aria-expanded="false"]');
      while ((await closed.count()) > 0 && (await canvases.count()) < WANTED) {
        const before = await canvases.count();
        await closed.first().click();
        await canvases.nth(before).waitFor();
        await page.waitForTimeout(500);
      }
      const charts = await page.locator('.dash-panel .chart-plot').evaluateAll((elements) =>
        elements.flatMap((element) => {
          const drawn = (element as unknown as { drawn?: () => unknown }).drawn?.();
          const title = element.closest('.dash-panel')?.getAttribute('aria-label') ?? '';
          return drawn ? [{ title, drawn: drawn as Drawn }] : [];
        }),
      );
      const truth = await answersOf(belfry.url, asked);
      for (const { title, drawn } of charts) {
        if (drawn.bounds.max === 100) continue; // shares of a stack are drawn, not values
        compared++;
        for (const line of drawn.lines) {
          const points = line.values.flatMap((value, i) =>
            value === null || value === undefined ? [] : [`${drawn.times[i]} ${Math.abs(value)}`],
          );
          if (!truth.some((series) => points.length > 0 && points.every((point) => series.has(point))))
            wrong.push(`${title}: ${line.name}`);
        }
      }
      await page.close();
    }
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(10);
  },
);

/** Every series of the API's own answers, as `time value`; the sign is left out: some are drawn downwards. */
async function answersOf(url: string, asked: readonly RangeQuery[]): Promise<Set<string>[]> {
  const found: Set<string>[] = [];
  const seen = new Set<string>();
  for (const { query, start, end, step } of asked) {
    const key = `${query} ${start} ${end} ${step}`;
    if (step === undefined || seen.has(key)) continue;
    seen.add(key);
    const parameters = new URLSearchParams({
      query,
      start: String(start),
      end: String(end),
      step: String(step),
    });
    const answer = (await (await fetch(`${url}/api/v1/query_range?${parameters}`)).json()) as Matrix;
    for (const { values } of answer.data.result)
      found.push(new Set(values.map(([time, value]) => `${time} ${Math.abs(Number(value))}`)));
  }
  return found;
}
