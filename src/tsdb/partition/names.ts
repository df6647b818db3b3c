import { join } from 'node:path';
import { PARTITION_MS } from '../partition.ts';
import type { PartitionKind } from './schema.ts';

const NAME = /^(\d{4})(\d{2})(\d{2})(\.hot)?\.db$/;

/** `20260102.hot.db` or `20260102.db` in a data directory; `day` is the day's first instant, Unix ms. */
export function partitionPath(directory: string, day: number, kind: PartitionKind): string {
  const name = isoDay(day).replaceAll('-', '');
  return join(directory, kind === 'hot' ? `${name}.hot.db` : `${name}.db`);
}

/** Where a sealed file is written before it gets its name. */
export const sealingPath = (directory: string, day: number): string =>
  `${partitionPath(directory, day, 'sealed')}.sealing`;

/** Where a hot file is made before it gets its name. */
export const makingPath = (hotFile: string): string => `${hotFile}.making`;

/** Where a day's sealed file is written anew when several days change at once. */
export const changedPath = (directory: string, day: number): string =>
  `${partitionPath(directory, day, 'sealed')}.changed`;

/** What a file name says; undefined when it is not one of a partition. */
export function parsePartitionName(
  name: string,
): { readonly day: number; readonly kind: PartitionKind } | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const [, year, month, date, hot] = match;
  const day = Date.parse(`${year}-${month}-${date}T00:00:00Z`);
  if (Number.isNaN(day) || day % PARTITION_MS !== 0 || isoDay(day) !== `${year}-${month}-${date}`)
    return undefined;
  return { day, kind: hot ? 'hot' : 'sealed' };
}

/** `2026-01-02`; the number itself when it is no time, as it may stand in a damaged file. */
export const isoDay = (day: number): string =>
  Math.abs(day) <= 8.64e15 ? new Date(day).toISOString().slice(0, 10) : String(day);

/** The files SQLite keeps beside a database. */
export const companions = (file: string): string[] => [`${file}-wal`, `${file}-shm`, `${file}-journal`];
