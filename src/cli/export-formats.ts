import {
  OPEN_METRICS_END,
  writeFamily,
  writeSampleValue,
  writeSeconds,
  writeSeries,
} from '../exposition/openmetrics-writer.ts';
import { formatSeries, type Labels, labelsToObject } from '../model/labels.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { isStaleAt, wordsOf } from '../model/sample.ts';

/** Samples of one series; the arrays are equally long, times ascending. */
export interface ExportedSamples {
  readonly labels: Labels;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** How samples are written. Staleness markers are no samples to other systems and are left out. */
export interface ExportFormat {
  readonly begin: string;
  /** Comes before the first series of each metric family. */
  readonly family: (name: string, metadata: MetricMetadata | undefined) => string;
  readonly samples: (samples: ExportedSamples) => string;
  readonly end: string;
}

const nothing = (): string => '';

export const exportFormats = {
  openmetrics: { begin: '', family: writeFamily, samples: openMetricsLines, end: OPEN_METRICS_END },
  jsonl: { begin: '', family: nothing, samples: jsonLine, end: '' },
  csv: { begin: 'series,timestamp,value\n', family: nothing, samples: csvLines, end: '' },
} satisfies Record<string, ExportFormat>;

function openMetricsLines({ labels, timestamps, values }: ExportedSamples): string {
  const series = writeSeries(labels);
  const words = wordsOf(values);
  let text = '';
  for (let i = 0; i < timestamps.length; i++) {
    if (isStaleAt(words, i)) continue;
    text += `${series} ${writeSampleValue(values[i]!)} ${writeSeconds(timestamps[i]!)}\n`;
  }
  return text;
}

/** The shape that VictoriaMetrics imports and exports: `{"metric":{…},"values":[…],"timestamps":[…]}`, times in Unix ms. */
function jsonLine({ labels, timestamps, values }: ExportedSamples): string {
  const words = wordsOf(values);
  const shownValues: string[] = [];
  const shownTimes: number[] = [];
  for (let i = 0; i < timestamps.length; i++) {
    if (isStaleAt(words, i)) continue;
    shownValues.push(jsonValue(values[i]!));
    shownTimes.push(timestamps[i]!);
  }
  if (shownTimes.length === 0) return '';
  const metric = JSON.stringify(labelsToObject(labels));
  return `{"metric":${metric},"values":[${shownValues.join(',')}],"timestamps":[${shownTimes.join(',')}]}\n`;
}

/** JSON knows no infinities and no NaN. */
function jsonValue(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'null' : `"${value}"`;
}

function csvLines({ labels, timestamps, values }: ExportedSamples): string {
  const series = `"${formatSeries(labels).replaceAll('"', '""')}"`;
  const words = wordsOf(values);
  let text = '';
  for (let i = 0; i < timestamps.length; i++) {
    if (isStaleAt(words, i)) continue;
    text += `${series},${new Date(timestamps[i]!).toISOString()},${writeSampleValue(values[i]!)}\n`;
  }
  return text;
}
