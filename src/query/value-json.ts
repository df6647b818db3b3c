import type { Histogram } from '../model/histogram.ts';
import { formatValue } from '../model/sample.ts';
import type { QueryValue } from '../promql/evaluate.ts';
import { allBuckets, usesCustomBuckets } from '../promql/histogram/buckets.ts';
import { formatTime, type JsonWriter, labelsJson, sampleJson } from './json.ts';
import { MAX_POINT_BYTES, TimeTexts, writePoint, writeValueText } from './point-bytes.ts';

/** The times of a range query, ms. */
interface Grid {
  readonly startMs: number;
  readonly stepMs: number;
}

/**
 * Writes `"resultType":…,"result":…` as upstream's API does.
 * @param grid given, a matrix comes as columns: instead of `values`, a series of floats has `column`, a number for each step of the grid
 *   from step `from` on, null where there is none that JSON can say
 * @returns whether series were left out because of `limit`
 */
export function writeValue(
  writer: JsonWriter,
  value: QueryValue,
  limit: number | undefined,
  grid?: Grid,
): boolean {
  switch (value.kind) {
    case 'scalar':
      writer.raw(`"resultType":"scalar","result":${sampleJson(value.timestamp, value.value)}`);
      return false;
    case 'string':
      writer.raw(
        `"resultType":"string","result":[${formatTime(value.timestamp)},${JSON.stringify(value.value)}]`,
      );
      return false;
    case 'vector': {
      const count = Math.min(limit ?? value.samples.length, value.samples.length);
      writer.raw('"resultType":"vector","result":[');
      for (let i = 0; i < count; i++) {
        const sample = value.samples[i]!;
        const point = sample.histogram
          ? `"histogram":[${formatTime(sample.timestamp)},${histogramJson(sample.histogram)}]`
          : `"value":${sampleJson(sample.timestamp, sample.value)}`;
        writer.raw(`${i > 0 ? ',' : ''}{"metric":${labelsJson(sample.labels)},${point}}`);
      }
      writer.raw(']');
      return count < value.samples.length;
    }
    case 'matrix': {
      const count = Math.min(limit ?? value.series.length, value.series.length);
      const times = new TimeTexts();
      writer.raw('"resultType":"matrix","result":[');
      for (let i = 0; i < count; i++) {
        writer.raw(`${i > 0 ? ',' : ''}{"metric":${labelsJson(value.series[i]!.labels)}`);
        if (grid && isFloats(value.series[i]!)) writeColumn(writer, value.series[i]!, grid);
        else writeSeries(writer, value.series[i]!, times);
        writer.raw('}');
      }
      writer.raw(']');
      return count < value.series.length;
    }
  }
}

interface MatrixSeries {
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
  readonly histograms?: readonly (Histogram | undefined)[] | undefined;
}

/** Points written between two looks at the limits. */
const RUN = 512;

/** Floats under `values`, histograms under `histograms`; a key without points is left out. */
function writeSeries(writer: JsonWriter, series: MatrixSeries, times: TimeTexts): void {
  const { timestamps, values, histograms } = series;
  let floats = 0;
  for (let from = 0; from < timestamps.length; from += RUN) {
    const to = Math.min(timestamps.length, from + RUN);
    if (floats === 0) {
      if (histograms && !hasFloat(histograms, from, to)) continue;
      writer.raw(',"values":[');
    }
    writer.place((to - from) * MAX_POINT_BYTES, (bytes, start) => {
      let at = start;
      for (let i = from; i < to; i++) {
        if (histograms?.[i]) continue;
        if (floats++ > 0) bytes[at++] = 0x2c;
        at = writePoint(bytes, at, times.of(timestamps[i]!), values[i]!);
      }
      return at;
    });
  }
  if (floats > 0) writer.raw(']');
  if (!histograms || floats === timestamps.length) return;
  let written = 0;
  for (let i = 0; i < timestamps.length; i++) {
    const histogram = histograms[i];
    if (!histogram) continue;
    const time = formatTime(timestamps[i]!);
    writer.raw(`${written++ === 0 ? ',"histograms":[' : ','}[${time},${histogramJson(histogram)}]`);
  }
  writer.raw(']');
}

const isFloats = ({ timestamps, histograms }: MatrixSeries): boolean =>
  timestamps.length > 0 && !histograms?.some((histogram) => histogram !== undefined);

const NULL = Buffer.from('null', 'latin1');

/** One number after the other: a browser reads that in a fraction of the time that pairs of time and text take. */
function writeColumn(writer: JsonWriter, series: MatrixSeries, { startMs, stepMs }: Grid): void {
  const { timestamps, values } = series;
  const stepOf = (i: number): number => Math.round((timestamps[i]! - startMs) / stepMs);
  const first = stepOf(0);
  writer.raw(`,"from":${first},"column":[`);
  let next = first;
  for (let from = 0; from < timestamps.length; from += RUN) {
    const to = Math.min(timestamps.length, from + RUN);
    const holes = stepOf(to - 1) + 1 - next - (to - from);
    writer.place((to - from) * MAX_POINT_BYTES + holes * (NULL.length + 1), (bytes, start) => {
      let at = start;
      for (let i = from; i < to; i++) {
        for (const step = stepOf(i); next <= step; next++) {
          if (next > first) bytes[at++] = 0x2c;
          if (next === step && Number.isFinite(values[i]!)) at = writeValueText(bytes, at, values[i]!);
          else {
            bytes.set(NULL, at);
            at += NULL.length;
          }
        }
      }
      return at;
    });
  }
  writer.raw(']');
}

function hasFloat(histograms: readonly (Histogram | undefined)[], from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!histograms[i]) return true;
  return false;
}

/** Which bounds belong to a bucket, in upstream's numbers. */
const BOUNDARIES = { upper: 0, lower: 1, both: 3 } as const;

function histogramJson(histogram: Histogram): string {
  const isCustom = usesCustomBuckets(histogram);
  const buckets = allBuckets(histogram)
    .filter((bucket) => bucket.count !== 0)
    .map(({ lower, upper, count }) => {
      // The zero bucket has both, and of custom ones the first, which nothing is below.
      const hasLower = isCustom ? lower === Number.NEGATIVE_INFINITY : lower <= 0;
      const hasUpper = isCustom || upper >= 0;
      const boundaries = hasLower ? (hasUpper ? BOUNDARIES.both : BOUNDARIES.lower) : BOUNDARIES.upper;
      return `[${boundaries},"${formatValue(lower)}","${formatValue(upper)}","${formatValue(count)}"]`;
    });
  return `{"count":"${formatValue(histogram.count)}","sum":"${formatValue(histogram.sum)}"${
    buckets.length > 0 ? `,"buckets":[${buckets.join(',')}]` : ''
  }}`;
}
