import { describe, expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { type Querier, type QueryBudget, unlimited } from '../model/queryable.ts';
import type { TimeRange } from '../model/time.ts';
import { withoutArgumentParens } from './ast.ts';
import { executionError, PromqlError } from './errors.ts';
import { extendToEdges } from './evaluate/extended-matrix.ts';
import { evaluateInstant, evaluateRange, type QueryOutcome } from './evaluate.ts';
import { parseExpr } from './parse.ts';
import { formatExpr } from './print.ts';
import { MemoryStorage } from './testlang/storage.ts';

const SERIES = 20;
const STEPS = 200;
const STEP_MS = 15_000;

/** Counters, classic and native histograms, at every step. */
function storage(): MemoryStorage {
  const store = new MemoryStorage();
  for (let i = 0; i < STEPS; i++) {
    for (let s = 0; s < SERIES; s++) {
      const instance = String(s);
      store.append(
        labelsFromObject({ __name__: 'c_total', instance, job: String(s % 4) }),
        i * STEP_MS,
        i * s,
      );
      const le = s === SERIES - 1 ? '+Inf' : instance;
      store.append(labelsFromObject({ __name__: 'h_bucket', le }), i * STEP_MS, i * s);
    }
    store.append(labelsFromObject({ __name__: 'native' }), i * STEP_MS, {
      schema: 0,
      count: i,
      sum: i,
      zeroThreshold: 0,
      zeroCount: 0,
      positiveSpans: [{ offset: 0, length: 1 }],
      positiveBuckets: [i],
      negativeSpans: [],
      negativeBuckets: [],
      customValues: [],
      counterResetHint: 'unknown',
    });
  }
  return store;
}

const RANGE = { startMs: 0, endMs: (STEPS - 1) * STEP_MS, stepMs: STEP_MS };
const run = (query: string, source: Querier | MemoryStorage, budget: QueryBudget = unlimited): QueryOutcome =>
  evaluateRange(parseExpr(query), RANGE, source, { budget, query });

const OPERATORS = [
  'c_total',
  'c_total smoothed',
  'rate(c_total[1m])',
  'rate(native[1m])',
  'c_total + 1',
  'native * 2',
  'c_total * on(instance) c_total',
  'c_total + on(job) group_right sum by (job) (c_total) * 0 + c_total',
  'c_total and c_total',
  'c_total or h_bucket',
  'sum by (instance) (c_total)',
  'avg(native)',
  'topk(5, c_total)',
  'limit_ratio(1, c_total)',
  'quantile by (instance) (0.5, c_total)',
  'count_values("v", c_total)',
  'abs(c_total)',
  '-c_total',
  'clamp_max(c_total, 5)',
  'timestamp(c_total)',
  'timestamp(abs(c_total))',
  'histogram_quantile(0.9, h_bucket)',
  'histogram_count(native)',
  'label_replace(c_total, "x", "$1", "instance", "(.*)")',
  'c_total @ 60',
  'max_over_time(c_total[1m:15s])',
  'absent(missing)',
  'vector(time())',
  'time() + 1',
  'minute()',
  'sort(c_total)',
  'scalar(c_total)',
];

describe('budget', () => {
  test.each(OPERATORS.filter((query) => !query.includes('group_right')))(
    '%s is charged before it is there',
    (query) => {
      let charged = 0;
      const { value } = run(query, storage(), {
        ...unlimited,
        bytes: (count) => (charged += Math.max(0, count)),
      });
      if (value.kind !== 'matrix') throw new Error('expected a matrix');
      const points = value.series.reduce((total, series) => total + series.values.length, 0);
      expect(points).toBeGreaterThan(0);
      expect(charged).toBeGreaterThanOrEqual(16 * points);
    },
  );

  test.each(OPERATORS)('%s ends at any limit of bytes', (query) => {
    const expr = parseExpr(query);
    const store = storage();
    for (const limit of [0, 1000, 10_000]) {
      let left = limit;
      const budget: QueryBudget = {
        ...unlimited,
        bytes(count) {
          left -= count;
          if (left < 0) throw executionError('out of bytes');
        },
      };
      let error: unknown;
      try {
        evaluateRange(expr, RANGE, store, { budget, query });
      } catch (caught) {
        error = caught;
      }
      expect([query, limit, (error as Error | undefined)?.message ?? 'fits']).toEqual([
        query,
        limit,
        left < 0 ? 'out of bytes' : 'fits',
      ]);
    }
  });

  test.each(OPERATORS)('%s notices that it was cancelled', (query) => {
    const budget: QueryBudget = {
      ...unlimited,
      check() {
        throw new PromqlError('canceled', 'query was canceled');
      },
    };
    expect(() => run(query, storage(), budget)).toThrow('query was canceled');
  });

  test('what a node leaves behind is given back', () => {
    const held = (query: string): number => {
      let bytes = 0;
      let peak = 0;
      run(query, storage(), {
        ...unlimited,
        bytes(count) {
          bytes += count;
          peak = Math.max(peak, bytes);
        },
      });
      return peak;
    };
    const once = held('sum(rate(c_total[1m]))');
    const often = held(Array.from({ length: 50 }, () => 'sum(rate(c_total[1m]))').join(' + '));
    expect(often).toBeLessThan(2 * once);
  });

  test('what signs and info() make is charged', () => {
    const charged = (query: string): number => {
      let total = 0;
      run(query, storage(), { ...unlimited, bytes: (count) => (total += Math.max(0, count)) });
      return total;
    };
    expect(charged('-native') - charged('+native')).toBeGreaterThan(240 * STEPS);
    expect(charged('info(c_total)') - charged('c_total')).toBeGreaterThan(8 * SERIES * STEPS);
  });

  test('a subquery with a billion steps is refused, not tried', () => {
    let left = 1 << 26;
    const budget: QueryBudget = {
      ...unlimited,
      bytes(count) {
        left -= count;
        if (left < 0) throw executionError('out of bytes');
      },
    };
    for (const query of [
      'max_over_time(vector(1)[30d:1ms])',
      'max_over_time(c_total[100y:1ms])',
      'sum_over_time(vector(time())[1y:1ms])',
    ]) {
      expect(() => run(query, storage(), budget)).toThrow('out of bytes');
    }
  });
});

test('a range of any length may have edges', () => {
  const times = Float64Array.from({ length: 400_000 }, (_, i) => i * 1000);
  const points = extendToEdges(times, times, 500, times.at(-1)!, false)!;
  expect([
    points.times.length,
    points.times[0],
    points.values[0],
    points.times[1],
    points.times.at(-1),
  ]).toEqual([400_000, 500, 0, 1000, 399_999_000]);
});

test('a tree without parentheses around arguments is evaluated as it is', () => {
  const tree = parseExpr('-sum(label_replace(a, "b", "$1", "c", "(.*)")) + (b)');
  expect(withoutArgumentParens(tree)).toBe(tree);
  const wrapped = parseExpr('abs((a)) + b');
  expect(formatExpr(withoutArgumentParens(wrapped))).toBe('abs(a) + b');
});

describe('reads', () => {
  /** Tells every read asked of the store. */
  function watched(): { querier: Querier; reads: string[] } {
    const reads: string[] = [];
    const inner = storage().querier(unlimited);
    const select = (matchers: readonly Matcher[], range: TimeRange) => {
      reads.push(`${matchers.map(({ value }) => value).join()} ${range.from}..${range.to}`);
      return inner.select(matchers, range);
    };
    return { querier: { ...inner, select }, reads };
  }

  test('selectors with the same matchers share a read where their ranges touch', () => {
    const { querier, reads } = watched();
    const query = 'rate(c_total[5m]) / c_total + on(instance) c_total offset 5m';
    evaluateInstant(parseExpr(query), 1_200_000, querier, { budget: unlimited, query });
    expect(reads).toEqual(['c_total 600001..1200001']);
  });

  test('ranges far apart are read apart', () => {
    const { querier, reads } = watched();
    const query = 'c_total - c_total offset 1d';
    evaluateInstant(parseExpr(query), 1_200_000, querier, { budget: unlimited, query });
    expect(reads).toHaveLength(2);
  });

  test('what @ fixes is read for its time only', () => {
    const { querier, reads } = watched();
    run('c_total @ 600', querier);
    expect(reads).toEqual(['c_total 300001..600001']);
  });
});

describe('nesting as deep as the parser lets through', () => {
  test.each([
    ['parentheses', (n: number) => `${'('.repeat(n)}c_total${')'.repeat(n)}`],
    ['signs', (n: number) => `${'-'.repeat(n)}c_total`],
    ['a chain', (n: number) => `c_total${'+c_total'.repeat(n)}`],
    ['calls', (n: number) => `${'abs('.repeat(n)}c_total${')'.repeat(n)}`],
    ['aggregations', (n: number) => `${'sum('.repeat(n)}c_total${')'.repeat(n)}`],
    ['right operands', (n: number) => `${'1+('.repeat(n / 2)}c_total${')'.repeat(n / 2)}`],
  ])('%s', (_name, make) => {
    const query = make(990);
    const { value } = evaluateInstant(parseExpr(query), 600_000, storage(), { budget: unlimited, query });
    expect(value.kind).toBe('vector');
  });
});

test('an instant vector comes sorted by labels unless the query says otherwise', () => {
  const instances = (query: string): string[] => {
    const { value } = evaluateInstant(parseExpr(query), 600_000, storage(), { budget: unlimited, query });
    if (value.kind !== 'vector') throw new Error('expected a vector');
    return value.samples.map(({ labels }) => labels[labels.indexOf('instance') + 1]!);
  };
  expect(instances('c_total{instance=~"[1-3]"}')).toEqual(['1', '2', '3']);
  expect(instances('c_total{instance="3"} or c_total{instance="1"}')).toEqual(['1', '3']);
  expect(instances('sort_desc(c_total{instance=~"[1-3]"})')).toEqual(['3', '2', '1']);
  expect(instances('topk(2, c_total)')).toEqual(['19', '18']);
});

test('statistics count what each step looked at', () => {
  const { stats } = run('rate(c_total[1m])', storage());
  expect(stats.samplesPerStep.at(-1)).toBe(SERIES * 4);
  expect(stats.totalSamples).toBe(stats.samplesPerStep.reduce((total, count) => total + count, 0));
});

test('a string cannot be asked for over a range', () => {
  expect(() => run('"x"', storage())).toThrow(
    'invalid expression type "string" for range query, must be Scalar or instant Vector',
  );
});
