import { test } from 'vitest';
import { metricFamilyPage, type SentFamily } from '../testing/metric-family-page.ts';
import { FamilyPageParser, type HistogramRules } from './family-page.ts';
import type { PageReader } from './page.ts';

const PAGES = 8;

const rules = (native: boolean): HistogramRules => ({
  scrape_native_histograms: native,
  always_scrape_classic_histograms: false,
  convert_classic_histograms_to_nhcb: false,
});

const pagesOf = (family: (page: number, i: number) => SentFamily, count: number): Uint8Array[] =>
  Array.from({ length: PAGES }, (_, page) =>
    metricFamilyPage(Array.from({ length: count }, (_, i) => family(page, i))),
  );

/** A hundred counters in each of a hundred families. */
const counters = pagesOf(
  (page, i) => ({
    name: `app_family_${i}`,
    type: 'counter',
    help: 'A family of metrics.',
    metrics: Array.from({ length: 100 }, (_, j) => ({
      labels: { handler: `/api/v1/things/${j}`, method: 'GET', code: '200', zone: 'eu' },
      value: 1000 + i + page * 17,
      created: 1_700_000_000_000,
    })),
  }),
  100,
);
/** A thousand native histograms of forty buckets. */
const histograms = pagesOf(
  (page, i) => ({
    name: `app_latency_${i}`,
    type: 'histogram',
    metrics: Array.from({ length: 10 }, (_, j) => ({
      labels: { handler: `/api/v1/things/${j}` },
      histogram: {
        count: 40 * (page + 10),
        sum: 100,
        schema: 3,
        positiveSpans: [[-20, 40]],
        positiveDeltas: [page + 10, ...Array.from({ length: 39 }, () => 0)],
      },
    })),
  }),
  100,
);

const reader: PageReader = { series: () => 0, help() {}, type() {}, unit() {}, exemplar() {} };

function replay(set: readonly Uint8Array[], native: boolean): () => void {
  const parser = new FamilyPageParser(1, rules(native));
  let next = 0;
  return () => {
    for (const _ of parser.parse(set[next++ % set.length]!, reader, () => false));
  };
}

/** One run is a page: its mean in ms times 100 is ns per counter, times 1000 ns per histogram. */
test('a page in protobuf', async ({ bench }) => {
  await bench.compare(
    bench('10,000 counters with start timestamps', replay(counters, false)),
    bench('1,000 native histograms of 40 buckets', replay(histograms, true)),
  );
});
