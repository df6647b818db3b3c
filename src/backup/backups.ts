import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock, Timer } from '../clock.ts';
import type { BackupConfig } from '../config/backup.ts';
import type { Log } from '../model/log.ts';
import { syncDirectory } from '../tsdb/partition/files.ts';
import {
  type BackupResult,
  compactTime,
  listBackups,
  PARTIAL,
  removePartial,
  type WrittenBackup,
} from './backup.ts';
import { schedule } from './cron.ts';
import { readManifest } from './manifest.ts';
import type { BackupAnswer, BackupDone, BackupTask } from './service.ts';

/** A thread that serves backups and is of no other use. */
export interface BackupThread {
  readonly port: MessagePort;
  onExit(listener: (reason: string) => void): void;
  end(): void;
}

export interface BackupsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  readonly dataDir: string;
  readonly version: string;
  readonly startThread: () => BackupThread;
  /** Runs what must not meet a deletion. */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
  /** Brings to disk what the copy shall have. */
  readonly sync: () => Promise<void>;
}

/** The last attempt, as `/api/status` tells it. */
export interface LastBackup {
  readonly startedAt: string;
  readonly tookMs: number;
  readonly name?: string;
  readonly bytes?: number;
  readonly damaged?: readonly string[];
  readonly error?: string;
}

export interface BackupStatus {
  readonly directory: string;
  readonly schedule: string | undefined;
  readonly keep: number;
  readonly isRunning: boolean;
  readonly last: LastBackup | undefined;
  /** ISO 8601; of the newest whole backup there is. */
  readonly lastSuccess: string | undefined;
}

/** Backups and snapshots of a running server: when asked, and by schedule. */
export interface Backups {
  apply(config: BackupConfig): void;
  /** Writes a backup, verifies it, and removes the oldest. @throws Error in plain words */
  run(): Promise<WrittenBackup>;
  /** Copies the data into `snapshots/` of the data directory; gives the name. @throws Error */
  snapshot(skipHead: boolean): Promise<string>;
  list(): readonly BackupResult[];
  /** Path of a file of a backup; undefined when it has none of that name. */
  fileOf(backup: string, name: string): string | undefined;
  status(): BackupStatus;
  stop(): void;
}

export function createBackups(deps: BackupsDeps): Backups {
  const { clock, log, dataDir } = deps;
  let config: BackupConfig = { keep: 7 };
  let timer: Timer | undefined;
  let last: LastBackup | undefined;
  let lastSuccessAt = 0;
  let running: BackupThread | undefined;
  const directory = (): string => config.directory ?? join(dataDir, 'backups');
  const results = new Counter({
    name: 'belfry_backups_total',
    help: 'Backups since the start, by result.',
    labelNames: ['result'],
    registers: [deps.registry],
  });
  for (const result of ['ok', 'failed']) results.inc({ result }, 0);
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [deps.registry],
      collect() {
        this.set(read());
      },
    });
  };
  gauge(
    'belfry_backup_last_success_timestamp_seconds',
    'When the newest whole backup was begun, 0 when there is none.',
    () => lastSuccessAt / 1000,
  );
  gauge('belfry_backup_last_failed', '1 when the last attempt failed.', () => (last?.error ? 1 : 0));
  gauge(
    'belfry_backup_last_duration_seconds',
    'How long the last attempt took.',
    () => (last?.tookMs ?? 0) / 1000,
  );
  gauge('belfry_backup_last_bytes', 'Size of the last backup written.', () => last?.bytes ?? 0);

  const inThread = (task: BackupTask): Promise<BackupDone> =>
    new Promise((resolve, reject) => {
      const thread = deps.startThread();
      running = thread;
      const end = (settle: () => void): void => {
        if (running !== thread) return;
        running = undefined;
        thread.end();
        settle();
      };
      thread.onExit((reason) => end(() => reject(new Error(`its thread ended: ${reason}`))));
      thread.port.on('message', (answer: BackupAnswer) =>
        end(() => ('error' in answer ? reject(new Error(answer.error)) : resolve(answer))),
      );
      thread.port.postMessage(task);
    });

  const write = async (): Promise<WrittenBackup> => {
    const now = clock.now();
    const startedAt = clock.monotonic();
    const note = (about: Partial<LastBackup>): void => {
      last = { startedAt: new Date(now).toISOString(), tookMs: clock.monotonic() - startedAt, ...about };
    };
    try {
      await deps.sync();
      const { version } = deps;
      const request = { source: dataDir, directory: directory(), now, version, keep: config.keep };
      const { written, removed } = await inThread({ kind: 'backup', ...request });
      const { name, path, bytes, damaged } = written!;
      note({ name, bytes, damaged });
      lastSuccessAt = now;
      results.inc({ result: 'ok' });
      log.info({ path, bytes, tookMs: Math.round(last!.tookMs), removed }, 'backup written and verified');
      if (damaged.length > 0)
        log.error({ damaged }, 'the backup holds files that are damaged in the data directory');
      return written!;
    } catch (error) {
      note({ error: (error as Error).message });
      results.inc({ result: 'failed' });
      log.error({ directory: directory(), error: (error as Error).message }, 'backup failed');
      throw error;
    }
  };
  const run = (): Promise<WrittenBackup> => deps.exclusively(write);

  return {
    apply(changed) {
      config = changed;
      timer?.cancel();
      const [newest] = listBackups(directory());
      lastSuccessAt = newest ? Date.parse(newest.createdAt) : 0;
      timer =
        changed.schedule === undefined
          ? undefined
          : schedule(clock, { pattern: changed.schedule, timezone: changed.timezone }, () => {
              void run().catch(() => {});
            });
    },
    run,
    snapshot: (skipHead) =>
      deps.exclusively(async () => {
        await deps.sync();
        // Upstream's form of names.
        const name = `${compactTime(clock.now())}-${randomBytes(8).toString('hex')}`;
        const target = join(dataDir, 'snapshots', name);
        const partial = `${target}${PARTIAL}`;
        removePartial(dirname(target));
        mkdirSync(partial, { recursive: true, mode: 0o700 });
        try {
          await inThread({ kind: 'snapshot', source: dataDir, target: partial, skipHead });
          renameSync(partial, target);
          syncDirectory(dirname(target));
        } catch (error) {
          rmSync(partial, { recursive: true, force: true });
          throw error;
        }
        return name;
      }),
    list: () => listBackups(directory()),
    fileOf(backup, name) {
      const found = listBackups(directory()).find((one) => one.name === backup);
      if (!found) return undefined;
      const isOfIt =
        name === 'manifest.json' || readManifest(found.path).files.some((file) => file.name === name);
      return isOfIt ? join(found.path, name) : undefined;
    },
    status: () => ({
      directory: directory(),
      schedule: config.schedule,
      keep: config.keep,
      isRunning: running !== undefined,
      last,
      lastSuccess: lastSuccessAt > 0 ? new Date(lastSuccessAt).toISOString() : undefined,
    }),
    stop() {
      timer?.cancel();
      const thread = running;
      running = undefined;
      thread?.end();
    },
  };
}
