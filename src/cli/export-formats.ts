import {
  OPEN_METRICS_END,
  writeFamily,
  writeSeconds,
  writeSeries,
} from '../exposition/openmetrics-writer.ts';
import type { Histogram, Span } from '../model/histogram.ts';
import { formatLabels, formatSeries, type Labels, labelsToObject } from '../model/labels.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { formatValue, isStaleAt, wordsOf } from '../model/sample.ts';
import { formatHistogram } from '../promql/histogram/format.ts';
import { formatG } from '../promql/numbers.ts';

/** Samples of one series; the arrays are equally long, times ascending. */
export interface ExportedSamples {
  readonly labels: Labels;
  readonly timestamps: Float64Array;
  /** Anything where the sample is a histogram. */
  readonly values: Float64Array;
  /** `undefined` where the sample is a float. */
  readonly histograms?: readonly (Histogram | undefined)[];
  /** Unix ms, 0 where not known. */
  readonly startTimestamps?: Float64Array;
}

/** How samples are written. Staleness markers are no samples to other systems and are left out. */
export interface ExportFormat {
  /** What of a sample the format has a place for beside a float and its time; the rest is left out and counted. */
  readonly holds: { readonly histograms: boolean; readonly startTimestamps: boolean };
  /** Whether it tells only which series there are. */
  readonly isSeriesOnly?: boolean;
  readonly begin: string;
  /** Comes before the first series of each metric family. */
  readonly family: (name: string, metadata: MetricMetadata | undefined) => string;
  readonly samples: (samples: ExportedSamples) => string;
  readonly end: string;
}

const nothing = (): string => '';

export const exportFormats = {
  openmetrics: {
    holds: { histograms: false, startTimestamps: false },
    begin: '',
    family: writeFamily,
    samples: openMetricsLines,
    end: OPEN_METRICS_END,
  },
  jsonl: {
    holds: { histograms: true, startTimestamps: true },
    begin: '',
    family: nothing,
    samples: jsonLines,
    end: '',
  },
  csv: {
    holds: { histograms: true, startTimestamps: false },
    begin: 'series,timestamp,value\n',
    family: nothing,
    samples: csvLines,
    end: '',
  },
  prom: {
    holds: { histograms: true, startTimestamps: false },
    begin: '',
    family: nothing,
    samples: dumpLines,
    end: '',
  },
  seriesjson: {
    holds: { histograms: true, startTimestamps: true },
    isSeriesOnly: true,
    begin: '',
    family: nothing,
    samples: ({ labels }) => `${JSON.stringify(labelsToObject(labels))}\n`,
    end: '',
  },
} satisfies Record<string, ExportFormat>;

function openMetricsLines(samples: ExportedSamples): string {
  const { timestamps, values } = samples;
  const series = writeSeries(samples.labels);
  let text = '';
  for (const i of placesOf(samples).floats) {
    text += `${series} ${formatValue(values[i]!)} ${writeSeconds(timestamps[i]!)}\n`;
  }
  return text;
}

/**
 * The shape that VictoriaMetrics imports and exports, `{"metric":{…},"values":[…],"timestamps":[…]}`, times in Unix ms. Histograms are in
 * lines of their own, with `histograms` in the place of `values`, so that nobody takes them for floats.
 */
function jsonLines(samples: ExportedSamples): string {
  const { labels, values, histograms, timestamps, startTimestamps } = samples;
  const metric = JSON.stringify(labelsToObject(labels));
  const line = (key: string, places: readonly number[], shown: (place: number) => string): string => {
    if (places.length === 0) return '';
    const starts =
      startTimestamps && places.some((i) => startTimestamps[i] !== 0)
        ? `,"startTimestamps":[${places.map((i) => startTimestamps[i]).join(',')}]`
        : '';
    const times = places.map((i) => timestamps[i]).join(',');
    return `{"metric":${metric},"${key}":[${places.map(shown).join(',')}],"timestamps":[${times}]${starts}}\n`;
  };
  const places = placesOf(samples);
  return (
    line('values', places.floats, (i) => jsonNumber(values[i]!)) +
    line('histograms', places.histograms, (i) => histogramJson(histograms![i]!))
  );
}

/** JSON knows no infinities and no NaN. */
function jsonNumber(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'null' : `"${value}"`;
}

/**
 * A histogram under the names of its protobuf message, the counts of its buckets as they are (not as differences), spans as
 * `[offset,length]`; empty lists are left out.
 */
function histogramJson(histogram: Histogram): string {
  const numbers = (key: string, list: readonly number[]): string =>
    list.length > 0 ? `,"${key}":[${list.map(jsonNumber).join(',')}]` : '';
  const spans = (key: string, list: readonly Span[]): string =>
    list.length > 0
      ? `,"${key}":[${list.map(({ offset, length }) => `[${offset},${length}]`).join(',')}]`
      : '';
  return (
    `{"count":${jsonNumber(histogram.count)},"sum":${jsonNumber(histogram.sum)},"schema":${histogram.schema}` +
    `,"zero_threshold":${jsonNumber(histogram.zeroThreshold)},"zero_count":${jsonNumber(histogram.zeroCount)}` +
    spans('negative_spans', histogram.negativeSpans) +
    numbers('negative_counts', histogram.negativeBuckets) +
    spans('positive_spans', histogram.positiveSpans) +
    numbers('positive_counts', histogram.positiveBuckets) +
    numbers('custom_values', histogram.customValues) +
    `,"reset_hint":"${histogram.counterResetHint}"}`
  );
}

/** One line per sample, in the order of time; a histogram stands as JSON in its cell. */
function csvLines(samples: ExportedSamples): string {
  const { timestamps, values, histograms } = samples;
  const series = cell(formatSeries(samples.labels));
  const places = placesOf(samples);
  let text = '';
  for (const i of [...places.floats, ...places.histograms].sort((a, b) => a - b)) {
    const histogram = histograms?.[i];
    const value = histogram ? cell(histogramJson(histogram)) : formatValue(values[i]!);
    text += `${series},${new Date(timestamps[i]!).toISOString()},${value}\n`;
  }
  return text;
}

/** As promtool's `tsdb dump` prints samples, staleness markers as the NaN that they are, times in Unix ms. */
function dumpLines({ labels, timestamps, values, histograms }: ExportedSamples): string {
  const series = formatLabels(labels);
  let text = '';
  for (let i = 0; i < values.length; i++) {
    const histogram = histograms?.[i];
    text += `${series} ${histogram ? formatHistogram(histogram) : formatG(values[i]!)} ${timestamps[i]}\n`;
  }
  return text;
}

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** Where floats stand and where histograms do; staleness markers are neither. */
function placesOf({ values, histograms }: ExportedSamples): { floats: number[]; histograms: number[] } {
  const words = wordsOf(values);
  const places = { floats: [] as number[], histograms: [] as number[] };
  for (let i = 0; i < values.length; i++) {
    if (histograms?.[i]) places.histograms.push(i);
    else if (!isStaleAt(words, i)) places.floats.push(i);
  }
  return places;
}
