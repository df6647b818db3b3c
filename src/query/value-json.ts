import type { Histogram } from '../model/histogram.ts';
import { formatValue } from '../model/sample.ts';
import type { QueryValue } from '../promql/evaluate.ts';
import { allBuckets, usesCustomBuckets } from '../promql/histogram/buckets.ts';
import { formatTime, type JsonWriter, labelsJson, sampleJson } from './json.ts';

/**
 * Writes `"resultType":…,"result":…` as upstream's API does.
 * @returns whether series were left out because of `limit`
 */
export function writeValue(writer: JsonWriter, value: QueryValue, limit: number | undefined): boolean {
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
      const times = new Map<number, string>();
      writer.raw('"resultType":"matrix","result":[');
      for (let i = 0; i < count; i++) {
        writer.raw(`${i > 0 ? ',' : ''}{"metric":${labelsJson(value.series[i]!.labels)}`);
        writeSeries(writer, value.series[i]!, times);
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

/** Floats under `values`, histograms under `histograms`; a key without points is left out. */
function writeSeries(writer: JsonWriter, series: MatrixSeries, times: Map<number, string>): void {
  let floats = 0;
  let histograms = 0;
  for (let i = 0; i < series.timestamps.length; i++) {
    if (series.histograms?.[i]) {
      histograms++;
      continue;
    }
    const time = timeText(series.timestamps[i]!, times);
    writer.raw(`${floats++ === 0 ? ',"values":[' : ','}[${time},"${formatValue(series.values[i]!)}"]`);
  }
  if (floats > 0) writer.raw(']');
  if (histograms === 0) return;
  let written = 0;
  for (let i = 0; i < series.timestamps.length; i++) {
    const histogram = series.histograms?.[i];
    if (!histogram) continue;
    const time = timeText(series.timestamps[i]!, times);
    writer.raw(`${written++ === 0 ? ',"histograms":[' : ','}[${time},${histogramJson(histogram)}]`);
  }
  writer.raw(']');
}

/** All series of an answer share their steps, so each time is written out once. */
function timeText(timestamp: number, times: Map<number, string>): string {
  let text = times.get(timestamp);
  if (text === undefined) {
    text = formatTime(timestamp);
    times.set(timestamp, text);
  }
  return text;
}

/** How a bucket's bounds count, in upstream's numbers. */
const BOUNDARIES = { openLeft: 0, openRight: 1, closed: 3 } as const;

function histogramJson(histogram: Histogram): string {
  const buckets = allBuckets(histogram)
    .filter((bucket) => bucket.count !== 0)
    .map(({ lower, upper, count }) => {
      const boundaries =
        lower < 0 && upper > 0 && !usesCustomBuckets(histogram)
          ? BOUNDARIES.closed
          : upper <= 0 && !usesCustomBuckets(histogram)
            ? BOUNDARIES.openRight
            : BOUNDARIES.openLeft;
      return `[${boundaries},"${formatValue(lower)}","${formatValue(upper)}","${formatValue(count)}"]`;
    });
  return `{"count":"${formatValue(histogram.count)}","sum":"${formatValue(histogram.sum)}"${
    buckets.length > 0 ? `,"buckets":[${buckets.join(',')}]` : ''
  }}`;
}
