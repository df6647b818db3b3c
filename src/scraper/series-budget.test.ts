import { expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { scrapedTarget } from './scraped-target.fixture.ts';
import { JobBudget } from './series-budget.ts';

/** Series of requests, one for each user; with some that are always there. */
const usersPage = (from: number, to: number): string =>
  `steady 1\n${Array.from({ length: to - from }, (_, i) => `requests_total{user="u${from + i}",code="200"} ${i}\n`).join('')}level 2\n`;

test('past the budget known series go on, new ones are parked, counted, and named with the rule against them', () => {
  // Five series report on each scrape.
  const t = scrapedTarget({ series_budget: 20 });
  t.scrape(usersPage(0, 10));
  expect(t.samples.parked).toBeUndefined();
  expect(t.scrape(usersPage(0, 150))).toBe('');
  t.scrape(`${usersPage(0, 150)}late 5\n`);
  expect(t.reports()).toEqual([1, 153, 153, 0]);
  expect(t.samples.parked).toEqual({
    series: 138,
    since: '1970-01-01T00:00:01.000Z',
    reason: 'series_budget of 20 used up by 20 series of the target',
    metrics: [
      {
        metric: 'requests_total',
        series: 137,
        label: 'user',
        values: 100,
        rule: '- source_labels: [__name__, user]\n  regex: "requests_total;.+"\n  action: drop\n',
      },
      {
        metric: 'late',
        series: 1,
        label: '__name__',
        values: 1,
        rule: '- source_labels: [__name__]\n  regex: "late"\n  action: drop\n',
      },
    ],
  });
  expect(t.values('steady{instance="i", job="j"}')).toEqual([1, 1, 1]);
  expect(t.values('requests_total{code="200", instance="i", job="j", user="u9"}')).toEqual([9, 9, 9]);
  expect(t.appender.series().length).toBe(20);
  expect(t.counts.parked).toBe(138);
});

test('the rule shown leaves out what is parked, and nothing else', () => {
  const t = scrapedTarget({ series_budget: 20 });
  t.scrape(usersPage(0, 100));
  const { rule } = t.samples.parked!.metrics[0]!;
  const fixed = scrapedTarget({ series_budget: 20, metric_relabel_configs: parseYaml(rule) });
  fixed.scrape(`${usersPage(0, 100)}requests_total{code="500"} 3\n`);
  expect(fixed.samples.parked).toBeUndefined();
  expect(fixed.appender.series().filter((series) => !series.includes('scrape_'))).toEqual([
    'level{instance="i", job="j"}',
    'requests_total{code="500", instance="i", job="j"}',
    'steady{instance="i", job="j"}',
    'up{instance="i", job="j"}',
  ]);
});

test('a target that names new series with each scrape stays within its budget for an hour, then gets new room', () => {
  const t = scrapedTarget({ series_budget: 100 }, new JobBudget(), 5000);
  // A scrape every five seconds.
  for (let i = 0; i < 400; i++) t.scrape(usersPage(i * 50, i * 50 + 50));
  expect(t.appender.series().length).toBe(100);
  expect(t.values('steady{instance="i", job="j"}').length).toBe(400);
  for (let i = 400; i < 800; i++) t.scrape(usersPage(i * 50, i * 50 + 50));
  expect(t.appender.series().length).toBeGreaterThan(150);
  expect(t.appender.series().length).toBeLessThan(250);
});

test('what was parked is taken when there is room again', () => {
  const t = scrapedTarget({ series_budget: 60 }, new JobBudget(), 10_000);
  t.scrape(usersPage(0, 70));
  expect(t.samples.parked?.series).toBe(17);
  // The rest is gone for more than an hour.
  for (let i = 0; i < 450; i++) t.scrape(usersPage(65, 70));
  expect(t.samples.parked).toBeUndefined();
  expect(t.values('requests_total{code="200", instance="i", job="j", user="u69"}').at(-1)).toBe(4);
});

test('after a page that could not be parsed known series are known: the budget is not spent twice', () => {
  const t = scrapedTarget({ series_budget: 100 });
  t.scrape(usersPage(0, 80));
  t.scrape('broken');
  t.scrape(usersPage(0, 85));
  expect(t.samples.parked).toBeUndefined();
  t.scrape('broken');
  t.scrape(usersPage(0, 120));
  expect(t.samples.parked?.series).toBe(27);
});

test('targets of a job share its budget, and give their part back when they go', () => {
  const budget = new JobBudget();
  budget.limit = 60;
  const a = scrapedTarget({}, budget);
  const b = scrapedTarget({}, budget);
  a.scrape(usersPage(0, 38));
  b.scrape(usersPage(0, 38));
  expect(a.samples.parked).toBeUndefined();
  expect(b.samples.parked).toMatchObject({
    series: 30,
    reason: 'job_series_budget of 60 used up by 60 series of the job',
  });
  expect(budget.used).toBe(60);
  a.samples.close();
  expect(budget.used).toBe(15);
});

test('made-up metric names are told by what they have in common', () => {
  const t = scrapedTarget({ series_budget: 10 });
  t.scrape(Array.from({ length: 500 }, (_, i) => `app_user_${i}_total 1\n`).join(''));
  expect(t.samples.parked!.metrics).toEqual([
    {
      metric: 'app_user_*',
      series: 495,
      label: '__name__',
      values: 100,
      rule: '- source_labels: [__name__]\n  regex: "app_user_.*"\n  action: drop\n',
    },
  ]);
});

test('what is told of made-up labels is bounded, and the rule means the metric word by word', () => {
  const t = scrapedTarget({ series_budget: 5 });
  t.scrape(
    Array.from(
      { length: 200 },
      (_, i) => `{"a.b",${Array.from({ length: 40 }, (_, n) => `l${n}="${i}"`).join()}} 1\n`,
    ).join(''),
  );
  const [metric] = t.samples.parked!.metrics;
  expect(metric).toMatchObject({ metric: 'a.b', series: 200, values: 100 });
  expect(metric!.rule).toContain('regex: "a\\\\.b;.+"');
});

test('once very many series of a page are parked, the rest is counted and not even relabelled', () => {
  const t = scrapedTarget({
    series_budget: 10,
    metric_relabel_configs: [{ source_labels: ['__name__'], regex: 'dropped', action: 'drop' }],
  });
  const page = (metric: string): string =>
    Array.from({ length: 30_000 }, (_, i) => `${metric}{i="${i}"} 1\n`).join('');
  t.scrape(`${page('a')}dropped 1\n`);
  expect(t.reports()).toEqual([1, 30_001, 30_000, 5]);
  t.scrape(`${page('b')}dropped{new="1"} 1\n`);
  expect(t.reports()).toEqual([1, 30_001, 30_001, 0]);
  expect(t.samples.parkedCount).toBe(30_001);
});
