import fs from 'node:fs';
import path from 'node:path';
import { parsePartitionName } from './partition/names.ts';

/** A log of fewer bytes holds definitions and hardly a sample. */
const SOME_BYTES = 128 * 1024;

/** Whether samples were stored here before, told from names and sizes alone. */
export function hasHistory(dir: string): boolean {
  if (!fs.existsSync(dir)) return false;
  const sizeOf = (name: string): number =>
    fs.statSync(path.join(dir, name), { throwIfNoEntry: false })?.size ?? 0;
  return (
    sizeOf('log.db') + sizeOf('log.db-wal') > SOME_BYTES ||
    fs.readdirSync(dir).some((name) => parsePartitionName(name))
  );
}
