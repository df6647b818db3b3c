import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../model/log.ts';
import {
  CANCEL,
  type CancelReason,
  type QueryAnswer,
  type QueryId,
  type QueryLimits,
  type QueryRequest,
  type QueryTask,
} from './protocol.ts';

/** A worker thread of the interactive lane as the pool sees it. */
export interface QueryWorker {
  post(request: QueryRequest): void;
  onAnswer(listener: (answer: QueryAnswer) => void): void;
  /** Called once when the thread has ended, for whatever reason. */
  onExit(listener: (reason: string) => void): void;
  terminate(): void;
}

export interface QueryPoolOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly startWorker: () => QueryWorker;
  /** Queries evaluated at the same time. */
  readonly workers: number;
  /** Queries that may wait for a worker; more are refused. */
  readonly maxWaiting: number;
  readonly limits: QueryLimits;
  /** How long a worker may take to notice a cancel before it is replaced, ms. */
  readonly graceMs?: number;
  /** How long the last worker stays without work, ms. */
  readonly idleMs?: number;
}

/** A query that runs or waits, for people to see. */
export interface QueryStatus {
  readonly id: QueryId;
  readonly task: QueryTask;
  readonly state: 'waiting' | 'running';
  /** Unix ms. */
  readonly receivedAt: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly retryAfterSeconds?: number;
}

export interface QueryPool {
  /**
   * Runs a query in a worker and gives the complete HTTP answer, success or error; never rejects.
   * @param timeoutMs shortens `limits.timeoutMs`
   */
  run(task: QueryTask, signal?: AbortSignal, timeoutMs?: number): Promise<HttpAnswer>;
  list(): QueryStatus[];
  /** @returns false when no such query runs or waits */
  cancel(id: QueryId): boolean;
  counts(): { running: number; waiting: number; refused: number; replaced: number };
  stop(): void;
}

interface Job {
  readonly id: QueryId;
  readonly task: QueryTask;
  readonly receivedAt: number;
  readonly limits: QueryLimits;
  readonly cancel: Int32Array;
  readonly settle: (answer: HttpAnswer) => void;
  reason: CancelReason;
}

interface Lane {
  readonly worker: QueryWorker;
  job: Job | undefined;
  deadline?: Timer | undefined;
  idle?: Timer | undefined;
}

const encoder = new TextEncoder();

export const errorBody = (errorType: string, error: string): Uint8Array =>
  encoder.encode(JSON.stringify({ status: 'error', errorType, error }));

/**
 * The interactive lane: people's queries, evaluated in worker threads one at a time each, in the order they came. Workers start with
 * the first query and stop after a minute idle. A query that passes its deadline is told so through its cancel word; a worker that
 * does not heed it is terminated and replaced, and the query answered with a timeout.
 */
