import { Gauge, type Registry } from 'prom-client';
import type { QueryPool } from './pool.ts';

/** Registers what the pool says of itself. */
export function queryMetrics(registry: Registry, queries: QueryPool): void {
  const gauge = (
    name: string,
    help: string,
    read: (counts: ReturnType<QueryPool['counts']>) => number,
  ): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(queries.counts()));
      },
    });
  };
  gauge('belfry_queries_running', 'Queries of people that are being evaluated.', ({ running }) => running);
  gauge('belfry_queries_waiting', 'Queries of people that wait for a worker.', ({ waiting }) => waiting);
  gauge(
    'belfry_queries_refused',
    'Queries refused because too many waited, or too large an answer, since the start.',
    ({ refused }) => refused,
  );
  gauge(
    'belfry_query_unsent_bytes',
    'Bytes of answers that wait for their clients.',
    ({ unsentBytes }) => unsentBytes,
  );
  gauge(
    'belfry_query_workers_replaced',
    'Query workers replaced since the start.',
    ({ replaced }) => replaced,
  );
}
