import type { KeptMemory } from '../tsdb/open-queryable.ts';
import type { QueryLimits } from './protocol.ts';

const MB = 1024 * 1024;

/** A query's memory is for the query: of what it may take, a worker keeps a small part decoded for the next one. */
export function keptMemory({ maxBytes }: QueryLimits): KeptMemory {
  return {
    columns: clamp(maxBytes / 6, 8 * MB, 64 * MB),
    scratch: clamp(maxBytes / 12, 4 * MB, 64 * MB),
    labels: clamp(maxBytes / 4, 16 * MB, 256 * MB),
    series: clamp(maxBytes / 1600, 20_000, 200_000),
  };
}

/** Rules read the newest samples, out of the head. */
export const RULES_KEEP: KeptMemory = { columns: 4 * MB, scratch: 2 * MB, labels: 16 * MB, series: 200_000 };

const clamp = (value: number, least: number, most: number): number =>
  Math.round(Math.min(Math.max(value, least), most));
