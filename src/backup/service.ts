import type { MessagePort } from 'node:worker_threads';
import type { SqliteAddon } from '../sqlite/database.ts';
import { type BackupRequest, rotateBackups, type WrittenBackup, writeBackup } from './backup.ts';
import { copyData } from './copy.ts';

/** What a backup thread is asked; plain data. */
export type BackupTask =
  | ({
      readonly kind: 'backup' /** Older backups that stay; undefined keeps all. */;
      readonly keep?: number;
    } & BackupRequest)
  | {
      readonly kind: 'snapshot';
      readonly source: string;
      readonly target: string;
      readonly skipHead: boolean;
    };

export interface BackupDone {
  readonly written?: WrittenBackup;
  /** Names of backups that had to go. */
  readonly removed: readonly string[];
}

export type BackupAnswer = BackupDone | { readonly error: string };

/** Serves backups on a port, in a thread of its own: each task is answered once. */
export function serveBackups(port: MessagePort, addon: SqliteAddon): void {
  port.on('message', async (task: BackupTask) => {
    let answer: BackupAnswer;
    try {
      answer = await run(task, addon);
    } catch (error) {
      answer = { error: (error as Error).message };
    }
    port.postMessage(answer);
  });
}

async function run(task: BackupTask, addon: SqliteAddon): Promise<BackupDone> {
  if (task.kind === 'snapshot') {
    const { source, target, skipHead } = task;
    await copyData({ source, target, addon, skipHead, linkSealed: true });
    return { removed: [] };
  }
  const written = await writeBackup(task, { addon });
  return { written, removed: task.keep === undefined ? [] : rotateBackups(task.directory, task.keep) };
}
