import { Registry } from 'prom-client';
import { systemClock } from '../clock.ts';
import { labelsFromObject } from '../model/labels.ts';
import { silentLog } from '../testing/silent-log.ts';
import { crashDeletion, crashOwnValue, crashSeries, crashTime, crashValue } from './crash-plan.fixture.ts';
import { keptIndexFile, readKeptIndex } from './log/kept-index.ts';
import { startWorker } from './store.fixture.ts';
import { openStore } from './store.ts';

/**
 * A process made to be killed: appends and deletes what crash-plan.fixture.ts says from row argv[3] on. Prints `stored ROW` once a row
 * is committed, `deleting ROW` and `deleted ROW` around the deletion that follows a row. With argv[4] it stores so many rows and ends in
 * order; argv[5] is how much it keeps, bytes.
 */
const [, , dir, from, rows, sizeBytes] = process.argv;
const end = Number(from) + Number(rows || Number.POSITIVE_INFINITY);
const store = openStore({
  dir: dir!,
  clock: systemClock,
  log: silentLog(),
  registry: new Registry(),
  addon: undefined,
  retention: { timeMs: 0, sizeBytes: Number(sizeBytes || 0) },
  kept: await readKeptIndex(keptIndexFile(dir!)),
  keepsIndexFrom: 1,
  connect: (init) => startWorker(init),
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const source = store.source('crash');
const slots = crashSeries.map((series) => source.slot(labelsFromObject(series)));
const own = labelsFromObject({ __name__: 'own' });
for (let row = Number(from); row < end; row++) {
  source.begin(crashTime(row));
  for (const [i, slot] of slots.entries()) {
    const value = crashValue(i, row);
    if (value !== undefined) source.set(slot, value);
  }
  source.commit();
  store.append(own, crashTime(row) + 500, crashOwnValue(row));
  if (row % 100 === 99) void store.flush().catch(() => {});
  const deletion = crashDeletion(row);
  if (row % 3 === 0 || deletion) {
    await store.committed();
    say(`stored ${row}`);
  }
  if (!deletion) continue;
  say(`deleting ${row}`);
  const selectors = [[{ name: 'i', op: '=', value: String(deletion.series) } as const]];
  const range = { from: crashTime(deletion.from), to: crashTime(deletion.to) };
  await store.delete({ selectors, range }, false);
  say(`deleted ${row}`);
}
await store.flush();
await store.close();
