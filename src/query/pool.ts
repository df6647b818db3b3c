import type { Clock, Timer } from '../clock.ts';
import type { Log } from '../model/log.ts';
import type { ActiveQueries } from './active-queries.ts';
import { createEndedQueries, type QueryCost, type QueryStatus } from './ended-queries.ts';
import {
  CANCEL,
  type CancelReason,
  CONTROL,
  ERROR_STATUS,
  errorBody,
  JSON_TYPE,
  type QueryAnswer,
  type QueryId,
  type QueryLimits,
  type QueryRequest,
  type QueryTask,
} from './protocol.ts';
import { taskText } from './task-text.ts';
import { type UnsentAnswers, unsentAnswers } from './unsent.ts';

/** A worker thread of the interactive lane as the pool sees it. */
export interface QueryWorker {
  /** Shared with the thread: see CONTROL. */
  readonly control: Int32Array;
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
  /** Bytes of answers that may wait for their clients (`query.max_unsent_bytes`), of all queries together. */
  readonly maxUnsentBytes: number;
  /** Queries whose evaluation takes this long are logged (`query.log_slower_than`), ms. */
  readonly slowMs: number;
  /** Where running queries are noted, so that a crash can be told from. */
  readonly active?: ActiveQueries;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  /** In pieces; who sends them takes them out one by one, so that their memory is free as soon as they are sent. */
  readonly body: Uint8Array[];
  readonly retryAfterSeconds?: number;
  /** To be called when the body was sent or is not going to be: till then it counts against `query.max_unsent_bytes`. */
  readonly release?: () => void;
  /** To be called once the system has all of a large body: its memory is free then, not when V8 gets to look. Nobody may read it after. */
  readonly free?: () => void;
}

export const bytesOf = ({ body }: Pick<HttpAnswer, 'body'>): number =>
  body.reduce((sum, { length }) => sum + length, 0);

export interface QueryPool {
  /**
   * Runs a query in a worker and gives the complete HTTP answer, success or error; never rejects.
   * @param timeoutMs shortens `limits.timeoutMs`
   */
  run(task: QueryTask, signal?: AbortSignal, timeoutMs?: number): Promise<HttpAnswer>;
  /** What runs and waits, then what ended, newest first. */
  list(): QueryStatus[];
  /** @returns false when no such query runs or waits */
  cancel(id: QueryId): boolean;
  counts(): { running: number; waiting: number; refused: number; replaced: number; unsentBytes: number };
  stop(): void;
}

/** A pool with workers of its own. */
export interface WorkerPool extends QueryPool {
  /** Gets a worker ready for a query that is expected soon. */
  prepare(): void;
}

interface Job {
  readonly id: QueryId;
  readonly task: QueryTask;
  readonly receivedAt: number;
  readonly limits: QueryLimits;
  readonly settle: (answer: HttpAnswer) => void;
  /** Monotonic ms. */
  readonly queuedAt: number;
  /** Monotonic ms; undefined while it waits. */
  startedAt: number | undefined;
  reason: CancelReason;
}

interface Lane {
  readonly worker: QueryWorker;
  /** Monotonic ms. */
  readonly startedAt: number;
  job: Job | undefined;
  deadline?: Timer | undefined;
  idle?: Timer | undefined;
}

/** Answers from this size on are freed when they are sent; V8 lets 64 MB of them and more pile up, each moved here from a worker. */
const FREED_BYTES = 64 * 1024;

/** How long a worker may take to notice a cancel before it is replaced. */
const GRACE_MS = 1000;
/** How long a worker stays without work. */
const IDLE_MS = 60_000;
/** How long a worker that was got ready waits for its first query. */
const READY_MS = 15_000;
/** A thread that has not loaded its code after this long never will. */
const MAX_START_MS = 60_000;

/**
 * The interactive lane: people's queries, evaluated in worker threads one at a time each, in the order they came. Workers start with
 * the first query, or a little before it when it is expected, and stop after a minute idle. A query that passes its deadline is told
 * so through its cancel word; a worker that does not heed it is terminated and replaced, and the query answered with a timeout.
 */
