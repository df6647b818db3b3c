import type { ExemplarQueryable } from '../model/exemplar.ts';
import type { Querier, Queryable, SeriesSamples } from '../model/queryable.ts';
import { evaluateInstant, evaluateRange, type QueryOutcome } from '../promql/evaluate.ts';
import { parseExpr } from '../promql/parse.ts';
import { formatExpr } from '../promql/print.ts';
import type { CountingBudget } from './budget.ts';
import { cardinality, cardinalityJson } from './cardinality.ts';
import { writeExemplars } from './exemplars.ts';
import { explainJson } from './explain-json.ts';
import { type FamilyFormat, writeFederation } from './federation.ts';
import { formatTime, type JsonWriter, labelsJson } from './json.ts';
import type { ReadExpr } from './kept-expressions.ts';
import {
  type EngineSettings,
  JSON_LINES_TYPE,
  JSON_TYPE,
  type QueryTask,
  type StatsLevel,
} from './protocol.ts';
import { writeSearch } from './search-lines.ts';
import { matchersOf } from './selector.ts';
import { treeJson } from './tree-json.ts';
import { writeValue } from './value-json.ts';

/** Remote read's wire formats, handed in so that this package knows none. `charge` is told of bytes before they are used. */
export interface ReadFormats {
  readonly samples: ReadFormat;
  readonly chunks: ReadFormat;
}

export interface ReadFormat {
  readonly contentType: string;
  encode(results: readonly (readonly SeriesSamples[])[], charge: (bytes: number) => void): Uint8Array;
}

/** What an answer is made from. */
export interface AnswerSource {
  readonly queryable: Queryable & ExemplarQueryable;
  readonly settings: EngineSettings;
  readonly readExpr: ReadExpr;
  readonly readFormats: ReadFormats;
  /** Of a federation page that is wanted as protobuf. */
  readonly families: FamilyFormat;
  /** The files of the store and what they hold, as `/status/tsdb/blocks` lists them. */
  readonly blocks: () => readonly StoredBlock[];
  /** Times of the oldest and the newest sample in memory, Unix ms. */
  readonly headSpan: () => { readonly first: number; readonly last: number } | undefined;
}

/** A file of the store in upstream's terms; times in Unix ms. */
export interface StoredBlock {
  readonly name: string;
  readonly kind: 'hot' | 'sealed';
  readonly bytes: number;
  readonly series: number;
  readonly samples: number;
  readonly blocks: number;
  readonly first: number;
  readonly last: number;
}

/** Clockwork of one answer, ms. */
export interface AnswerTimes {
  readonly waitedMs: number;
  elapsedMs(): number;
}

/**
 * Writes a task's whole answer.
 * @returns its content type; undefined where there is no content
 * @throws what the parser, the evaluation, the budget or the writer throw
 */
export function writeAnswer(
  writer: JsonWriter,
  task: QueryTask,
  { queryable, settings, readExpr, readFormats, families, blocks, headSpan }: AnswerSource,
  budget: CountingBudget,
  times: AnswerTimes,
): string | undefined {
  switch (task.kind) {
    case 'format':
      writer.raw(
        `{"status":"success","data":${JSON.stringify(formatExpr(parseExpr(task.expr), { pretty: true }))}}`,
      );
      return JSON_TYPE;
    case 'parse':
      writer.raw(`{"status":"success","data":${JSON.stringify(treeJson(parseExpr(task.expr)))}}`);
      return JSON_TYPE;
    case 'blocks':
      writer.raw(JSON.stringify({ status: 'success', data: { blocks: blocks().map(blockJson) } }));
      return JSON_TYPE;
    case 'exemplars':
      return writeExemplars(writer, queryable, task, budget) ? JSON_TYPE : undefined;
  }
  const querier = queryable.querier(budget);
  try {
    switch (task.kind) {
      case 'instant':
      case 'range':
        writeEvaluation(writer, task, readExpr, querier, settings, budget, times);
        return JSON_TYPE;
      case 'cardinality': {
        const series = querier.series([], task.range);
        writer.raw(cardinalityJson(cardinality(series, headSpan(), task.limit, budget)));
        return JSON_TYPE;
      }
      case 'federate':
        return writeFederation(writer, task, querier, budget, settings.lookbackMs, families);
      case 'read': {
        const format = readFormats[task.responseType];
        querier.announce?.(task.queries.length);
        const results = task.queries.map(({ matchers, range }) => querier.select(matchers, range));
        writer.bytes(format.encode(results, (bytes) => budget.bytes(bytes)));
        return format.contentType;
      }
      case 'search':
        writeSearch(writer, task, querier, budget);
        return JSON_LINES_TYPE;
      default:
        writeList(writer, task, querier);
        return JSON_TYPE;
    }
  } finally {
    querier.close();
  }
}

/** The level tells a day that is over, and sealed, from one that is written to; the end is exclusive, as upstream's. */
const blockJson = ({ name, kind, bytes, series, samples, blocks, first, last }: StoredBlock) => ({
  ulid: name,
  minTime: first,
  maxTime: last + 1,
  stats: { numSamples: samples, numSeries: series, numChunks: blocks, numBytes: bytes },
  compaction: { level: kind === 'sealed' ? 2 : 1, sources: [name] },
  version: 1,
});

