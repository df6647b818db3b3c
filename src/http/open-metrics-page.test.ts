import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { OpenMetricsParser } from '../exposition/open-metrics-parser.ts';
import { openMetricsPage } from './open-metrics-page.ts';

async function page(): Promise<{ registry: Registry; text: string }> {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: 'a_total', help: 'Things.', registers, labelNames: ['x'] }).inc({ x: 'y' }, 3);
  new Counter({ name: 'odd', help: 'Not named as a counter.', registers }).inc();
  new Gauge({ name: 'g', help: 'Level.', registers }).set(1.5);
  new Histogram({ name: 'h_seconds', help: 'Time.', buckets: [1], registers }).observe(0.5);
  return { registry, text: await registry.metrics() };
}

test('families of counters lose their suffix, samples keep it, and the end is marked', async () => {
  const { registry, text } = await page();
  const open = openMetricsPage(text);
  expect(open).toContain('# HELP a Things.\n# TYPE a counter\na_total{x="y"} 3\n');
  expect(open).toContain('# TYPE odd unknown\nodd 1\n');
  expect(open.endsWith('\n# EOF\n')).toBe(true);
  expect(await registry.metrics()).toBe(text);
});

test('a strict parser reads every sample of it', async () => {
  const parser = new OpenMetricsParser(new TextEncoder().encode(openMetricsPage((await page()).text)));
  const names: string[] = [];
  for (let entry = parser.next(); entry !== 'end'; entry = parser.next()) {
    if (entry === 'sample') names.push(parser.labels()[1]!);
  }
  expect(names).toEqual([
    'a_total',
    'odd',
    'g',
    'h_seconds_bucket',
    'h_seconds_bucket',
    'h_seconds_sum',
    'h_seconds_count',
  ]);
});
