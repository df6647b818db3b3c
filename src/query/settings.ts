import type { QueryConfig } from '../config/query.ts';
import type { EngineSettings, QueryLimits } from './protocol.ts';

const MAX_RESULT_BYTES = 256 * 1024 * 1024;
const MIN_QUERY_BYTES = 64 * 1024 * 1024;

/** @param defaultStepMs step of subqueries that have none: the global evaluation interval */
export function engineSettings(
  config: QueryConfig,
  defaultStepMs: number,
  features: ReadonlySet<string>,
): EngineSettings {
  return {
    lookbackMs: config.lookback_delta,
    defaultSubqueryStepMs: defaultStepMs,
    delayedNameRemoval: features.has('promql-delayed-name-removal'),
    useStartTimestamps: features.has('use-start-timestamps'),
    typeAndUnitLabels: features.has('type-and-unit-labels'),
  };
}

/** With what the next query takes meanwhile, answers on their way stay within two queries' memory. */
export const maxUnsentBytes = (config: QueryConfig, { maxBytes }: QueryLimits): number =>
  config.max_unsent_bytes ?? Math.floor(maxBytes / 4);

/** What a query may use of the host's memory unless configured: an eighth. */
export const defaultQueryBytes = (memoryBytes: number): number =>
  Math.max(MIN_QUERY_BYTES, Math.floor(memoryBytes / 8));

/** A last guard only: budgets end a query long before. V8 counts no ArrayBuffers. */
export const maxHeapMB = (queryBytes: number): number => Math.ceil((queryBytes * 4) / 2 ** 20);

/** @param memoryBytes of the host */
export function queryLimits(config: QueryConfig, memoryBytes: number): QueryLimits {
  const maxBytes = config.max_bytes ?? defaultQueryBytes(memoryBytes);
  return {
    maxSamples: config.max_samples,
    maxBytes,
    maxResultBytes: config.max_result_bytes ?? Math.min(MAX_RESULT_BYTES, Math.floor(maxBytes / 4)),
    timeoutMs: config.timeout,
  };
}