function writeEvaluation(
  writer: JsonWriter,
  task: Extract<QueryTask, { kind: 'instant' | 'range' }>,
  readExpr: ReadExpr,
  querier: Querier,
  settings: EngineSettings,
  budget: CountingBudget,
  times: AnswerTimes,
): void {
  const expr = readExpr(task.expr);
  const preparedMs = times.elapsedMs();
  const options = {
    ...settings,
    budget,
    query: task.expr,
    ...(task.lookbackMs === undefined ? {} : { lookbackMs: task.lookbackMs }),
    ...(task.explain ? { traceClock: times.elapsedMs } : {}),
  };
  const outcome: QueryOutcome =
    task.kind === 'instant'
      ? evaluateInstant(expr, task.timestamp, querier, options)
      : evaluateRange(
          expr,
          { startMs: task.startMs, endMs: task.endMs, stepMs: task.stepMs },
          querier,
          options,
        );
  const evaluatedMs = times.elapsedMs();
  const warnings = [...(task.warnings ?? []), ...outcome.warnings];
  writer.raw('{"status":"success","data":{');
  const grid = task.kind === 'range' && task.columns ? task : undefined;
  if (writeValue(writer, outcome.value, task.limit, grid)) warnings.unshift(TRUNCATED);
  if (task.stats) {
    const seconds = (ms: number): number => ms / 1000;
    const timings = {
      evalTotalTime: seconds(evaluatedMs),
      resultSortTime: 0,
      queryPreparationTime: seconds(preparedMs),
      innerEvalTime: seconds(evaluatedMs - preparedMs),
      execQueueTime: seconds(times.waitedMs),
      execTotalTime: seconds(times.waitedMs + evaluatedMs),
    };
    writer.raw(
      `,"stats":{"timings":${JSON.stringify(timings)},"samples":${samplesJson(outcome, budget, task.stats)}}`,
    );
  }
  if (outcome.cost) writer.raw(`,"explain":${JSON.stringify(explainJson(outcome.cost, task.expr))}`);
  writer.raw('}');
  writeNotes(writer, warnings, outcome.infos);
}

const TRUNCATED = 'results truncated due to limit';

/** Upstream's sample figures; ours of memory is in bytes, so its peak is that of samples read. */
function samplesJson({ stats }: QueryOutcome, budget: CountingBudget, level: StatsLevel): string {
  let text = '{';
  if (level === 'all') {
    const steps = Array.from(
      stats.samplesPerStep,
      (count, step) => `[${formatTime(stats.startMs + step * stats.stepMs)},${count}]`,
    );
    text += `"totalQueryableSamplesPerStep":[${steps.join(',')}],`;
  }
  const read = budget.samplesRead();
  return `${text}"totalQueryableSamples":${stats.totalSamples},"samplesRead":${read},"peakSamples":${read}}`;
}

type ListTask = Extract<QueryTask, { kind: 'series' | 'labelNames' | 'labelValues' }>;

function writeList(writer: JsonWriter, task: ListTask, querier: Querier): void {
  const sets = task.match.map((text) => matchersOf(text, { named: task.kind === 'series' }));
  switch (task.kind) {
    case 'series':
      writeItems(writer, querier, querier.series(sets, task.range), labelsJson, task.limit);
      break;
    case 'labelNames':
      writeItems(writer, querier, querier.labelNames(sets, task.range), JSON.stringify, task.limit);
      break;
    case 'labelValues':
      writeItems(
        writer,
        querier,
        querier.labelValues(task.name, sets, task.range),
        JSON.stringify,
        task.limit,
      );
  }
}

function writeItems<T>(
  writer: JsonWriter,
  { warnings = [] }: Querier,
  items: readonly T[],
  json: (item: T) => string,
  limit = items.length,
): void {
  const count = Math.min(limit, items.length);
  writer.raw('{"status":"success","data":[');
  for (let i = 0; i < count; i++) writer.raw((i > 0 ? ',' : '') + json(items[i]!));
  writer.raw(']');
  writeNotes(writer, count < items.length ? [TRUNCATED, ...warnings] : warnings, []);
}

function writeNotes(writer: JsonWriter, warnings: readonly string[], infos: readonly string[]): void {
  if (warnings.length > 0) writer.raw(`,"warnings":${JSON.stringify(someOf(warnings, 'warning'))}`);
  if (infos.length > 0) writer.raw(`,"infos":${JSON.stringify(someOf(infos, 'info'))}`);
  writer.raw('}');
}

/** Notes of a kind that an answer carries, as upstream. */
const MAX_NOTES = 10;

function someOf(notes: readonly string[], kind: string): readonly string[] {
  const omitted = notes.length - MAX_NOTES;
  return omitted <= 0 ? notes : [...notes.slice(0, MAX_NOTES), `${omitted} more ${kind} annotations omitted`];
}
