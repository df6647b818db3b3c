import { parentPort, workerData } from 'node:worker_threads';
import { listPartitions } from './directory.ts';
import { openPartitionFile } from './schema.ts';

/** Lists a directory and opens what is new in it, as fast as it can, until told to stop; reports how many it opened, or what was wrong with one. */
const { directory, stop } = workerData as { directory: string; stop: Int32Array };
const opened = new Set<string>();
let finding: string | undefined;
parentPort!.postMessage('begun');
while (finding === undefined && Atomics.load(stop, 0) === 0) {
  for (const { hot } of listPartitions(directory)) {
    if (hot === undefined || opened.has(hot)) continue;
    try {
      openPartitionFile(hot, undefined).db.close();
      opened.add(hot);
    } catch (error) {
      finding = (error as Error).message;
    }
  }
}
parentPort!.postMessage(finding ?? opened.size);
