import { compareStrings, type Labels, labelsKey, labelValue, METRIC_NAME } from '../model/labels.ts';
import type { Querier, SeriesSamples } from '../model/queryable.ts';
import { formatValue, isStaleAt, wordsOf } from '../model/sample.ts';
import type { JsonWriter } from './json.ts';
import type { FederateTask } from './protocol.ts';
import { matchersOf } from './selector.ts';

/** Content types of the page, as clients negotiate them. */
export const FEDERATION_TYPES = {
  utf8: 'text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
  underscores: 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
} as const;

/**
 * Writes the newest sample of each selected series as a text page, by metric name, with timestamps. Series that are stale, have no
 * name or end in a native histogram, which the text cannot hold, are left out.
 */
export function writeFederation(
  writer: JsonWriter,
  task: FederateTask,
  querier: Querier,
  lookbackMs: number,
): void {
  const range = { from: task.timestamp - lookbackMs, to: task.timestamp + 1 };
  const found = new Map<string, SeriesSamples>();
  for (const text of task.match) {
    for (const series of querier.select(matchersOf(text), range)) {
      if (labelValue(series.labels, METRIC_NAME) !== '' && hasLiveEnd(series)) {
        found.set(labelsKey(series.labels), series);
      }
    }
  }
  const sorted = [...found.values()]
    .map((series) => ({ name: labelValue(series.labels, METRIC_NAME), series }))
    .sort((a, b) => compareStrings(a.name, b.name));
  const external = [...task.externalLabels];
  // An empty instance keeps the scraper from adding its own.
  if (!external.some((name, i) => i % 2 === 0 && name === 'instance')) external.push('instance', '');
  let family = '';
  for (const { name, series } of sorted) {
    const shown = task.acceptsUtf8 ? name : underscored(name, METRIC_CHARACTERS);
    const isPlain = shown === underscored(shown, METRIC_CHARACTERS);
    if (name !== family) {
      family = name;
      writer.raw(`# TYPE ${isPlain ? shown : quoted(shown)} untyped\n`);
    }
    const last = series.timestamps.length - 1;
    const labels = labelText(series.labels, external, task.acceptsUtf8);
    const head = isPlain ? `${shown}{${labels}}` : `{${quoted(shown)}${labels === '' ? '' : `,${labels}`}}`;
    writer.raw(`${head} ${formatValue(series.values[last]!)} ${series.timestamps[last]}\n`);
  }
}

function hasLiveEnd({ timestamps, values, histograms }: SeriesSamples): boolean {
  const last = timestamps.length - 1;
  return last >= 0 && !histograms?.[last] && !isStaleAt(wordsOf(values), last);
}

const METRIC_CHARACTERS = /[^a-zA-Z0-9_:]/gu;
const LABEL_CHARACTERS = /[^a-zA-Z0-9_]/gu;

function underscored(name: string, odd: RegExp): string {
  const replaced = name.replace(odd, '_');
  return /^[0-9]/.test(replaced) ? `_${replaced}` : replaced;
}

function labelText(labels: Labels, external: readonly string[], acceptsUtf8: boolean): string {
  const parts: string[] = [];
  const write = (name: string, value: string): void => {
    const plain = underscored(name, LABEL_CHARACTERS);
    parts.push(`${acceptsUtf8 && plain !== name ? quoted(name) : plain}=${quoted(value)}`);
  };
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] !== METRIC_NAME) write(labels[i]!, labels[i + 1]!);
  }
  for (let i = 0; i < external.length; i += 2) {
    if (labelValue(labels, external[i]!) === '') write(external[i]!, external[i + 1]!);
  }
  return parts.join(',');
}

const quoted = (text: string): string =>
  `"${text.replace(/["\\\n]/g, (char) => (char === '\n' ? '\\n' : `\\${char}`))}"`;
