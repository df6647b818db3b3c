import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Histogram } from '../model/histogram.ts';
import { type Labels, labelsKey } from '../model/labels.ts';
import { unlimited } from '../model/queryable.ts';
import { executionError, PromqlError } from './errors.ts';
import { evaluateInstant, evaluateRange } from './evaluate.ts';
import { parseExpr } from './parse.ts';
import { formatExpr } from './print.ts';
import { randomQuery, randomQueryStorage } from './random-query.fixture.ts';
import type { MemoryStorage } from './testlang/storage.ts';

const START = 240_000;
const STEP = 70_000;
const COUNT = 10;

const settings = (query: string, delayedNameRemoval: boolean) => ({
  budget: unlimited,
  query,
  delayedNameRemoval,
});

/** What a query gives at a time, as text per series; the message when it fails. */
function at(
  store: MemoryStorage,
  query: string,
  time: number,
  isDelayed: boolean,
): Map<string, string> | string {
  try {
    const { value } = evaluateInstant(parseExpr(query), time, store, settings(query, isDelayed));
    if (value.kind !== 'vector') throw executionError('expected a vector');
    return new Map(
      value.samples.map((sample) => [keyOf(sample.labels), show(sample.value, sample.histogram)]),
    );
  } catch (error) {
    if (error instanceof PromqlError) return error.message;
    throw error;
  }
}

const show = (value: number, histogram: Histogram | undefined): string =>
  histogram ? JSON.stringify({ ...histogram, counterResetHint: '' }) : value.toPrecision(10);

/** Series by their labels. `count_values` writes values into labels: rounded as values are, for sums depend on the order in their last digits. */
const keyOf = (labels: Labels): string =>
  labelsKey(labels).replace(/-?\d+\.\d{10,}(e[+-]\d+)?/g, (value) => Number(value).toPrecision(10));

test('a range query gives at each step what an instant query gives at its time', () => {
  const store = randomQueryStorage();
  let compared = 0;
  fc.assert(
    fc.property(randomQuery, fc.boolean(), (query, isDelayed) => {
      const end = START + (COUNT - 1) * STEP;
      const instants = Array.from({ length: COUNT }, (_, i) => at(store, query, START + i * STEP, isDelayed));
      let series: ReturnType<typeof evaluateRange>['value'];
      try {
        const expr = parseExpr(query);
        const times = { startMs: START, endMs: end, stepMs: STEP };
        series = evaluateRange(expr, times, store, settings(query, isDelayed)).value;
      } catch (error) {
        if (!(error instanceof PromqlError)) throw error;
        // One step that fails is enough.
        expect(instants.some((instant) => typeof instant === 'string')).toBe(true);
        return;
      }
      if (series.kind !== 'matrix') throw new Error('expected a matrix');
      const steps: Map<string, string>[] = instants.map(() => new Map());
      for (const { labels, timestamps, values, histograms } of series.series) {
        timestamps.forEach((time, i) => {
          steps[(time - START) / STEP]!.set(keyOf(labels), show(values[i]!, histograms?.[i]));
        });
      }
      for (let i = 0; i < COUNT; i++) {
        compared += steps[i]!.size;
        expect(sorted(steps[i]!)).toEqual(sorted(instants[i]!));
      }
    }),
    { numRuns: 400 },
  );
  expect(compared).toBeGreaterThan(1000);
});

const sorted = (result: Map<string, string> | string): unknown =>
  typeof result === 'string' ? result : [...result].sort();

test('what is printed parses to what was printed', () => {
  fc.assert(
    fc.property(randomQuery, (query) => {
      const expr = parseExpr(query);
      const printed = formatExpr(expr);
      expect(formatExpr(parseExpr(printed))).toBe(printed);
      expect(formatExpr(parseExpr(formatExpr(expr, { pretty: true })))).toBe(printed);
    }),
    { numRuns: 300 },
  );
});
