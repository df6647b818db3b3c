import type { OwnTimeColumn } from '../block.ts';

/**
 * Puts columns together that have the very same timestamps: what one page brought, or a target's history in an import. Such a
 * bucket is stored like the rows of a target. Buckets and the columns in them keep the order given.
 */
export function bucketByTimestamps<T extends Pick<OwnTimeColumn, 'timestamps'>>(
  columns: readonly T[],
): T[][] {
  const buckets = new Map<string, T[][]>();
  const ordered: T[][] = [];
  for (const column of columns) {
    const { timestamps } = column;
    const key = `${timestamps.length} ${timestamps[0]} ${timestamps.at(-1)}`;
    let alike = buckets.get(key);
    if (alike === undefined) buckets.set(key, (alike = []));
    const bucket = alike.find((one) => sameTimestamps(one[0]!.timestamps, timestamps));
    if (bucket) {
      bucket.push(column);
    } else {
      alike.push([column]);
      ordered.push(alike.at(-1)!);
    }
  }
  return ordered;
}

export function sameTimestamps(a: Float64Array, b: Float64Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
