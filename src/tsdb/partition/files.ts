import { closeSync, fsyncSync, openSync } from 'node:fs';

/**
 * Waits until a file is on the disk. Never for a database that is open in this process: closing any descriptor of one drops
 * SQLite's POSIX locks on it. A write-ahead log carries no locks.
 */
export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes creations, renames and removals in a directory survive a power loss. */
export const syncDirectory = (path: string): void => syncFile(path);
