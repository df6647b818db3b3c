import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { expect, test } from 'vitest';
import { eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { CHROMIUM, hasChromium } from './harness/peers.ts';

if (!hasChromium) console.warn('the tree of an expression is NOT looked at: it needs Chromium');

interface Explained {
  readonly query: string;
  readonly seriesOut: number;
  readonly children: readonly Explained[];
}

test.skipIf(!hasChromium)(
  'Explore shows an expression as the tree the server says it was evaluated as',
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('explain');
    stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const config = path.join(folder, 'belfry.yaml');
    fs.writeFileSync(config, 'self: {scrape_interval: 1s}\n');
    const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
    const expr =
      'sum by (job) (process_resident_memory_bytes) / 1024 + on (job) group_left nothing_has_this_name';
    await eventually(
      'there is a sample',
      async () => (await belfry.query('process_resident_memory_bytes'))[0],
    );
    const { data } = await belfry.get<{ data: { explain: Explained } }>(
      `/api/v1/query?explain=true&query=${encodeURIComponent(expr)}`,
    );
    const nodes: [string, number][] = [];
    const walk = (node: Explained): void => {
      nodes.push([node.query, node.seriesOut]);
      node.children.forEach(walk);
    };
    walk(data.explain);
    expect(nodes.length).toBeGreaterThan(4);

    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
    });
    stack.defer(() => browser.close());
    const page = await browser.newPage();
    await page.goto(`${belfry.url}/graph?${new URLSearchParams({ 'g0.expr': expr, 'g0.tab': 'table' })}`);
    await page.getByRole('button', { name: 'Tree' }).click({ timeout: 60_000 });
    const tree = page.getByRole('tree', { name: 'The expression as a tree' });
    await tree.waitFor({ timeout: 60_000 });
    const rows = await tree.getByRole('treeitem').evaluateAll((items) =>
      items.map((item) => {
        const [text, series] = Array.from(
          item.children as Iterable<{ textContent: string | null }>,
          (cell) => cell.textContent ?? '',
        );
        return [text!, series!];
      }),
    );
    expect(rows).toEqual(
      nodes.map(([query, series]) => [
        series === 0 && query !== '1024' ? `${query} gives nothing` : query,
        String(series),
      ]),
    );
    expect(rows).toContainEqual(['nothing_has_this_name gives nothing', '0']);
  },
);
