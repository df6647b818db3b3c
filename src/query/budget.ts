import type { QueryBudget } from '../model/queryable.ts';
import { CANCEL, CONTROL, type ErrorType, type QueryLimits } from './protocol.ts';

/** Why a query ended without a result; `type` is Prometheus' error type. */
export class QueryError extends Error {
  readonly type: ErrorType;
  constructor(type: ErrorType, message: string) {
    super(message);
    this.name = 'QueryError';
    this.type = type;
  }
}

export interface CountingBudget extends QueryBudget {
  samplesRead(): number;
  /** Most bytes held at one time. */
  peakBytes(): number;
}

/**
 * Counts what a query spends and ends it at the first limit it passes.
 * @param now monotonic milliseconds
 * @param control of which `cancel` ends the query
 * @param collectGarbage called when a quarter of `maxBytes` was taken since it was called last: what was given back is not free before
 */
export function createBudget(
  limits: QueryLimits,
  control: Int32Array,
  now: () => number,
  collectGarbage?: () => void,
): CountingBudget {
  const startedAt = now();
  let samples = 0;
  let bytes = 0;
  let peak = 0;
  let takenSinceCollection = 0;
  const check = (): void => {
    const reason = Atomics.load(control, CONTROL.cancel);
    if (reason === CANCEL.deadline || now() - startedAt > limits.timeoutMs) {
      throw new QueryError(
        'timeout',
        `query timed out in expression evaluation: query.timeout is ${limits.timeoutMs} ms`,
      );
    }
    if (reason !== CANCEL.none)
      throw new QueryError('canceled', CANCEL_TEXTS[reason] ?? 'query was canceled');
  };
  return {
    samples(count) {
      samples += count;
      if (samples > limits.maxSamples) {
        throw new QueryError(
          'execution',
          `query processing would load too many samples into memory in query execution: ${samples} of at most ${limits.maxSamples} (query.max_samples)`,
        );
      }
    },
    bytes(count) {
      bytes += count;
      if (bytes > peak) peak = bytes;
      if (bytes > limits.maxBytes) {
        throw new QueryError(
          'execution',
          `query needs more memory than allowed: ${bytes} bytes of at most ${limits.maxBytes} (query.max_bytes); narrow the selector, the range or the step`,
        );
      }
      if (collectGarbage && count > 0) {
        takenSinceCollection += count;
        if (takenSinceCollection > limits.maxBytes / 4) {
          takenSinceCollection = 0;
          collectGarbage();
        }
      }
      check();
    },
    check,
    samplesRead: () => samples,
    peakBytes: () => peak,
  };
}

const CANCEL_TEXTS: Readonly<Record<number, string>> = {
  [CANCEL.clientGone]: 'query was canceled: the client went away',
  [CANCEL.shutdown]: 'query was canceled: the server is shutting down',
  [CANCEL.byUser]: 'query was canceled by an administrator',
};
