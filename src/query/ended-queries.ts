import type { Log } from '../model/log.ts';
import type { ActiveQuery } from './active-queries.ts';
import type { QueryId, QueryTask } from './protocol.ts';

/** A query that runs, waits or has ended, for people to see. */
export interface QueryStatus {
  /** Of this run of the process; 0 for queries of the one before. */
  readonly id: QueryId;
  readonly kind: QueryTask['kind'];
  /** Expression or selectors, cut where they are long. */
  readonly query: string;
  /** `canceled`: by whoever asked, or by a person; `interrupted`: it ran when the process before this one ended without a stop. */
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'canceled' | 'interrupted';
  /** Unix ms. */
  readonly receivedAt: number;
  /** Once it has ended. */
  readonly cost?: QueryCost;
}

export interface QueryCost {
  /** Status of the HTTP answer. */
  readonly status: number;
  readonly waitedMs: number;
  readonly evaluationMs: number;
  readonly samplesRead: number;
  readonly peakBytes: number;
  readonly answerBytes: number;
}

/** Ended queries that are listed. */
const LISTED = 100;

/**
 * The queries that ended last. Slow ones are logged, and so are those that the process before this one left in the middle.
 * @param slowMs from which evaluation time on a query is slow
 */
export function createEndedQueries(deps: {
  readonly log: Log;
  readonly slowMs: number;
  readonly interrupted: readonly ActiveQuery[];
}): {
  add(query: QueryStatus, cost: QueryCost): void;
  /** Newest first. */
  list(): readonly QueryStatus[];
} {
  const { log, slowMs, interrupted } = deps;
  const ended = interrupted.map((query): QueryStatus => ({ id: 0, ...query, state: 'interrupted' }));
  for (const { query, kind, receivedAt } of interrupted) {
    log.warn(
      { query, kind, receivedAt },
      'this query was running when the process before ended without a stop',
    );
  }
  return {
    add(query, cost) {
      ended.unshift({ ...query, cost });
      if (ended.length > LISTED) ended.pop();
      if (cost.evaluationMs >= slowMs)
        log.warn({ query: query.query, kind: query.kind, ...cost }, 'slow query');
    },
    list: () => ended,
  };
}
