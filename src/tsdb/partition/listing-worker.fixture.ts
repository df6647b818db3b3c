import { parentPort, workerData } from 'node:worker_threads';
import { listPartitions } from './directory.ts';
import { openPartitionFile } from './schema.ts';

/** Lists a directory and opens what is new in it, as fast as it can, until it has opened so many; reports that, or what was wrong with one. */
const { directory, wanted } = workerData as { directory: string; wanted: number };
const opened = new Set<string>();
let finding: string | undefined;
parentPort!.postMessage('begun');
while (finding === undefined && opened.size < wanted) {
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