export function createQueryPool(options: QueryPoolOptions): WorkerPool {
  const { clock, log, limits, slowMs } = options;
  const ended = createEndedQueries({ log, slowMs, interrupted: options.active?.interrupted ?? [] });
  const lanes: Lane[] = [];
  const waiting: Job[] = [];
  const unsent: UnsentAnswers = unsentAnswers(options.maxUnsentBytes);
  let nextId: QueryId = 1;
  let refused = 0;
  let replaced = 0;
  let stopped = false;

  const startLane = (): Lane => {
    const lane: Lane = { worker: options.startWorker(), startedAt: clock.monotonic(), job: undefined };
    lane.worker.onAnswer((answer) => {
      if (lane.job?.id === answer.id) finish(lane, admitted(answer), answer);
    });
    lane.worker.onExit((reason) => {
      const index = lanes.indexOf(lane);
      if (index < 0) return;
      lanes.splice(index, 1);
      lane.idle?.cancel();
      if (lane.job) {
        replaced++;
        log.error(
          { query: taskText(lane.job.task), reason },
          'query worker ended while it evaluated; it is replaced',
        );
        const text = `the query ended its worker: ${reason}; narrow the selector, the range or the step`;
        finish(lane, { status: 422, contentType: JSON_TYPE, body: [errorBody('execution', text)] });
      }
    });
    lanes.push(lane);
    return lane;
  };

  /** The answer, unless too much waits for slow clients already. */
  const admitted = ({ status, contentType, body }: QueryAnswer): HttpAnswer => {
    const size = bytesOf({ body });
    const release = unsent.take(size);
    if (release) {
      const answer = { status, contentType, body, release };
      if (size < FREED_BYTES) return answer;
      const pieces = [...body];
      return { ...answer, free: () => pieces.splice(0).forEach(freePiece) };
    }
    refused++;
    const text = `an answer of ${size} bytes does not fit beside ${unsent.bytes()} bytes that wait for slow clients, of at most ${options.maxUnsentBytes} (query.max_unsent_bytes); try again in a moment or ask for less`;
    return { ...unavailable(text), retryAfterSeconds: 5 };
  };

  const finish = (lane: Lane, answer: HttpAnswer, spent?: QueryAnswer): void => {
    const job = lane.job!;
    lane.job = undefined;
    lane.deadline?.cancel();
    options.active?.ended(job.id);
    record(job, answer, spent);
    job.settle(answer);
    next();
  };

  const record = (job: Job, answer: HttpAnswer, spent?: QueryAnswer): void => {
    const now = clock.monotonic();
    const startedAt = job.startedAt ?? now;
    const cost: QueryCost = {
      status: answer.status,
      waitedMs: startedAt - job.queuedAt,
      evaluationMs: spent?.evaluationMs ?? now - startedAt,
      samplesRead: spent?.samplesRead ?? 0,
      peakBytes: spent?.peakBytes ?? 0,
      answerBytes: bytesOf(answer),
    };
    ended.add(statusOf(job, stateAfter(answer.status)), cost);
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
    job.startedAt = clock.monotonic();
    // The worker is between two queries: the word is ours.
    Atomics.store(lane.worker.control, CONTROL.cancel, CANCEL.none);
    lane.worker.post({
      id: job.id,
      task: job.task,
      limits: job.limits,
      waitedMs: job.startedAt - job.queuedAt,
    });
    // After the worker was woken: both go on at the same time.
    options.active?.started(job.id, statusOf(job, 'running'));
    lane.deadline = clock.after(job.limits.timeoutMs, () => interrupt(lane, job, CANCEL.deadline));
  };

  /** Tells a running query to end and replaces its worker when it does not. */
  const interrupt = (lane: Lane, job: Job, reason: CancelReason): void => {
    if (lane.job !== job || job.reason !== CANCEL.none) return;
    job.reason = reason;
    Atomics.store(lane.worker.control, CONTROL.cancel, reason);
    lane.deadline?.cancel();
    awaitEnd(lane, job, reason);
  };

  const awaitEnd = (lane: Lane, job: Job, reason: CancelReason): void => {
    lane.deadline = clock.after(GRACE_MS, () => {
      if (lane.job !== job) return;
      // A thread that still loads its code heeds nothing; another one in its place would take as long, and so on for ever.
      if (isStarting(lane)) return awaitEnd(lane, job, reason);
      log.warn({ query: taskText(job.task) }, 'query did not end when told to; its worker is replaced');
      terminate(lane, endedAnswer(reason, job.limits));
    });
  };

  const isStarting = (lane: Lane): boolean =>
    Atomics.load(lane.worker.control, CONTROL.up) === 0 && clock.monotonic() - lane.startedAt < MAX_START_MS;

  const next = (): void => {
    while (waiting.length > 0) {
      let lane = lanes.find((candidate) => candidate.job === undefined);
      if (!lane && lanes.length < options.workers) lane = startLane();
      if (!lane) break;
      begin(lane, waiting.shift()!);
    }
    for (const lane of lanes) if (!lane.job && !lane.idle) endWithoutWork(lane, IDLE_MS);
  };

  const endWithoutWork = (lane: Lane, afterMs: number): void => {
    lane.idle = clock.after(afterMs, () => {
      if (lane.job) return;
      lanes.splice(lanes.indexOf(lane), 1);
      lane.worker.terminate();
    });
  };

  const run = (task: QueryTask, signal?: AbortSignal, timeoutMs?: number): Promise<HttpAnswer> =>
    new Promise((resolve) => {
      if (stopped) return resolve(unavailable('the server is shutting down'));
      if (signal?.aborted) return resolve(endedAnswer(CANCEL.clientGone, limits));
      if (waiting.length >= options.maxWaiting) {
        refused++;
        const text = `${options.maxWaiting} queries are waiting already; try again in a moment (query.max_waiting)`;
        return resolve({ ...unavailable(text), retryAfterSeconds: 5 });
      }
      const onAbort = (): void => abandon(job, CANCEL.clientGone);
      const job: Job = {
        id: nextId++,
        task,
        receivedAt: clock.now(),
        limits:
          timeoutMs === undefined ? limits : { ...limits, timeoutMs: Math.min(timeoutMs, limits.timeoutMs) },
        queuedAt: clock.monotonic(),
        startedAt: undefined,
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
      const answer = endedAnswer(reason, job.limits);
      record(job, answer);
      job.settle(answer);
      return;
    }
    const lane = lanes.find((candidate) => candidate.job === job);
    if (lane) interrupt(lane, job, reason);
  };

  return {
    run,
    prepare() {
      if (lanes.length === 0 && !stopped) endWithoutWork(startLane(), READY_MS);
    },
    list: () => [
      ...lanes.flatMap((lane) => (lane.job ? [statusOf(lane.job, 'running')] : [])),
      ...waiting.map((job) => statusOf(job, 'waiting')),
      ...ended.list(),
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
      unsentBytes: unsent.bytes(),
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
      options.active?.close();
    },
  };
}

/** A buffer that is moved into nothing leaves its memory at once. */
const freePiece = ({ buffer }: Uint8Array): void => void (buffer as ArrayBuffer).transfer(0);

function endedAnswer(reason: CancelReason, limits: QueryLimits): HttpAnswer {
  if (reason === CANCEL.deadline) {
    const text = `query timed out in expression evaluation: query.timeout is ${limits.timeoutMs} ms`;
    return { status: 503, contentType: JSON_TYPE, body: [errorBody('timeout', text)] };
  }
  return {
    status: ERROR_STATUS.canceled,
    contentType: JSON_TYPE,
    body: [errorBody('canceled', 'query was canceled')],
  };
}

const unavailable = (text: string): HttpAnswer => ({
  status: 503,
  contentType: JSON_TYPE,
  body: [errorBody('unavailable', text)],
});

/** What has become of a query whose answer has this status. */
const stateAfter = (status: number): QueryStatus['state'] => {
  if (status < 400) return 'done';
  return status === ERROR_STATUS.canceled ? 'canceled' : 'failed';
};

const statusOf = (job: Job, state: QueryStatus['state']): QueryStatus => ({
  id: job.id,
  kind: job.task.kind,
  query: taskText(job.task),
  state,
  receivedAt: job.receivedAt,
});
