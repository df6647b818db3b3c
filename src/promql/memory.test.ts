import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Querier, type Queryable, type SeriesSamples, unlimited } from '../model/queryable.ts';
import type { Room } from '../model/room.ts';
import { wordsOf } from '../model/sample.ts';
import { PromqlError } from './errors.ts';
import { evaluateInstant, evaluateRange, type QueryValue } from './evaluate.ts';
import { parseExpr } from './parse.ts';
import { randomQuery, randomQueryStorage } from './random-query.fixture.ts';

const RANGE = { startMs: 240_000, endMs: 870_000, stepMs: 70_000 };
const settings = (query: string) => ({ budget: unlimited, query });

/** What a query gives over a range of ten steps and of three, at once and as a range vector; messages where it fails. */
function answers(query: string, source: Queryable | Querier, seen: (value: QueryValue) => string): string[] {
  const short = { ...RANGE, endMs: RANGE.startMs + 2 * RANGE.stepMs };
  return [
    () => evaluateRange(parseExpr(query), RANGE, source, settings(query)),
    () => evaluateRange(parseExpr(query), short, source, settings(query)),
    () => evaluateInstant(parseExpr(query), RANGE.endMs, source, settings(query)),
    () => evaluateInstant(parseExpr(`(${query})[5m:20s]`), RANGE.endMs, source, settings(query)),
    () => evaluateInstant(parseExpr('{__name__=~"c_total|g|n"}[5m]'), RANGE.endMs, source, settings(query)),
  ].map((evaluate) => {
    try {
      return seen(evaluate().value);
    } catch (error) {
      if (error instanceof PromqlError) return error.message;
      throw error;
    }
  });
}

/** A value with all its bits, as text. */
const spelledOut = (value: QueryValue): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    part instanceof Float64Array ? [...wordsOf(part.slice())] : Object.is(part, -0) ? '-0' : part,
  );

/** Memory that is never clean, and is overwritten when its querier is closed. */
class DirtyRoom implements Room {
  readonly #given: Float64Array[] = [];
  floats(count: number): Float64Array {
    const floats = new Float64Array(count).fill(1.5e-5);
    this.#given.push(floats);
    return floats;
  }
  spoil(): void {
    for (const floats of this.#given) floats.fill(Number.NaN);
  }
}

/** A store whose queriers hand out samples in such memory. */
function withDirtyRoom(store: Queryable): Queryable {
  return {
    querier(budget) {
      const inner = store.querier(budget);
      const room = new DirtyRoom();
      const moved = (column: Float64Array): Float64Array => {
        const copy = room.floats(column.length);
        wordsOf(copy).set(wordsOf(column));
        return copy;
      };
      return {
        ...inner,
        room,
        select: (matchers, range) =>
          inner.select(matchers, range).map((series) => ({
            ...series,
            timestamps: moved(series.timestamps),
            values: moved(series.values),
          })),
        close: () => room.spoil(),
      };
    },
  };
}

test('a result is the same wherever its columns have their memory, and stays so when the querier is closed', () => {
  const store = randomQueryStorage();
  const dirty = withDirtyRoom(store);
  fc.assert(
    fc.property(randomQuery, (query) => {
      const expected = answers(query, store, spelledOut);
      const open = dirty.querier(unlimited);
      expect(answers(query, open, spelledOut)).toEqual(expected);
      open.close();
      // Looked at when all queriers are closed.
      const values: QueryValue[] = [];
      const texts = answers(query, dirty, (value) => `value ${values.push(value) - 1}`);
      expect(texts.map((text) => text.replace(/^value (\d+)$/, (_, i) => spelledOut(values[i]!)))).toEqual(
        expected,
      );
    }),
    { numRuns: 150 },
  );
});

test('what the store gives is left as it is', () => {
  const store = randomQueryStorage();
  const given: { readonly series: SeriesSamples; readonly before: string }[] = [];
  const bits = ({ timestamps, values, histograms }: SeriesSamples): string =>
    JSON.stringify([[...wordsOf(timestamps)], [...wordsOf(values)], histograms]);
  const watched: Queryable = {
    querier(budget) {
      const inner = store.querier(budget);
      return {
        ...inner,
        select(matchers, range) {
          const selected = inner.select(matchers, range).map((series) => ({
            ...series,
            timestamps: series.timestamps.slice(),
            values: series.values.slice(),
            ...(series.histograms && { histograms: structuredClone(series.histograms) }),
          }));
          for (const series of selected) given.push({ series, before: bits(series) });
          return selected;
        },
      };
    },
  };
  fc.assert(
    fc.property(randomQuery, (query) => {
      given.length = 0;
      answers(query, watched, () => '');
      for (const { series, before } of given) expect(bits(series)).toBe(before);
    }),
    { numRuns: 150 },
  );
});
