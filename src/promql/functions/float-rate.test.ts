import fc from 'fast-check';
import { expect, test } from 'vitest';
import { labelsFromObject } from '../../model/labels.ts';
import { type Querier, type SeriesSamples, unlimited } from '../../model/queryable.ts';
import { evaluateRange } from '../evaluate.ts';
import { parseExpr } from '../parse.ts';

interface Sample {
  readonly time: number;
  readonly value: number;
}

/** What a function makes of the samples of one window, looked at one by one; undefined when nothing. */
type OfWindow = (samples: readonly Sample[], start: number, end: number) => number | undefined;

const extrapolated =
  (isCounter: boolean, isRate: boolean): OfWindow =>
  (samples, start, end) => {
    const first = samples[0];
    const last = samples.at(-1);
    if (first === undefined || last === undefined || samples.length < 2) return undefined;
    let growth = last.value - first.value;
    if (isCounter) {
      for (const [i, { value }] of samples.entries()) {
        if (i > 0 && value < samples[i - 1]!.value) growth += samples[i - 1]!.value;
      }
    }
    const sampled = (last.time - first.time) / 1000;
    const average = sampled / (samples.length - 1);
    let toStart = (first.time - start) / 1000;
    let toEnd = (end - last.time) / 1000;
    if (toStart >= average * 1.1) toStart = average / 2;
    if (toEnd >= average * 1.1) toEnd = average / 2;
    if (isCounter && growth > 0 && first.value >= 0) {
      const toZero = sampled * (first.value / growth);
      if (toZero < toStart) toStart = toZero;
    }
    let factor = (sampled + toStart + toEnd) / sampled;
    if (isRate) factor /= (end - start) / 1000;
    return growth * factor;
  };

const ofLastTwo =
  (isRate: boolean): OfWindow =>
  (samples) => {
    const last = samples.at(-1);
    const before = samples.at(-2);
    if (last === undefined || before === undefined) return undefined;
    const growth = isRate && last.value < before.value ? last.value : last.value - before.value;
    return isRate ? growth / ((last.time - before.time) / 1000) : growth;
  };

const FUNCTIONS: Readonly<Record<string, OfWindow>> = {
  rate: extrapolated(true, true),
  increase: extrapolated(true, false),
  delta: extrapolated(false, false),
  irate: ofLastTwo(true),
  idelta: ofLastTwo(false),
};

const store = (series: readonly SeriesSamples[]): Querier => ({
  select: () => series,
  series: () => [],
  labelNames: () => [],
  labelValues: () => [],
  close: () => {},
});

const value = fc.oneof(
  { weight: 6, arbitrary: fc.nat(40) },
  { weight: 3, arbitrary: fc.double({ noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -0, -7, 1e308, 5e-324) },
);
/** Milliseconds from sample to sample: regular, with jitter, with gaps. */
const distance = fc.oneof(
  fc.constant(15_000),
  fc.integer({ min: 14_000, max: 16_000 }),
  fc.integer({ min: 1, max: 400_000 }),
);

test.each(Object.entries(FUNCTIONS))(
  '%s of a series over a range is that of each of its windows, to the last bit',
  (name, ofWindow) => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(distance, fc.array(value, { minLength: 4, maxLength: 4 })), { maxLength: 120 }),
        fc.constantFrom(1, 20, 60, 300, 3600),
        fc.constantFrom(7_000, 15_000, 60_000, 300_000),
        fc.constantFrom('', ' offset 30s', ' @ 300'),
        (rows, rangeSeconds, stepMs, modifier) => {
          let time = 0;
          const times = Float64Array.from(rows, ([after]) => (time += after));
          // Two series share their times, one has them a second later, and one every other of them.
          const isOdd = (_: unknown, i: number): boolean => i % 2 === 1;
          const samples = [
            { rows, timestamps: times },
            { rows, timestamps: times },
            { rows, timestamps: times.map((when) => when + 1000) },
            { rows: rows.filter(isOdd), timestamps: times.filter(isOdd) },
          ];
          const series = samples.map(({ rows: own, timestamps }, s) => ({
            labels: labelsFromObject({ __name__: 'x_total', s: `${s}` }),
            timestamps,
            values: Float64Array.from(own, ([, values]) => values[s]!),
          }));
          const range = { startMs: 100_000, endMs: 1_500_000, stepMs };
          const text = `${name}(x_total[${rangeSeconds}s]${modifier})`;
          const { value: result } = evaluateRange(parseExpr(text), range, store(series), {
            budget: unlimited,
            query: text,
          });
          const expected = new Map<string, number>();
          for (const [s, { timestamps, values }] of series.entries()) {
            for (let at = range.startMs; at <= range.endMs; at += stepMs) {
              const end = modifier === ' @ 300' ? 300_000 : modifier === '' ? at : at - 30_000;
              const start = end - rangeSeconds * 1000;
              const within = Array.from(timestamps, (when, i) => ({ time: when, value: values[i]! })).filter(
                (sample) => sample.time > start && sample.time <= end,
              );
              const wanted = ofWindow(within, start, end);
              if (wanted !== undefined) expected.set(`${s} ${at}`, wanted);
            }
          }
          const found = new Map<string, number>();
          if (result.kind !== 'matrix') throw new Error(`expected a matrix, got a ${result.kind}`);
          for (const { labels, timestamps, values } of result.series) {
            for (const [i, at] of timestamps.entries()) found.set(`${labels[1]} ${at}`, values[i]!);
          }
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  },
);
