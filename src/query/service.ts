import type { MessagePort } from 'node:worker_threads';
import type { Matcher } from '../model/matcher.ts';
import type { Querier, Queryable } from '../model/queryable.ts';
import type { TimeRange } from '../model/time.ts';
import { PromqlError } from '../promql/errors.ts';
import { evaluateInstant, evaluateRange, type QueryOutcome } from '../promql/evaluate.ts';
import { parseExpr } from '../promql/parse.ts';
import { type CountingBudget, createBudget, QueryError } from './budget.ts';
import { cardinality } from './cardinality.ts';
import { JsonWriter, labelsJson, ResultTooLargeError } from './json.ts';
import { errorBody } from './pool.ts';
import {
  type EngineSettings,
  ERROR_STATUS,
  type QueryAnswer,
  type QueryRequest,
  type QueryTask,
} from './protocol.ts';
import { writeValue } from './value-json.ts';

/** Serves the interactive lane on a port: one request at a time, each answered once, whatever happens. */
export function serveQueries(
  port: MessagePort,
  queryable: Queryable,
  settings: EngineSettings,
  monotonic: () => number,
): void {
  port.on('message', (request: QueryRequest) => {
    const answer = answerQuery(request, queryable, settings, monotonic);
    port.postMessage(answer, [answer.body.buffer as ArrayBuffer]);
  });
}

/** Evaluates one request and encodes its answer; errors become answers. Pure but for the store it reads. */
export function answerQuery(
  request: QueryRequest,
  queryable: Queryable,
  settings: EngineSettings,
  monotonic: () => number,
): QueryAnswer {
  const startedAt = monotonic();
  const budget = createBudget(request.limits, new Int32Array(request.cancel), monotonic);
  const done = (status: number, body: Uint8Array): QueryAnswer => ({
    id: request.id,
    status,
    body,
    samplesRead: budget.samplesRead(),
    evaluationMs: monotonic() - startedAt,
  });
  try {
    const writer = new JsonWriter(request.limits.maxResultBytes);
    writeAnswer(writer, request.task, queryable, settings, budget, () => monotonic() - startedAt);
    return done(200, writer.finish());
  } catch (error) {
    const { type, message } = classify(error);
    return done(ERROR_STATUS[type], errorBody(type, message));
  }
}

function classify(error: unknown): Pick<QueryError, 'type' | 'message'> {
  if (error instanceof QueryError) return error;
  if (error instanceof ResultTooLargeError) return { type: 'execution', message: error.message };
  if (error instanceof PromqlError) {
    return error.kind === 'bad_data'
      ? { type: 'bad_data', message: `invalid parameter "query": ${error.message}` }
      : { type: 'execution', message: error.message };
  }
  if (error instanceof RangeError)
    return { type: 'execution', message: `query needs more memory than there is: ${error.message}` };
  return { type: 'internal', message: error instanceof Error ? error.message : String(error) };
}

function writeAnswer(
  writer: JsonWriter,
  task: QueryTask,
  queryable: Queryable,
  settings: EngineSettings,
  budget: CountingBudget,
  elapsedMs: () => number,
): void {
  if (task.kind === 'instant' || task.kind === 'range') {
    const expr = parseExpr(task.expr);
    const options = {
      ...settings,
      budget,
      query: task.expr,
      ...(task.lookbackMs === undefined ? {} : { lookbackMs: task.lookbackMs }),
    };
    const outcome: QueryOutcome =
      task.kind === 'instant'
        ? evaluateInstant(expr, task.timestamp, queryable, options)
        : evaluateRange(
            expr,
            { startMs: task.startMs, endMs: task.endMs, stepMs: task.stepMs },
            queryable,
            options,
          );
    const warnings = [...outcome.warnings];
    writer.raw('{"status":"success","data":{');
    if (writeValue(writer, outcome.value, task.limit)) warnings.push('results truncated due to limit');
    if (task.stats) writer.raw(`,"stats":${statsJson(budget, elapsedMs())}`);
    writer.raw('}');
    writeNotes(writer, warnings, outcome.infos);
    return;
  }
  const querier = queryable.querier(budget);
  try {
    if (task.kind === 'cardinality') {
      const data = cardinality(querier.series([], task.range), task.range, task.limit);
      writer.raw(JSON.stringify({ status: 'success', data }));
      return;
    }
    writer.raw('{"status":"success","data":[');
    const items = listOf(task, querier);
    const limit = Math.min(task.limit ?? items.length, items.length);
    for (let i = 0; i < limit; i++) writer.raw((i > 0 ? ',' : '') + items[i]!);
    writer.raw(']');
    writeNotes(writer, limit < items.length ? ['results truncated due to limit'] : [], []);
  } finally {
    querier.close();
  }
}

interface ListTask {
  readonly sets: readonly (readonly Matcher[])[];
  readonly range: TimeRange;
}

function listOf(task: Extract<QueryTask, ListTask>, querier: Querier): string[] {
  switch (task.kind) {
    case 'series':
      return querier.series(task.sets, task.range).map(labelsJson);
    case 'labelNames':
      return querier.labelNames(task.sets, task.range).map((name) => JSON.stringify(name));
    case 'labelValues':
      return querier.labelValues(task.name, task.sets, task.range).map((value) => JSON.stringify(value));
  }
}

function writeNotes(writer: JsonWriter, warnings: readonly string[], infos: readonly string[]): void {
  if (warnings.length > 0) writer.raw(`,"warnings":${JSON.stringify(warnings)}`);
  if (infos.length > 0) writer.raw(`,"infos":${JSON.stringify(infos)}`);
  writer.raw('}');
}

function statsJson(budget: CountingBudget, elapsedMs: number): string {
  const seconds = elapsedMs / 1000;
  return JSON.stringify({
    timings: {
      evalTotalTime: seconds,
      resultSortTime: 0,
      queryPreparationTime: 0,
      innerEvalTime: seconds,
      execQueueTime: 0,
      execTotalTime: seconds,
    },
    samples: { totalQueryableSamples: budget.samplesRead(), peakSamples: budget.samplesRead() },
  });
}
