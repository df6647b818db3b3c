import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { type CollectingAppender, collectingAppender } from '../testing/collecting-appender.ts';
import { scrapeJob } from '../testing/scrape-job.ts';
import { BodyLimitError } from './page-body.ts';
import { PageBuffers } from './page-buffers.ts';
import { compileRelabel } from './relabel.ts';
import { TargetSamples } from './target-samples.ts';

const target = labelsFromObject({ job: 'j', instance: 'i' });

/** A target whose pages are given as text; each is a scrape, a second after the one before. */
function scrapedTarget(keys: Record<string, unknown> = {}) {
  const appender: CollectingAppender = collectingAppender();
  const job = scrapeJob(keys);
  const rules = { ...job, relabel: compileRelabel(job.metric_relabel_configs) };
  const source = appender.source('key');
  const samples = new TargetSamples({
    source,
    appender,
    target,
    rules,
    timeoutMs: 10_000,
    buffers: new PageBuffers(),
    seed: 1,
  });
  const counts = { duplicates: 0, outOfBounds: 0, shadowed: 0 };
  let now = 0;
  return {
    appender,
    samples,
    counts,
    scrape(page: string): string {
      now += 1000;
      samples.expectPage();
      try {
        for (const _ of samples.read(new TextEncoder().encode(page), 'text', () => false));
      } catch (error) {
        samples.storeFailure(now, 0.5, error as Error);
        return (error as Error).message;
      }
      samples.store(now, 0.5, counts);
      return '';
    },
    /** Samples of a series of the target: values in order, `stale` among them. */
    values: (series: string): unknown[] => appender.samples(series).map(({ value }) => value),
    reports(): number[] {
      const now = appender.current();
      const at = (name: string): number => now[`${name}{instance="i", job="j"}`]!;
      return [
        at('up'),
        at('scrape_samples_scraped'),
        at('scrape_samples_post_metric_relabeling'),
        at('scrape_series_added'),
      ];
    },
  };
}

test('samples get the labels of their target, and reports stand beside them', () => {
  const t = scrapedTarget();
  t.scrape('a{x="1"} 1\na{x="2"} 2\n');
  expect(t.appender.current()).toEqual({
    'a{instance="i", job="j", x="1"}': 1,
    'a{instance="i", job="j", x="2"}': 2,
    'scrape_duration_seconds{instance="i", job="j"}': 0.5,
    'scrape_samples_post_metric_relabeling{instance="i", job="j"}': 2,
    'scrape_samples_scraped{instance="i", job="j"}': 2,
    'scrape_series_added{instance="i", job="j"}': 2,
    'up{instance="i", job="j"}': 1,
  });
  t.scrape('a{x="1"} 3\na{x="2"} 2\na{x="3"} 0\n');
  expect(t.reports()).toEqual([1, 3, 3, 1]);
});

test('a series that is gone becomes stale, once, and comes back', () => {
  const t = scrapedTarget();
  for (const page of ['a 1\nb 1\n', 'b 1\n', 'b 2\n', 'a 5\nb 1\n']) t.scrape(page);
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 'stale', 5]);
  expect(t.values('b{instance="i", job="j"}')).toEqual([1, 1, 2, 1]);
});

test('a refused page makes everything stale and up 0, and the next page counts again', () => {
  const t = scrapedTarget();
  t.scrape('a 1\nb 1\n');
  expect(t.scrape('a 2\nb x\n')).toContain('line 2, column 3: expected a value');
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 'stale']);
  expect(t.reports()).toEqual([0, 0, 0, 0]);
  t.scrape('a 3\nb 1\n');
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 'stale', 3]);
  expect(t.values('up{instance="i", job="j"}')).toEqual([1, 0, 1]);
});

test('labels that clash with those of the target are moved, or kept with honor_labels', () => {
  const page = 'a{job="own",exported_job="x",instance=""} 1\n';
  const moved = scrapedTarget();
  moved.scrape(page);
  expect(moved.appender.series()).toContain(
    'a{exported_exported_job="own", exported_job="x", instance="i", job="j"}',
  );
  const kept = scrapedTarget({ honor_labels: true });
  kept.scrape(page);
  expect(kept.appender.series()).toContain('a{exported_job="x", job="own"}');
});

