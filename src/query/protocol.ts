import type { MessagePort } from 'node:worker_threads';
import type { RuleEvaluation } from '../model/evaluation.ts';
import type { Matcher } from '../model/matcher.ts';
import type { TimeRange } from '../model/time.ts';
import type { LossKind } from '../tsdb/partition/unreadable.ts';
import type { NameSearch } from './name-search.ts';
import type { RuleColumns } from './rule-columns.ts';

/**
 * Messages between the main thread and a query worker: plain data, one file for both sides. A worker serves one lane: it takes one
 * request at a time from its port and answers each exactly once.
 */

export type QueryId = number;

/** What a query may spend; each has a name in the error that says it was passed. */
export interface QueryLimits {
  /** Samples in memory at once (`query.max_samples`). */
  readonly maxSamples: number;
  /** Bytes allocated for columns, groups and decoded blocks (`query.max_bytes`). */
  readonly maxBytes: number;
  /** Bytes of the answer (`query.max_result_bytes`). */
  readonly maxResultBytes: number;
  /** From the moment the worker starts on it, ms. */
  readonly timeoutMs: number;
}

/** Settings of PromQL that hold for the whole process. */
export interface EngineSettings {
  readonly lookbackMs: number;
  /** Step of subqueries without one, ms: the global evaluation interval. */
  readonly defaultSubqueryStepMs: number;
  readonly delayedNameRemoval: boolean;
  readonly useStartTimestamps: boolean;
  readonly typeAndUnitLabels: boolean;
}

/** Cost figures in an answer: totals, or per step too. */
export type StatsLevel = 'basic' | 'all';

interface Evaluated {
  readonly expr: string;
  readonly lookbackMs?: number;
  readonly limit?: number;
  readonly stats?: StatsLevel;
  /** Of how the request was written; they come with the answer. */
  readonly warnings?: readonly string[];
  /** Whether the cost of each node is asked for. */
  readonly explain?: boolean;
}

interface Listed {
  /** Series selectors as written; none means all series. */
  readonly match: readonly string[];
  readonly range: TimeRange;
  readonly limit?: number;
}

/** A search among label names, or the values of a label, that is answered as lines of JSON. */
export interface SearchTask extends Listed, NameSearch {
  readonly kind: 'search';
  /** The label whose values are searched; undefined: label names are. */
  readonly label: string | undefined;
  /** What a name is called in the answer. */
  readonly field: 'name' | 'value';
  readonly batchSize: number;
  readonly includesScore: boolean;
  readonly limit: number;
}

/** A question of the HTTP API; times in Unix ms, ranges half-open. Texts people wrote are parsed in the worker. */
export type QueryTask =
  | (Evaluated & { readonly kind: 'instant'; readonly timestamp: number })
  | (Evaluated & {
      readonly kind: 'range';
      readonly startMs: number;
      readonly endMs: number;
      readonly stepMs: number;
      /** Whether series come as columns of numbers, see `writeValue`. */
      readonly columns?: true;
    })
  | (Listed & { readonly kind: 'series' })
  | (Listed & { readonly kind: 'labelNames' })
  | (Listed & { readonly kind: 'labelValues'; readonly name: string })
  | SearchTask
  | { readonly kind: 'cardinality'; readonly range: TimeRange; readonly limit: number }
  | { readonly kind: 'blocks' }
  | { readonly kind: 'format'; readonly expr: string }
  | { readonly kind: 'parse'; readonly expr: string }
  | { readonly kind: 'exemplars'; readonly expr: string; readonly range: TimeRange }
  | FederateTask
  | ReadTask;

/** `/federate`: the newest sample of each series that is not stale. */
export interface FederateTask {
  readonly kind: 'federate';
  readonly match: readonly string[];
  readonly timestamp: number;
  /** Names and values in turn, for series that lack the label. */
  readonly externalLabels: readonly string[];
  /** Whether the client reads quoted names; otherwise odd characters become underscores. */
  readonly acceptsUtf8: boolean;
  /** Native histograms are only in `protobuf`, as upstream. */
  readonly format: 'text' | 'protobuf';
}

/** Remote read. */
export interface ReadTask {
  readonly kind: 'read';
  readonly queries: readonly { readonly matchers: readonly Matcher[]; readonly range: TimeRange }[];
  readonly responseType: 'samples' | 'chunks';
}

export interface QueryRequest {
  readonly id: QueryId;
  readonly task: QueryTask;
  readonly limits: QueryLimits;
  /** How long the query waited for a worker. */
  readonly waitedMs: number;
}

/**
 * Words shared with a query worker, Int32 each. A busy worker cannot read its mailbox, so it polls `cancel`: not 0 = give up what is
 * evaluated, see CANCEL. `posted` counts requests: a worker that was busy a moment ago waits for its next change. `up` is 1 once the
 * worker has loaded its code and heeds the others.
 */
export const CONTROL = { cancel: 0, posted: 1, up: 2 } as const;
export const newControl = (): Int32Array<SharedArrayBuffer> => new Int32Array(new SharedArrayBuffer(12));

/** Values of the cancel word. */
export const CANCEL = { none: 0, clientGone: 1, deadline: 2, shutdown: 3, byUser: 4 } as const;
export type CancelReason = (typeof CANCEL)[keyof typeof CANCEL];

/** Prometheus' error types, with the status each is answered with. */
export const ERROR_STATUS = {
  bad_data: 400,
  execution: 422,
  canceled: 499,
  timeout: 503,
  internal: 500,
  unavailable: 503,
  not_found: 404,
  not_acceptable: 406,
} as const;
export type ErrorType = keyof typeof ERROR_STATUS;

export const JSON_TYPE = 'application/json';
export const JSON_LINES_TYPE = 'application/x-ndjson; charset=utf-8';

/** Upstream's envelope of an error. */
export const errorBody = (errorType: ErrorType, error: string): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify({ status: 'error', errorType, error }));

export interface QueryAnswer {
  readonly id: QueryId;
  readonly status: number;
  readonly contentType: string;
  /** The whole body of the HTTP answer in pieces that own their memory; transferred, not copied. */
  readonly body: Uint8Array<ArrayBuffer>[];
  readonly samplesRead: number;
  /** Most bytes counted against `query.max_bytes` at one time. */
  readonly peakBytes: number;
  readonly evaluationMs: number;
}

export interface RuleRequest {
  readonly id: QueryId;
  readonly evaluation: RuleEvaluation;
}

export type RuleAnswer =
  | { readonly id: QueryId; readonly result: RuleColumns }
  | { readonly id: QueryId; readonly error: string };

/** What a worker tells of a partition that it cannot read in whole, once for each place. */
export interface DamageMessage {
  readonly kind: 'damage';
  readonly file: string;
  readonly loss: LossKind;
  /** Where and what, e.g. `table block, row 7: checksum is …`. */
  readonly detail: string;
}

/** First message to a worker's thread: which service to run on which port. A thread may run several. */
export interface ServeMessage {
  readonly service:
    | 'queries'
    | 'rules'
    | 'storage'
    | 'rehearse'
    | 'backup'
    | 'import'
    | 'remote-write'
    /** Answers each message, as long as the thread turns. */
    | 'pulse';
  readonly port: MessagePort;
  /** Where the thread finds the SQLite addon; the same in each message. */
  readonly addonFile: string | undefined;
  /** What that service needs to open; made by the package that owns it. */
  readonly init: unknown;
}
