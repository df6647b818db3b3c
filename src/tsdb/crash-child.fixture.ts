import { Registry } from 'prom-client';
import { systemClock } from '../clock.ts';
import { labelsFromObject } from '../model/labels.ts';
import { silentLog } from '../testing/silent-log.ts';
import { crashOwnValue, crashSeries, crashTime, crashValue } from './crash-plan.fixture.ts';
import { startWorker } from './store.fixture.ts';
import { openStore } from './store.ts';

/** A process made to be killed: appends what crash-plan.fixture.ts says from row argv[3] on and prints each row once it is committed. */
const [, , dir, from] = process.argv;
const store = openStore({
  dir: dir!,
  clock: systemClock,
  log: silentLog(),
  registry: new Registry(),
  addon: undefined,
  retention: { timeMs: 0, sizeBytes: 0 },
  connect: (init) => startWorker(init),
});
const source = store.source('crash');
const slots = crashSeries.map((series) => source.slot(labelsFromObject(series)));
const own = labelsFromObject({ __name__: 'own' });
for (let row = Number(from); ; row++) {
  source.begin(crashTime(row));
  for (const [i, slot] of slots.entries()) {
    const value = crashValue(i, row);
    if (value !== undefined) source.set(slot, value);
  }
  source.commit();
  store.append(own, crashTime(row) + 500, crashOwnValue(row));
  if (row % 100 === 99) void store.flush();
  if (row % 3 === 0) {
    await store.committed();
    process.stdout.write(`${row}\n`);
  }
}