test('metric_relabel_configs drop and change samples', () => {
  const t = scrapedTarget({
    metric_relabel_configs: [
      { source_labels: ['__name__'], regex: 'go_.*', action: 'drop' },
      { regex: 'noise', action: 'labeldrop' },
    ],
  });
  t.scrape('go_x 1\na{noise="1"} 2\n');
  t.scrape('go_x 2\na{noise="2"} 3\n');
  expect(t.values('a{instance="i", job="j"}')).toEqual([2, 3]);
  expect(t.appender.series().filter((series) => series.startsWith('go_'))).toEqual([]);
  expect(t.reports().slice(0, 3)).toEqual([1, 2, 1]);
});

test('of two lines of one series the first counts', () => {
  const t = scrapedTarget();
  t.scrape('a 1\na 2\nb 1\n');
  t.scrape('a 1\na 2\nb 1\n');
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 1]);
  expect(t.counts.duplicates).toBe(2);
});

test("a target's own `up` does not replace ours", () => {
  const t = scrapedTarget();
  t.scrape('up 7\nscrape_duration_seconds 9\na 1\nup{x="1"} 8\n');
  t.scrape('up 8\na 1\n');
  expect(t.values('up{instance="i", job="j"}')).toEqual([1, 1]);
  expect(t.values('scrape_duration_seconds{instance="i", job="j"}')).toEqual([0.5, 0.5]);
  expect(t.values('up{instance="i", job="j", x="1"}')).toEqual([8, 'stale']);
  expect(t.counts.shadowed).toBe(2);
});

test('timestamps of the page are taken, and such samples never become stale', () => {
  const t = scrapedTarget();
  t.scrape('a 1 500\nb 1\n');
  t.scrape('a 2 1500\nb 1\n');
  t.scrape('a 2 1500\nb 1\n');
  t.scrape('a 3 9999999999999\nb 1\n');
  t.scrape('b 1\n');
  expect(t.appender.samples('a{instance="i", job="j"}')).toEqual([
    { timestamp: 500, value: 1 },
    { timestamp: 1500, value: 2 },
  ]);
  expect(t.counts.outOfBounds).toBe(1);
});

test('a series may begin or cease to bring its timestamps', () => {
  const t = scrapedTarget();
  for (const page of ['a 1\n', 'a 2 1500\n', 'a 3 2500\n', 'a 4\n']) t.scrape(page);
  expect(t.appender.samples('a{instance="i", job="j"}')).toEqual([
    { timestamp: 1000, value: 1 },
    { timestamp: 1500, value: 2 },
    { timestamp: 2000, value: 'stale' },
    { timestamp: 2500, value: 3 },
    { timestamp: 4000, value: 4 },
  ]);
});

test('honor_timestamps: false stamps everything with the time of the scrape', () => {
  const t = scrapedTarget({ honor_timestamps: false });
  t.scrape('a 1 500\n');
  t.scrape('a 2 600\n');
  expect(t.appender.samples('a{instance="i", job="j"}').map(({ timestamp }) => timestamp)).toEqual([
    1000, 2000,
  ]);
});

test('track_timestamps_staleness marks such series stale too', () => {
  const t = scrapedTarget({ track_timestamps_staleness: true });
  t.scrape('a 1 500\n');
  t.scrape('b 1\n');
  t.scrape('b 1\n');
  expect(t.values('a{instance="i", job="j"}')).toEqual([1, 'stale']);
});

