import fs from 'node:fs';
import type { StorageConfig } from '../config/storage.ts';
import type { RetentionSettings } from './protocol.ts';

/** Limits of the store; a percentage is of the file system that holds `dir`, as large as it is now. */
export function retentionSettings({ tsdb }: Pick<StorageConfig, 'tsdb'>, dir: string): RetentionSettings {
  const { time, size, percentage } = tsdb.retention;
  const share = percentage === undefined ? 0 : Math.floor((fileSystemBytes(dir) * percentage) / 100);
  const sizes = [size ?? 0, share].filter((bytes) => bytes > 0);
  return { timeMs: time ?? 0, sizeBytes: sizes.length > 0 ? Math.min(...sizes) : 0 };
}

function fileSystemBytes(dir: string): number {
  const { blocks, bsize } = fs.statfsSync(dir);
  return blocks * bsize;
}
