import fs from 'node:fs';
import path from 'node:path';
import type { Log } from '../model/log.ts';

/** Moves a file that cannot be read, with what SQLite keeps beside it, into `quarantine/` and says so. It must not be open. */
export function setAside(dir: string, file: string, reason: string, log: Log): void {
  const place = path.join(dir, 'quarantine');
  fs.mkdirSync(place, { recursive: true, mode: 0o700 });
  let target = path.join(place, path.basename(file));
  for (let n = 1; fs.existsSync(target); n++) target = path.join(place, `${path.basename(file)}.${n}`);
  fs.renameSync(file, target);
  for (const suffix of ['-wal', '-shm']) {
    if (fs.existsSync(file + suffix)) fs.renameSync(file + suffix, target + suffix);
  }
  log.error({ file, movedTo: target, reason }, `set aside ${path.basename(file)}: ${reason}`);
}