export function createQueryPool(options: QueryPoolOptions): QueryPool {
  const { clock, log, limits } = options;
  const graceMs = options.graceMs ?? 1000;
  const idleMs = options.idleMs ?? 60_000;
  const lanes: Lane[] = [];
  const waiting: Job[] = [];
  let nextId: QueryId = 1;
  let refused = 0;
  let replaced = 0;
  let stopped = false;

  const startLane = (): Lane => {
    const lane: Lane = { worker: options.startWorker(), job: undefined };
    lane.worker.onAnswer((answer) => {
      if (lane.job?.id === answer.id) finish(lane, { status: answer.status, body: answer.body });
    });
    lane.worker.onExit((reason) => {
      const index = lanes.indexOf(lane);
      if (index < 0) return;
      lanes.splice(index, 1);
      lane.idle?.cancel();
      if (lane.job) {
        replaced++;
        log.error(
          { query: describe(lane.job.task), reason },
          'query worker ended while it evaluated; it is replaced',
        );
        finish(lane, {
          status: 422,
          body: errorBody(
            'execution',
            `the query ended its worker: ${reason}; narrow the selector, the range or the step`,
          ),
        });
      }
      next();
    });
    lanes.push(lane);
    return lane;
  };

  const finish = (lane: Lane, answer: HttpAnswer): void => {
    const job = lane.job!;
    lane.job = undefined;
    lane.deadline?.cancel();
    job.settle(answer);
    next();
  };

  const terminate = (lane: Lane, answer: HttpAnswer): void => {
    const index = lanes.indexOf(lane);
    if (index >= 0) lanes.splice(index, 1);
    lane.idle?.cancel();
    lane.worker.terminate();
    replaced++;
    finish(lane, answer);
  };

  const begin = (lane: Lane, job: Job): void => {
    lane.idle?.cancel();
    lane.idle = undefined;
    lane.job = job;
    lane.worker.post({
      id: job.id,
      task: job.task,
      limits: job.limits,
      cancel: job.cancel.buffer as SharedArrayBuffer,
    });
    lane.deadline = clock.after(job.limits.timeoutMs, () => interrupt(lane, job, CANCEL.deadline));
  };

  /** Tells a running query to end and replaces its worker when it does not. */
  const interrupt = (lane: Lane, job: Job, reason: CancelReason): void => {
    if (lane.job !== job || job.reason !== CANCEL.none) return;
    job.reason = reason;
    Atomics.store(job.cancel, 0, reason);
    lane.deadline?.cancel();
    lane.deadline = clock.after(graceMs, () => {
      if (lane.job !== job) return;
      log.warn({ query: describe(job.task) }, 'query did not end when told to; its worker is replaced');
      terminate(lane, endedAnswer(reason, job.limits));
    });
  };

  const next = (): void => {
    while (waiting.length > 0) {
      let lane = lanes.find((candidate) => candidate.job === undefined);
      if (!lane && lanes.length < options.workers) lane = startLane();
      if (!lane) break;
      begin(lane, waiting.shift()!);
    }
    for (const lane of lanes) {
      if (lane.job || lane.idle) continue;
      lane.idle = clock.after(idleMs, () => {
        if (lane.job) return;
        lanes.splice(lanes.indexOf(lane), 1);
        lane.worker.terminate();
      });
    }
  };

  const run = (task: QueryTask, signal?: AbortSignal, timeoutMs?: number): Promise<HttpAnswer> =>
    new Promise((resolve) => {
      if (stopped)
        return resolve({ status: 503, body: errorBody('unavailable', 'the server is shutting down') });
      if (signal?.aborted) return resolve(endedAnswer(CANCEL.clientGone, limits));
      if (waiting.length >= options.maxWaiting) {
        refused++;
        return resolve({
          status: 503,
          body: errorBody(
            'unavailable',
            `${options.maxWaiting} queries are waiting already; try again in a moment (query.max_waiting)`,
          ),
          retryAfterSeconds: 5,
        });
      }
      const onAbort = (): void => abandon(job, CANCEL.clientGone);
      const job: Job = {
        id: nextId++,
        task,
        receivedAt: clock.now(),
        limits:
          timeoutMs === undefined ? limits : { ...limits, timeoutMs: Math.min(timeoutMs, limits.timeoutMs) },
        cancel: new Int32Array(new SharedArrayBuffer(4)),
        reason: CANCEL.none,
        settle: (answer) => {
          signal?.removeEventListener('abort', onAbort);
          resolve(answer);
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      waiting.push(job);
      next();
    });

  const abandon = (job: Job, reason: CancelReason): void => {
    const index = waiting.indexOf(job);
    if (index >= 0) {
      waiting.splice(index, 1);
      job.settle(endedAnswer(reason, job.limits));
      return;
    }
    const lane = lanes.find((candidate) => candidate.job === job);
    if (lane) interrupt(lane, job, reason);
  };

  return {
    run,
    list: () => [
      ...lanes.flatMap((lane) => (lane.job ? [statusOf(lane.job, 'running')] : [])),
      ...waiting.map((job) => statusOf(job, 'waiting')),
    ],
    cancel(id) {
      const job =
        waiting.find((candidate) => candidate.id === id) ?? lanes.find((lane) => lane.job?.id === id)?.job;
      if (job) abandon(job, CANCEL.byUser);
      return job !== undefined;
    },
    counts: () => ({
      running: lanes.filter((lane) => lane.job).length,
      waiting: waiting.length,
      refused,
      replaced,
    }),
    stop() {
      stopped = true;
      for (const job of waiting.splice(0)) job.settle(endedAnswer(CANCEL.shutdown, job.limits));
      for (const lane of lanes.splice(0)) {
        lane.deadline?.cancel();
        lane.idle?.cancel();
        lane.worker.terminate();
        lane.job?.settle(endedAnswer(CANCEL.shutdown, lane.job.limits));
      }
    },
  };
}

function endedAnswer(reason: CancelReason, limits: QueryLimits): HttpAnswer {
  if (reason === CANCEL.deadline) {
    return {
      status: 503,
      body: errorBody(
        'timeout',
        `query timed out in expression evaluation: query.timeout is ${limits.timeoutMs} ms`,
      ),
    };
  }
  return { status: 499, body: errorBody('canceled', 'query was canceled') };
}

const statusOf = (job: Job, state: QueryStatus['state']): QueryStatus => ({
  id: job.id,
  task: job.task,
  state,
  receivedAt: job.receivedAt,
});

function describe(task: QueryTask): string {
  return task.kind === 'instant' || task.kind === 'range' ? task.expr.slice(0, 500) : task.kind;
}
