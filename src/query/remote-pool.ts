import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { QueryStatus } from './ended-queries.ts';
import type { HttpAnswer, QueryPool } from './pool.ts';
import { ERROR_STATUS, type ErrorType, errorBody, JSON_TYPE, type QueryTask } from './protocol.ts';
import { type AskEngine, beginningOf } from './remote-engine.ts';
import { taskText } from './task-text.ts';

export interface RemotePoolOptions {
  readonly ask: AskEngine;
  /** Answers what needs no store. */
  readonly local: QueryPool;
  readonly clock: Clock;
  readonly registry: Registry;
  /** The engine's address, for people. */
  readonly engine: string;
  /** Queries asked at the same time, and those that may wait; more are refused. */
  readonly atOnce: number;
  readonly maxWaiting: number;
  readonly timeoutMs: number;
}

/** Ids of remote queries, apart from those of the local pool. */
const FIRST_ID = 1_000_000_000;
/** Label queries without bounds come with these. */
const UNBOUNDED_MS = 8_640_000_000_000_000;

interface Job {
  readonly status: QueryStatus;
  readonly abort: AbortController;
  cancelled: boolean;
}

/** Passes people's queries on to another engine (`query.remote_url`), whose answers go to them as they are. */
export function createRemotePool(options: RemotePoolOptions): QueryPool {
  const { ask, local, clock, engine } = options;
  const jobs = new Map<number, Job>();
  const waiting: (() => void)[] = [];
  let running = 0;
  let refused = 0;
  let nextId = FIRST_ID;

  const requests = new Counter({
    name: 'belfry_query_remote_requests_total',
    help: 'Queries of people passed on to the engine of query.remote_url, by the status of the answer.',
    labelNames: ['status'],
    registers: [options.registry],
  });

  const failure = (type: ErrorType, text: string): HttpAnswer => ({
    status: ERROR_STATUS[type],
    contentType: JSON_TYPE,
    body: [errorBody(type, text)],
    ...(type === 'unavailable' ? { retryAfterSeconds: 5 } : {}),
  });

  const turn = async (signal: AbortSignal): Promise<void> => {
    if (running < options.atOnce) {
      running++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.push(go);
    });
  };
  /** Hands the place on. */
  const done = (): void => {
    const next = waiting.shift();
    if (next) next();
    else running--;
  };

  const asked = async (
    { path, form, isGet }: EngineRequest,
    job: Job,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<HttpAnswer> => {
    let hasTurn = false;
    try {
      await turn(signal);
      hasTurn = true;
      const { status, contentType, body } = await ask({ path, form, signal, isGet });
      if (!contentType.startsWith(JSON_TYPE)) {
        return failure('unavailable', `${engine} answered with status ${status}: ${beginningOf(body)}`);
      }
      return { status, contentType: JSON_TYPE, body: [body] };
    } catch (error) {
      if (job.cancelled) return failure('canceled', 'query was canceled');
      if (job.abort.signal.aborted) {
        return failure('timeout', `query timed out: ${engine} did not answer within ${timeoutMs} ms`);
      }
      if (signal.aborted) return failure('canceled', 'the client left');
      return failure('unavailable', `${engine} cannot be asked: ${(error as Error).message}`);
    } finally {
      if (hasTurn) done();
    }
  };

  return {
    async run(task, signal, timeoutMs = options.timeoutMs) {
      if (isLocal(task)) return local.run(task, signal, timeoutMs);
      const limitMs = Math.min(timeoutMs, options.timeoutMs);
      const request = requestOf(task, limitMs);
      if (typeof request === 'string') {
        return failure(
          'execution',
          `${request} reads the store here, which query.remote_url puts aside: ask ${engine} for it`,
        );
      }
      if (running >= options.atOnce && waiting.length >= options.maxWaiting) {
        refused++;
        return failure(
          'unavailable',
          `${waiting.length} queries wait already, at most ${options.maxWaiting} may`,
        );
      }
      const id = nextId++;
      const abort = new AbortController();
      const job: Job = {
        status: { id, kind: task.kind, query: taskText(task), state: 'running', receivedAt: clock.now() },
        abort,
        cancelled: false,
      };
      jobs.set(id, job);
      const timer = clock.after(limitMs, () => abort.abort(new Error('timeout')));
      try {
        const either = signal ? AbortSignal.any([abort.signal, signal]) : abort.signal;
        const answer = await asked(request, job, limitMs, either);
        requests.inc({ status: String(answer.status) });
        return answer;
      } finally {
        timer.cancel();
        jobs.delete(id);
      }
    },
    list: () => [...Array.from(jobs.values(), ({ status }) => status), ...local.list()],
    cancel(id) {
      const job = jobs.get(id);
      if (!job) return local.cancel(id);
      job.cancelled = true;
      job.abort.abort(new Error('cancelled'));
      return true;
    },
    counts() {
      const own = local.counts();
      return {
        ...own,
        running: own.running + running,
        waiting: own.waiting + waiting.length,
        refused: own.refused + refused,
      };
    },
    stop() {
      for (const { abort } of jobs.values()) abort.abort(new Error('the server ends'));
      local.stop();
    },
  };
}

type LocalTask = Extract<QueryTask, { readonly kind: 'format' | 'parse' | 'cardinality' | 'blocks' }>;
type EngineTask = Exclude<QueryTask, LocalTask>;

/** What is answered here whatever the engine. */
const isLocal = (task: QueryTask): task is LocalTask =>
  task.kind === 'format' || task.kind === 'parse' || task.kind === 'cardinality' || task.kind === 'blocks';

interface EngineRequest {
  readonly path: string;
  readonly form: URLSearchParams;
  /** Upstream takes some questions only so. */
  readonly isGet: boolean;
}

/** What only this process' own store can answer, as people call it. */
const LOCAL_ONLY = {
  exemplars: 'a query of exemplars',
  federate: '/federate',
  read: 'remote read',
  search: 'a search for names',
} as const;

/** The same question in the engine's API, or what people call it when it cannot be asked there. */
function requestOf(task: EngineTask, timeoutMs: number): EngineRequest | string {
  const form = new URLSearchParams();
  const put = (name: string, value: string | number | undefined): void => {
    if (value !== undefined) form.append(name, String(value));
  };
  switch (task.kind) {
    case 'instant':
    case 'range':
      put('query', task.expr);
      if (task.kind === 'instant') put('time', task.timestamp / 1000);
      else {
        put('start', task.startMs / 1000);
        put('end', task.endMs / 1000);
        put('step', task.stepMs / 1000);
      }
      put('timeout', `${timeoutMs}ms`);
      put('limit', task.limit);
      put('lookback_delta', task.lookbackMs === undefined ? undefined : `${task.lookbackMs}ms`);
      // Any word asks for the figures, `all` for those of each step too.
      put('stats', task.stats);
      return { path: task.kind === 'instant' ? '/query' : '/query_range', form, isGet: false };
    case 'series':
    case 'labelNames':
    case 'labelValues': {
      for (const match of task.match) put('match[]', match);
      if (task.range.from > -UNBOUNDED_MS) put('start', task.range.from / 1000);
      // Bounds are inclusive there.
      if (task.range.to <= UNBOUNDED_MS) put('end', (task.range.to - 1) / 1000);
      put('limit', task.limit);
      const path =
        task.kind === 'series'
          ? '/series'
          : task.kind === 'labelNames'
            ? '/labels'
            : `/label/${encodeURIComponent(task.name)}/values`;
      return { path, form, isGet: task.kind === 'labelValues' };
    }
    default:
      return LOCAL_ONLY[task.kind];
  }
}
