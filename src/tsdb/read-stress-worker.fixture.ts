import { parentPort, workerData } from 'node:worker_threads';
import { labelValue } from '../model/labels.ts';
import { type Querier, unlimited, withWholeView } from '../model/queryable.ts';
import type { Visibility } from './head/own-reader.ts';
import { openQueryable } from './open-queryable.ts';
import type { StoreShared } from './queryable.ts';
import { always } from './store.fixture.ts';

/**
 * Reads a store as fast as it can while main writes, until told to stop, and reports the first thing that is not as main wrote it:
 * series i has at second t the value t + i / 1000, without gaps once it began; all series of the page of source a end at the same time,
 * whether they bring it or not.
 */
const { shared, progress } = workerData as { shared: StoreShared; progress: Int32Array };
const visibility = workerData.visibility as Visibility;
const queryable = openQueryable(shared, { addon: undefined, visibility });
let finding: string | undefined;
let seen = 0;
while (finding === undefined && Atomics.load(progress, 0) === 0) {
  withWholeView(() => {
    const querier = queryable.querier(unlimited);
    try {
      look(querier);
    } finally {
      querier.close();
    }
  });
}
queryable.close();
parentPort!.postMessage(finding);

function look(querier: Querier): void {
  let newest = 0;
  // Twice with one querier: the second read must not lose what was flushed after the first.
  for (let pass = 0; pass < 2 && finding === undefined; pass++) {
    const ends = new Set<number>();
    for (const { labels, timestamps, values } of querier.select([], always)) {
      const i = Number(labelValue(labels, 'i'));
      const name = labelValue(labels, '__name__');
      const step = name === 'own' ? 500 : 1000;
      if (name === 'm0' || name === 'paged') ends.add(timestamps.at(-1)!);
      for (let n = 0; n < values.length; n++) {
        // It ended there.
        if (name === 'churn' && n === values.length - 1 && Number.isNaN(values[n])) continue;
        if (values[n] !== timestamps[n]! / 1000 + i / 1000) {
          finding = `series ${i} has ${values[n]} at ${timestamps[n]}`;
        }
        if (n > 0 && timestamps[n]! - timestamps[n - 1]! !== step) {
          finding = `series ${i} jumps from ${timestamps[n - 1]} to ${timestamps[n]}`;
        }
      }
      newest = Math.max(newest, timestamps.at(-1)!);
    }
    if (ends.size > 1) finding ??= `a page was seen in part: its series end at ${[...ends]}`;
  }
  if (newest < seen) finding = `saw ${seen}, then only ${newest}`;
  seen = newest;
  Atomics.add(progress, 1, 1);
}
