import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Log } from '../model/log.ts';
import { syncDirectory } from './partition/files.ts';
import { companions, parsePartitionName } from './partition/names.ts';

const QUARANTINE = 'quarantine';

/**
 * Moves a file of the data directory that is damaged or foreign, with what SQLite keeps beside it, into `quarantine/` and says so in the
 * log. It must not be open. Nothing happens when it is gone already.
 */
export function setAside(directory: string, file: string, reason: string, log: Pick<Log, 'error'>): void {
  if (!existsSync(file)) return;
  const place = join(directory, QUARANTINE);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  let target = join(place, basename(file));
  for (let n = 1; existsSync(target); n++) target = join(place, `${basename(file)}.${n}`);
  renameSync(file, target);
  for (const companion of companions(file)) {
    if (existsSync(companion)) renameSync(companion, target + companion.slice(file.length));
  }
  syncDirectory(directory);
  log.error({ file, movedTo: target, reason }, `set aside ${basename(file)}: ${reason}`);
}

/** Partitions that were set aside, with their first instants; they stay there until somebody removes them. */
export function listQuarantined(directory: string): { readonly day: number; readonly path: string }[] {
  const place = join(directory, QUARANTINE);
  if (!existsSync(place)) return [];
  return readdirSync(place).flatMap((name) => {
    const parsed = parsePartitionName(name.replace(/\.\d+$/, ''));
    return parsed === undefined ? [] : [{ day: parsed.day, path: join(place, name) }];
  });
}
