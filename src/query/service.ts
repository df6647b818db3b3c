import v8 from 'node:v8';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { withWholeView } from '../model/queryable.ts';
import { PromqlError } from '../promql/errors.ts';
import { type AnswerSource, writeAnswer } from './answers.ts';
import { createBudget, QueryError } from './budget.ts';
import { type CollectGarbage, garbageCollector } from './garbage.ts';
import { JsonWriter, ResultTooLargeError } from './json.ts';
import {
  CONTROL,
  ERROR_STATUS,
  errorBody,
  JSON_TYPE,
  type QueryAnswer,
  type QueryRequest,
} from './protocol.ts';

/** A worker waits this long for its next query before it goes back to its event loop, ms. */
const WARM_MS = 2000;

/**
 * What a large query leaves on a host with much memory, too: V8 would let it grow to several times as much as the thread has in use, and the C library would
 * keep pieces of it.
 */
const MUCH_GARBAGE_BYTES = 64 * 1024 * 1024;

/**
 * Serves the interactive lane on a port: one request at a time, each answered once, whatever happens. Between the queries of a
 * dashboard the thread sleeps on a word of its control: waking from there costs half of waking through an event loop.
 */
export function serveQueries(
  port: MessagePort,
  control: Int32Array<SharedArrayBuffer>,
  source: AnswerSource,
  monotonic: () => number,
  collectGarbage: CollectGarbage = garbageCollector(),
  heapBytes: () => number = () => v8.getHeapStatistics().used_heap_size,
): void {
  let leftBytes = heapBytes();
  const next = (): QueryRequest | undefined => {
    for (;;) {
      const posted = Atomics.load(control, CONTROL.posted);
      const received = receiveMessageOnPort(port) as { message: QueryRequest } | undefined;
      if (received) return received.message;
      if (Atomics.wait(control, CONTROL.posted, posted, WARM_MS) === 'timed-out') return undefined;
    }
  };
  Atomics.store(control, CONTROL.up, 1);
  port.on('message', (first: QueryRequest) => {
    for (let request: QueryRequest | undefined = first; request; request = next()) {
      const answer = answerQuery(request, control, source, monotonic, () => collectGarbage(true));
      port.postMessage(
        answer,
        answer.body.map(({ buffer }) => buffer),
      );
      // What a large query leaves behind is gone before the next one takes its own, and so is what its text became: an
      // expression that was compiled takes memory that no budget counts.
      const grewBytes = Math.max(answer.peakBytes, heapBytes() - leftBytes);
      const muchBytes = Math.min(request.limits.maxBytes / 4, MUCH_GARBAGE_BYTES);
      if (grewBytes > muchBytes / 2) {
        collectGarbage(grewBytes > muchBytes);
        leftBytes = heapBytes();
      }
    }
  });
}

/** Evaluates one request and encodes its answer; errors become answers. Pure but for the store it reads. */
export function answerQuery(
  request: QueryRequest,
  control: Int32Array,
  source: AnswerSource,
  monotonic: () => number,
  collectGarbage?: () => void,
): QueryAnswer {
  const startedAt = monotonic();
  const elapsedMs = (): number => monotonic() - startedAt;
  const budget = createBudget(request.limits, control, monotonic, collectGarbage);
  const done = (status: number, contentType: string, body: Uint8Array<ArrayBuffer>[]): QueryAnswer => ({
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
      return contentType === undefined ? done(204, JSON_TYPE, []) : done(200, contentType, writer.finish());
    });
  } catch (error) {
    const { type, message } = classify(error);
    return done(ERROR_STATUS[type], JSON_TYPE, [errorBody(type, message)]);
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
