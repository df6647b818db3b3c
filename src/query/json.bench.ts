import { test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import type { QueryValue } from '../promql/evaluate.ts';
import { JsonWriter } from './json.ts';
import { writeValue } from './value-json.ts';

/** Encoding of answers: a dashboard panel of 100 series × 240 points, and the instant result of 1000 series. */
const labels = (i: number) =>
  labelsFromObject({
    __name__: 'node_cpu_seconds_total',
    instance: 'host:9100',
    cpu: String(i),
    mode: 'idle',
  });

const START = 1_700_000_000_000;
const timestamps = Float64Array.from({ length: 240 }, (_, step) => START + step * 15_000);
const matrix = (value: (i: number, step: number) => number): QueryValue => ({
  kind: 'matrix',
  series: Array.from({ length: 100 }, (_, i) => ({
    labels: labels(i),
    timestamps,
    values: Float64Array.from({ length: 240 }, (_, step) => value(i, step)),
  })),
});
const vector: QueryValue = {
  kind: 'vector',
  samples: Array.from({ length: 1000 }, (_, i) => ({ labels: labels(i), timestamp: START, value: i / 7 })),
};
const integers = matrix((i, step) => i * 1000 + step);
const fractions = matrix((i, step) => (i * 1000 + step) / 7);

const write = (value: QueryValue): void => {
  const writer = new JsonWriter({ maxBytes: 1e9, charge: () => {} });
  writeValue(writer, value, undefined);
  writer.finish();
};

test('answers as JSON', async ({ bench }) => {
  await bench('24,000 points, integers', () => write(integers)).run();
  await bench('24,000 points, full fractions', () => write(fractions)).run();
  await bench('1000 instant samples', () => write(vector)).run();
});
