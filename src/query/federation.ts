import type { Histogram } from '../model/histogram.ts';
import { compareStrings, escapeText, labelsKey, labelValue, METRIC_NAME } from '../model/labels.ts';
import type { Querier, QueryBudget, SeriesSamples } from '../model/queryable.ts';
import { formatValue, isStaleAt, wordsOf } from '../model/sample.ts';
import type { JsonWriter } from './json.ts';
import type { FederateTask } from './protocol.ts';
import { matchersOf } from './selector.ts';

/** Content types of the page, as clients negotiate them. */
const FEDERATION_TYPES = {
  utf8: 'text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8',
  underscores: 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
} as const;

/** What a line of the page takes before it is written, its key apart. */
const LINE_BYTES = 400;

/** A sample of the page under the name that the client can read. */
export interface FederatedSample {
  readonly name: string;
  /** Names and values in turn: the sample's own labels, then those of outside that it lacks. */
  readonly labels: readonly string[];
  readonly timestamp: number;
  readonly value: number;
  readonly histogram: Histogram | undefined;
}

/** Encodes the page as protobuf, handed in so that this package knows no wire format. */
export interface FamilyFormat {
  readonly contentType: string;
  encode(samples: readonly FederatedSample[]): Uint8Array;
}

/**
 * Writes the newest sample of each selected series as a page, by metric name, with timestamps; gives its content type. Series that are
 * stale or have no name are left out; of a text page also those that end in a native histogram, which it cannot hold.
 */
export function writeFederation(
  writer: JsonWriter,
  task: FederateTask,
  querier: Querier,
  budget: QueryBudget,
  lookbackMs: number,
  families: FamilyFormat,
): string {
  const samples = newestSamples(task, querier, budget, lookbackMs);
  const escaping = task.acceptsUtf8 ? 'allow-utf-8' : 'underscores';
  if (task.format === 'protobuf') {
    writer.bytes(families.encode(samples));
    return `${families.contentType}; escaping=${escaping}`;
  }
  let family = '';
  for (const { name, labels, timestamp, value, histogram } of samples) {
    if (histogram) continue;
    const isPlain = name === underscored(name, METRIC_CHARACTERS);
    if (name !== family) {
      family = name;
      writer.raw(`# TYPE ${isPlain ? name : quoted(name)} untyped\n`);
    }
    const text = labelText(labels);
    const head = isPlain ? `${name}{${text}}` : `{${quoted(name)}${text === '' ? '' : `,${text}`}}`;
    writer.raw(`${head} ${formatValue(value)} ${timestamp}\n`);
  }
  return FEDERATION_TYPES[task.acceptsUtf8 ? 'utf8' : 'underscores'];
}

function newestSamples(
  task: FederateTask,
  querier: Querier,
  budget: QueryBudget,
  lookbackMs: number,
): FederatedSample[] {
  const range = { from: task.timestamp - lookbackMs, to: task.timestamp + 1 };
  const found = new Map<string, SeriesSamples>();
  for (const text of task.match) {
    for (const series of querier.select(matchersOf(text, { mayMatchAll: true, named: false }), range)) {
      if (labelValue(series.labels, METRIC_NAME) !== '' && hasLiveEnd(series)) {
        const key = labelsKey(series.labels);
        budget.bytes(LINE_BYTES + key.length);
        found.set(key, series);
      }
    }
  }
  const external = [...task.externalLabels];
  // An empty instance keeps the scraper from adding its own.
  if (!external.some((name, i) => i % 2 === 0 && name === 'instance')) external.push('instance', '');
  const shown = (text: string, odd: RegExp): string => (task.acceptsUtf8 ? text : underscored(text, odd));
  return [...found.values()]
    .map((series) => ({ name: labelValue(series.labels, METRIC_NAME), series }))
    .sort((a, b) => compareStrings(a.name, b.name))
    .map(({ name, series }) => {
      const { labels, timestamps, values, histograms } = series;
      const pairs: string[] = [];
      for (let i = 0; i < labels.length; i += 2) {
        if (labels[i] !== METRIC_NAME) pairs.push(shown(labels[i]!, LABEL_CHARACTERS), labels[i + 1]!);
      }
      for (let i = 0; i < external.length; i += 2) {
        if (labelValue(labels, external[i]!) === '') {
          pairs.push(shown(external[i]!, LABEL_CHARACTERS), external[i + 1]!);
        }
      }
      const last = timestamps.length - 1;
      return {
        name: shown(name, METRIC_CHARACTERS),
        labels: pairs,
        timestamp: timestamps[last]!,
        value: values[last]!,
        histogram: histograms?.[last],
      };
    });
}

function hasLiveEnd({ timestamps, values }: SeriesSamples): boolean {
  const last = timestamps.length - 1;
  return last >= 0 && !isStaleAt(wordsOf(values), last);
}

const METRIC_CHARACTERS = /[^a-zA-Z0-9_:]/gu;
const LABEL_CHARACTERS = /[^a-zA-Z0-9_]/gu;

/** As upstream escapes names for who reads no others: also the digit that one begins with becomes an underscore. */
const underscored = (name: string, odd: RegExp): string => name.replace(odd, '_').replace(/^[0-9]/, '_');

function labelText(labels: readonly string[]): string {
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    const isPlain = underscored(name, LABEL_CHARACTERS) === name;
    parts.push(`${isPlain ? name : quoted(name)}=${quoted(labels[i + 1]!)}`);
  }
  return parts.join(',');
}

const quoted = (text: string): string => `"${escapeText(text)}"`;
