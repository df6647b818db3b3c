import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ChartHost, ChartLine, ChartSpec } from '../src/chart/chart-spec.ts';
import { hasBrowser, isSettled, type PageBrowser, startPageBrowser } from './page-browser.ts';

/** What an author can set on a panel is drawn: read from the charts' own data and from the page. */
let browser: PageBrowser;
let complaints: string[];
let page: Page;

beforeAll(async () => {
  if (!hasBrowser) return;
  browser = await startPageBrowser();
  complaints = browser.complaints;
  page = await browser.open('/d/more-options/x?refresh=off', { viewport: { width: 1440, height: 3400 } });
  await panel('Its own day, an hour earlier').locator('canvas').waitFor();
  await isSettled(page);
}, 120_000);
afterAll(async () => browser?.close());
afterEach(() => {
  if (hasBrowser) expect(complaints).toEqual([]);
});

const panel = (title: string): Locator => page.locator(`.dash-panel[aria-label="${title}"]`);
const drawn = async (title: string): Promise<ChartSpec> => {
  await panel(title).locator('canvas').waitFor();
  return panel(title)
    .locator('.chart-plot')
    .evaluate((element) => (element as ChartHost).drawn!());
};
const line = ({ lines }: ChartSpec, name: string): ChartLine => lines.find((one) => one.name === name)!;
/** Heights of what is left free between the cells of a heat map, down its fullest column, in pixels of the canvas. */
const rowGaps = (title: string): Promise<number[]> =>
  panel(title)
    .locator('.heat-plot canvas')
    .evaluate((element) => {
      const { width, height } = element as HTMLCanvasElement;
      const { data } = (element as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
      const column = (x: number): string =>
        Array.from({ length: height }, (_, y) => (data[4 * (y * width + x) + 3] === 0 ? ' ' : '#')).join('');
      const columns = Array.from({ length: width }, (_, x) => column(x));
      const painted = (text: string): number => text.split('#').length;
      const fullest = columns.reduce((best, one) => (painted(one) > painted(best) ? one : best));
      return (fullest.trim().match(/ +/g) ?? []).map((gap) => gap.length);
    });
test.skipIf(!hasBrowser)('time series: lines, points, bars, stacks and axes', async () => {
  expect(line(await drawn('Smooth, areas by hue'), 'a')).toMatchObject({
    draw: 'smooth',
    fill: 0.4,
    isGradient: true,
    points: 'never',
  });
  expect(line(await drawn('Points of ten'), 'a')).toMatchObject({ draw: 'points', pointSize: 10 });
  const bars = await drawn('Bars after, steps after');
  expect(line(bars, 'a')).toMatchObject({ draw: 'bars', barAlign: 1 });
  expect(line(bars, 'b')).toMatchObject({ draw: 'step' });
  const stacked = await drawn('Stacked, one beside');
  expect(['a', 'b', 'c', 'd'].map((name) => line(stacked, name).stack === undefined)).toEqual([
    false,
    false,
    true,
    false,
  ]);
  expect(await drawn('Soft ends, two decimals')).toMatchObject({
    bounds: { softMin: -50, softMax: 500 },
    axisLabel: 'softly',
    unit: 'ms',
    decimals: 2,
  });
  const hard = await drawn('Hard ends, colours of the axis');
  expect(hard).toMatchObject({ bounds: { min: 0, max: 60 }, isColored: true });
  expect(new Set(hard.lines.map(({ color }) => color)).size).toBe(1);
  const bare = await drawn('No axis, connected, dots');
  expect(bare.isHidden).toBe(true);
  expect(line(bare, 'a')).toMatchObject({ spanGaps: true, dash: [0, 10] });
  expect(await panel('No axis, connected, dots').locator('.u-axis').count()).toBe(1);
  const limits = await drawn('Threshold line, in percent');
  expect(limits).toMatchObject({ thresholdStyle: 'line', thresholds: [{}, { value: 100 }, { value: 200 }] });
  const shifted = await drawn('Its own day, an hour earlier');
  expect(shifted.range[1] - shifted.range[0]).toBe(86_400);
  expect(Date.now() / 1000 - shifted.range[1]).toBeGreaterThan(3500);
});

test.skipIf(!hasBrowser)(
  'time series: overrides, legends, tooltips and what is said of nothing',
  async () => {
    const own = await drawn('By name');
    expect(own.lines.map(({ name }) => name)).toEqual(['First', 'c', 'd']);
    expect(line(own, 'First')).toMatchObject({ width: 5 });
    expect(line(own, 'First').color).toMatch(/#00ff00|oklch/);
    expect(line(own, 'c')).toMatchObject({ isUnnamed: true, isUntold: true });
    expect(line(own, 'd')).toMatchObject({ axis: 'right', unit: 's', decimals: 1 });
    expect(line(own, 'd').values.every((value) => value === null || value === undefined || value <= 0)).toBe(
      true,
    );
    expect(await panel('By name').locator('.legend-name').allInnerTexts()).toEqual(['First', 'd']);
    const matched = await drawn('By pattern, by query, by value');
    expect(line(matched, 'a').fill).toBe(0.5);
    expect(line(matched, 'b').fill).toBe(0);
    expect(line(matched, 'other a').width).toBe(4);
    const ranked = panel('A table of numbers, the largest first');
    expect(await ranked.locator('th').allInnerTexts()).toEqual(['Name', 'Min', 'Mean ↓', 'Last']);
    const means = await ranked.locator('tbody td:nth-child(3)').allInnerTexts();
    expect(means.map(Number)).toEqual(means.map(Number).toSorted((a, b) => b - a));
    expect((await drawn('A table of numbers, the largest first')).tooltip).toMatchObject({ mode: 'none' });
    expect((await drawn('Without a legend')).tooltip).toMatchObject({
      mode: 'all',
      sort: 'ascending',
      hideZeros: true,
    });
    expect(await panel('Without a legend').locator('.legend').count()).toBe(0);
    await panel('Nothing to see').getByText('all quiet').waitFor();
  },
);

test.skipIf(!hasBrowser)('graphs of old are drawn by their own rules', async () => {
  const full = await drawn('Of old: stacked to the full, points');
  expect(full).toMatchObject({ unit: 'percent', bounds: { min: 0, max: 100 }, thresholdStyle: 'line' });
  expect(full.lines[0]).toMatchObject({
    points: 'always',
    pointSize: 8,
    fill: 0.5,
    isGradient: true,
    width: 3,
    dash: [6, 3],
  });
  const legend = panel('Of old: stacked to the full, points').locator('.has-legend-right');
  expect(
    await legend.evaluate((element) => (element as HTMLElement).style.getPropertyValue('--legend-width')),
  ).toBe('180px');
  const bars = await drawn('Of old: bars without lines, logarithm');
  expect(bars).toMatchObject({
    logBase: 2,
    axisLabel: 'two',
    bounds: { min: 1, max: 1024 },
    tooltip: { mode: 'all', sort: 'descending' },
  });
  expect(bars.lines[0]).toMatchObject({ draw: 'bars', fill: 1, width: 0, spanGaps: true });
  const dial = panel('Of old: a gauge');
  expect((await dial.locator('.gauge-label').allInnerTexts()).slice(0, 2)).toEqual(['50 %', '100 %']);
  const old = panel('Of old: a table');
  expect(await old.locator('th').allInnerTexts()).toEqual(['device', 'Load']);
  expect(await old.locator('td.is-filled').count()).toBe(4);
  expect(await old.locator('td.is-filled').first().innerText()).toMatch(/^\d+\.\d\s*%$/);
});

test.skipIf(!hasBrowser)('single values, dials and bars', async () => {
  expect(await panel('Every row, at most three').locator('.stat-tile').count()).toBe(3);
  const plain = panel('The mean, below each other, plain');
  await plain.locator('.stat-tiles.is-horizontal').waitFor();
  expect(await plain.locator('.stat-name').count()).toBe(0);
  expect(await plain.locator('.stat-value').first().innerText()).toMatch(/^\d+\s*%$/);
  const words = panel('Words for values');
  await words.locator('.stat-tiles.is-vertical').waitFor();
  expect(new Set(await words.locator('.stat-value').allInnerTexts())).toEqual(new Set(['fine', 'down']));
  expect(await panel('Names only').locator('.stat-value').count()).toBe(0);
  expect(await panel('Names only').locator('.stat-name').allInnerTexts()).toEqual(['a', 'b', 'c', 'd']);
  await panel('No value').getByText('not yet').waitFor();
  // Of 20 to 40 everything above is a full arc.
  const dial = panel('From 20 to 40');
  expect(await dial.locator('.gauge').count()).toBe(4);
  const arcs = await dial
    .locator('.gauge-arc')
    .evaluateAll((paths) => paths.map((path) => path.getAttribute('d')));
  expect(new Set(arcs).size).toBeLessThan(4);
  const gradient = panel('Gradient, lying, own colours');
  expect(await gradient.locator('.bars.is-gradient:not(.is-upright)').count()).toBe(1);
  const colors = await gradient
    .locator('.bars-bar')
    .evaluateAll((bars) => bars.map((bar) => (bar as HTMLElement).style.getPropertyValue('--bar')));
  expect(new Set(colors).size).toBeGreaterThan(2);
  await panel('Plain, upright').locator('.bars.is-basic.is-upright').waitFor();
  const numberColors = (title: string): Promise<string[]> =>
    panel(title)
      .locator('.bars .value')
      .evaluateAll((numbers) => [...new Set(numbers.map((number) => getComputedStyle(number).color))]);
  expect((await numberColors('Gradient, lying, own colours')).length).toBeGreaterThan(2);
  expect((await numberColors('Plain, upright')).length).toBe(1);
});

test.skipIf(!hasBrowser)('tables, heat maps, pies, bars and states', async () => {
  const columns = panel('Columns');
  expect(await columns.locator('th').allInnerTexts()).toEqual(['device', 'instance', 'Number ↓']);
  const numbers = (await columns.locator('tbody td:last-child').allInnerTexts()).map(Number);
  expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
  expect(await columns.locator('tbody td:first-child').allInnerTexts()).toContain('device a');
  expect(
    await columns
      .locator('th')
      .nth(1)
      .evaluate((cell) => (cell as HTMLElement).style.width),
  ).toBe('200px');
  expect(await columns.locator('tbody td').nth(1).getAttribute('class')).toContain('is-right');
  expect(await columns.locator('tbody td').nth(0).getAttribute('class')).toContain('is-center');
  expect(
    await columns
      .locator('tbody td')
      .nth(2)
      .evaluate((cell) => (cell as HTMLElement).style.color),
  ).not.toBe('');
  await columns.locator('tfoot td', { hasText: /\d/ }).first().waitFor();
  expect(await panel('Sparklines').locator('.cell-spark .sparkline').count()).toBe(4);
  await panel('Counted from values')
    .getByRole('img', { name: /24 buckets over time/ })
    .waitFor();
  await panel('Of old: buckets').locator('.heat-labels', { hasText: 'ms' }).waitFor();
  expect(new Set(await rowGaps('Of old: buckets'))).toEqual(new Set([6]));
  const pie = panel('Values on slices, list below');
  expect(await pie.locator('.pie-label').first().innerText()).toMatch(/^\d+(\.\d+)? \d+(\.\d+)? %$/);
  expect(await pie.locator('.pie.has-legend-right').count()).toBe(0);
  expect(await pie.locator('.pie-legend .value').first().innerText()).toMatch(/^\d+(\.\d+)? %$/);
  const stacked = panel('Stacked by name');
  expect(await stacked.locator('.bar-chart.is-stacked .bar-groups > li').count()).toBe(4);
  expect(await stacked.locator('.bar-name').allInnerTexts()).toEqual(['a', 'b', 'c', 'd']);
  expect(await stacked.locator('.legend-name').allInnerTexts()).toEqual(['one', 'two']);
  expect(await panel('Five buckets').locator('.bar-mark').count()).toBeLessThanOrEqual(6);
  const apart = panel('Not merged, no words');
  expect(await apart.locator('.states-span').count()).toBeGreaterThan(50);
  expect(await apart.locator('.states-span').first().innerText()).toBe('');
  const half = panel('Half of the room');
  const cells = await half.locator('.states-row:first-child .states-span').evaluateAll((spans) =>
    spans.map((span) => {
      const { left, width } = span.getBoundingClientRect();
      return { left, width };
    }),
  );
  // The first and the last are cut by the ends of the range.
  const every = cells[2]!.left - cells[1]!.left;
  for (const { width } of cells.slice(1, -1)) expect(width).toBeCloseTo(Math.min(every / 2, every - 1), 0);
  expect(await half.locator('.states-rows').evaluate((rows) => getComputedStyle(rows).rowGap)).toBe('22px');
  const merged = panel('Merged, with words');
  const spans = await merged.locator('.states-span').count();
  expect(spans).toBe(await merged.locator('.states-rows .states-row').count());
  expect(await merged.locator('.states-span').first().innerText()).toBe('1');
  const placed = (title: string): Promise<string> =>
    panel(title)
      .locator('.states-span')
      .first()
      .evaluate((span) => getComputedStyle(span).justifyItems);
  expect([await placed('Merged, with words'), await placed('Not merged, no words')]).toEqual([
    'end',
    'start',
  ]);
});

test.skipIf(!hasBrowser)('texts and lists', async () => {
  const markdown = panel('Markdown');
  expect(await markdown.locator('.prose-h1').innerText()).toBe('Head');
  expect(await markdown.locator('ol li').allInnerTexts()).toEqual(['one', 'two']);
  expect(await markdown.locator('td').last().innerHTML()).toBe('<strong>2</strong>');
  expect(await markdown.locator('blockquote').innerText()).toBe('said');
  expect(await markdown.locator('pre').innerText()).toBe('code');
  expect(await markdown.getByRole('link', { name: 'Wiki' }).getAttribute('rel')).toBe('noreferrer noopener');
  const html = panel('HTML').locator('.prose');
  const heading = html.locator('.prose-h2');
  expect(await heading.evaluate((element) => getComputedStyle(element).color)).toBe('rgb(204, 0, 0)');
  expect(await heading.evaluate((element) => getComputedStyle(element).position)).toBe('static');
  expect(await html.locator('img').count()).toBe(0);
  expect(await html.innerText()).toContain('a picture');
  expect(await html.locator('td').getAttribute('colspan')).toBe('2');
  expect(
    await html.locator('a[href]').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
  ).toEqual(['/d/options']);
  expect(await panel('Code').locator('pre').innerText()).toBe('<b>as it is</b>');
  const alerts = panel('Only one that fires').locator('.panel-list li');
  expect(await alerts.count()).toBe(1);
  expect(await alerts.innerText()).toContain('LowDiskSpace');
  expect(await panel('Boards with a word').locator('.panel-list li').count()).toBe(1);
});
