import type { MessagePort } from 'node:worker_threads';
import { withWholeView } from '../model/queryable.ts';
import { PromqlError } from '../promql/errors.ts';
import { type AnswerSource, writeAnswer } from './answers.ts';
import { createBudget, QueryError } from './budget.ts';
import { JsonWriter, ResultTooLargeError } from './json.ts';
import { ERROR_STATUS, errorBody, JSON_TYPE, type QueryAnswer, type QueryRequest } from './protocol.ts';

/** Serves the interactive lane on a port: one request at a time, each answered once, whatever happens. */
export function serveQueries(port: MessagePort, source: AnswerSource, monotonic: () => number): void {
  port.on('message', (request: QueryRequest) => {
    const answer = answerQuery(request, source, monotonic);
    port.postMessage(answer, [answer.body.buffer as ArrayBuffer]);
  });
}

/** Evaluates one request and encodes its answer; errors become answers. Pure but for the store it reads. */
export function answerQuery(
  request: QueryRequest,
  source: AnswerSource,
  monotonic: () => number,
): QueryAnswer {
  const startedAt = monotonic();
  const elapsedMs = (): number => monotonic() - startedAt;
  const budget = createBudget(request.limits, new Int32Array(request.cancel), monotonic);
  const done = (status: number, contentType: string, body: Uint8Array): QueryAnswer => ({
    id: request.id,
    status,
    contentType,
    body,
    samplesRead: budget.samplesRead(),
    peakBytes: budget.peakBytes(),
    evaluationMs: elapsedMs(),
  });
  try {
    return withWholeView(() => {
      const writer = new JsonWriter({ maxBytes: request.limits.maxResultBytes, charge: budget.bytes });
      const times = { waitedMs: request.waitedMs, elapsedMs };
      const contentType = writeAnswer(writer, request.task, source, budget, times);
      return done(200, contentType, writer.finish());
    });
  } catch (error) {
    const { type, message } = classify(error);
    return done(ERROR_STATUS[type], JSON_TYPE, errorBody(type, message));
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