test.each([
  [
    { sample_limit: 2 },
    'a 1\nb 2\nc 3\n',
    'sample_limit exceeded: 3 samples after relabelling, limit 2',
    [0, 3, 3, 0],
  ],
  [
    { label_limit: 4 },
    'a{x="1",y="2"} 1\n',
    'label_limit exceeded: 5 labels on {__name__="a", instance="i", job="j", x="1", y="2"}, limit 4',
    [0, 0, 0, 0],
  ],
  [
    { label_name_length_limit: 9 },
    'a{tenletters="1"} 1\n',
    'label_name_length_limit exceeded: tenletters has 10 bytes',
    [0, 0, 0, 0],
  ],
  [
    { label_value_length_limit: 3 },
    'a{x="ééé"} 1\n',
    'label_value_length_limit exceeded: x has 6 bytes',
    [0, 0, 0, 0],
  ],
  [{ metric_name_validation_scheme: 'legacy' }, '{"a.b"} 1\n', 'got "a.b"', [0, 0, 0, 0]],
  [{}, 'a{x="1",x="2"} 1\n', 'label "x" is given twice on {__name__="a", x="1", x="2"}', [0, 0, 0, 0]],
  [
    { metric_relabel_configs: [{ regex: '__name__', action: 'labeldrop' }] },
    'a 1\n',
    'a sample has no metric name after relabelling',
    [0, 0, 0, 0],
  ],
])('with %j the page %j is refused', (keys, page, problem, reports) => {
  const t = scrapedTarget(keys);
  t.scrape('a 1\n');
  expect(t.scrape(page)).toContain(problem);
  expect(t.reports()).toEqual(reports);
  expect(t.appender.current()).not.toHaveProperty('a{instance="i", job="j"}');
});

test('what is within the limits passes', () => {
  const t = scrapedTarget({
    sample_limit: 1,
    label_limit: 4,
    label_name_length_limit: 8,
    label_value_length_limit: 3,
  });
  expect(t.scrape('a{x="123"} 1\n')).toBe('');
});

test('series may come and go for long: slots are given back and found anew', () => {
  const t = scrapedTarget();
  for (let i = 0; i < 200; i++) t.scrape(`a{i="${i}"} ${i}\nsteady ${i}\nflaps${i % 3} 1\n`);
  expect(t.values('a{i="150", instance="i", job="j"}')).toEqual([150, 'stale']);
  expect(t.values('steady{instance="i", job="j"}')).toEqual(Array.from({ length: 200 }, (_, i) => i));
  for (let i = 0; i < 100; i++) t.scrape('broken');
  t.scrape('steady 1\na{i="0"} 9\n');
  expect(t.values('steady{instance="i", job="j"}').slice(-2)).toEqual(['stale', 1]);
  expect(t.values('a{i="0", instance="i", job="j"}')).toEqual([0, 'stale', 9]);
});

test('extra_scrape_metrics adds the timeout, the sample limit and the size of the page', () => {
  const t = scrapedTarget({ extra_scrape_metrics: true, sample_limit: 5 });
  const extra = (): (number | undefined)[] =>
    ['scrape_timeout_seconds', 'scrape_sample_limit', 'scrape_body_size_bytes'].map(
      (name) => t.appender.current()[`${name}{instance="i", job="j"}`],
    );
  t.scrape('a 1\n');
  expect(extra()).toEqual([10, 5, 4]);
  t.samples.expectPage();
  t.samples.storeFailure(5000, 1, new Error('refused'));
  expect(extra()).toEqual([10, 5, 0]);
  t.samples.storeFailure(6000, 1, new BodyLimitError(100));
  expect(extra()).toEqual([10, 5, -1]);
});

test('metadata of the page is told and kept', () => {
  const t = scrapedTarget();
  t.scrape('# HELP a Something.\n# TYPE a counter\na 1\n');
  expect(t.appender.metadataByMetric.get('a')).toEqual({ type: 'counter', help: 'Something.', unit: '' });
  expect([...t.samples.metadata.keys()]).toEqual(['a']);
});

test('a target that makes up families does not fill the memory with their metadata', () => {
  const t = scrapedTarget();
  for (let page = 0; page < 4; page++) {
    t.scrape(Array.from({ length: 4000 }, (_, i) => `# HELP a${page}_${i} x\n`).join(''));
  }
  expect(t.samples.metadata.size).toBe(10_000);
});
