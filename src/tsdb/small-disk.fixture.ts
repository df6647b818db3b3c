import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own that can be filled to the last block. */
export interface SmallDisk {
  readonly path: string;
  /** Takes all room but this much, bytes. */
  fill(leave?: number): void;
  /** Gives the room back. */
  empty(): void;
  remove(): void;
}

/** Undefined, and a line on stderr, where a tmpfs cannot be mounted: that takes root. */
export function smallDisk(bytes: number): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'belfry-disk-'));
  const { status, stderr, error } = spawnSync(
    'mount',
    ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) {
    rmdirSync(path);
    console.error(
      `SKIPPED tests of a full disk: a tmpfs cannot be mounted: ${(stderr ?? String(error)).trim()}`,
    );
    return undefined;
  }
  const ballast = join(path, 'ballast');
  return {
    path,
    fill(leave = 0) {
      const { bavail, bsize } = statfsSync(path);
      const held = statSync(ballast, { throwIfNoEntry: false })?.size ?? 0;
      const wanted = held + bavail * bsize - leave;
      if (wanted < held) truncateSync(ballast, Math.max(0, wanted));
      else writeFileSync(ballast, Buffer.alloc(wanted - held), { flag: 'a' });
    },
    empty: () => rmSync(ballast, { force: true }),
    remove() {
      spawnSync('umount', ['-l', path]);
      rmdirSync(path);
    },
  };
}
