import { type MessagePort, workerData } from 'node:worker_threads';
import { systemClock } from '../clock.ts';
import { loadAddon } from '../platform.ts';
import type { StorageInit } from './protocol.ts';
import { createStorageService } from './storage-service.ts';

/** What the thread is started with. */
export interface StorageWorkerData {
  readonly port: MessagePort;
  readonly init: StorageInit;
  /** File of the SQLite addon; undefined lets the package find its own. */
  readonly addonFile: string | undefined;
}

/** A thread that serves nothing but storage. */
const { port, init, addonFile } = workerData as StorageWorkerData;
createStorageService(port, init, { clock: systemClock, addon: loadAddon(addonFile) });
