import fc from 'fast-check';
import type { Histogram } from '../model/histogram.ts';
import { labelsFromObject } from '../model/labels.ts';
import { MemoryStorage, type Point } from './testlang/storage.ts';

/** Counters that reset, gauges with gaps, NaN and staleness markers, histograms: 20 minutes at 15 s, with some jitter. */
export function randomQueryStorage(): MemoryStorage {
  const store = new MemoryStorage();
  const native = (count: number): Histogram => ({
    schema: 0,
    count,
    sum: count * 2,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveBuckets: [count / 2, count / 2],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [],
    counterResetHint: 'unknown',
  });
  for (let i = 0; i < 80; i++) {
    const time = i * 15_000 + ((i * 7919) % 400);
    for (let s = 0; s < 4; s++) {
      const labels = { job: s < 2 ? 'a' : 'b', instance: String(s) };
      const at = (name: string, point: Point): void =>
        store.append(labelsFromObject({ __name__: name, ...labels }), time, point);
      at('c_total', (i * (s + 1)) % (17 * (s + 1)));
      if ((i + s) % 11 !== 0)
        at('g', i % 23 === 22 ? 'stale' : i % 19 === 18 ? Number.NaN : Math.sin(i + s) * 100);
      if (s < 2) at('n', native((i * (s + 2)) % 40));
      for (const le of ['0.1', '1', '+Inf']) {
        const below = le === '0.1' ? 1 : le === '1' ? 3 : 4;
        store.append(labelsFromObject({ __name__: 'h_bucket', le, ...labels }), time, i * below * (s + 1));
      }
    }
  }
  return store;
}

const selector = fc.constantFrom('c_total', 'g', 'n', 'c_total{job="a"}', '{__name__=~"g|c_total"}');
const modifier = fc.constantFrom('', '', '', ' offset 1m', ' offset -30s', ' @ 600', ' @ 300 offset 1m');
const range = fc.constantFrom('[45s]', '[2m]', '[5m]', '[13m]');
const overRange = fc.constantFrom(
  ...'rate increase delta irate idelta resets changes avg_over_time sum_over_time min_over_time max_over_time count_over_time stddev_over_time last_over_time first_over_time present_over_time deriv absent_over_time mad_over_time ts_of_max_over_time'.split(
    ' ',
  ),
);
const overVector = fc.constantFrom(
  ...'abs ceil -  sgn timestamp histogram_count absent'.split(' ').filter(Boolean),
);
const aggregation = fc.constantFrom(
  'sum(',
  'avg by (job) (',
  'count without (instance) (',
  'min(',
  'max by (job) (',
  'stddev(',
  // Large enough to take all: among equals, which are taken depends on their order.
  'topk(99, ',
  'bottomk by (job) (99, ',
  'quantile(0.3, ',
  'group(',
  'count_values("v", ',
  'limitk(99, ',
);
const operator = fc.constantFrom(
  '+',
  '-',
  '*',
  '/',
  '>',
  '== bool',
  'and',
  'or',
  'unless',
  '> on(instance) ',
  '* on(job, instance) ',
);

/** Random instant vectors over what is stored there. */
export const { vector: randomQuery } = fc.letrec<{ vector: string; leaf: string }>((tie) => ({
  leaf: fc.oneof(
    fc.tuple(selector, modifier).map((parts) => parts.join('')),
    fc
      .tuple(overRange, selector, range, modifier)
      .map(([name, of, over, moved]) => `${name}(${of}${over}${moved})`),
  ),
  vector: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.tuple(overVector, tie('vector')).map(([name, inner]) => `${name}(${inner})`),
    fc.tuple(aggregation, tie('vector')).map(([head, inner]) => `${head}${inner})`),
    fc.tuple(tie('vector'), operator, tie('vector')).map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc
      .tuple(
        tie('vector'),
        operator.filter((op) => /^[-+*/>]$/.test(op)),
      )
      .map(([a, op]) => `(${a}) ${op} 2`),
    fc
      .tuple(
        overRange,
        tie('vector'),
        fc.constantFrom('[3m:30s]', '[2m:]', '[4m:1m] offset 30s', '[3m:1m] @ 700'),
      )
      .map(([name, inner, over]) => `${name}((${inner})${over})`),
  ),
}));
