import type { ExemplarQueryable } from '../model/exemplar.ts';
import type { MetricMetadata, Queryable } from '../model/queryable.ts';
import { type LogViewOptions, readLog } from './import/log-view.ts';
import { openQueryable } from './open-queryable.ts';

/** A data directory as another process sees it. */
export interface OfflineQueryable extends Queryable, ExemplarQueryable {
  readonly metadata: ReadonlyMap<string, MetricMetadata>;
  close(): void;
}

/**
 * Opens a data directory for reading only, whether or not a server is using it: what the log held at this moment, and the partitions.
 * The log comes first: what is moved to a partition meanwhile is seen twice and merged, never missed.
 */
export function openOffline(dir: string, options: LogViewOptions): OfflineQueryable {
  const head = readLog(dir, { ...options, exemplars: true });
  const { addon, log } = options;
  const queryable = openQueryable({ dir, head: head.shared }, { addon, visibility: 'committed', log });
  return {
    querier: (budget) => queryable.querier(budget),
    exemplars: (sets, range, budget) => queryable.exemplars(sets, range, budget),
    metadata: head.metadata,
    close: () => queryable.close(),
  };
}
