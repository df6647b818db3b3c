import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { labelsFromObject } from '../model/labels.ts';
import { storeBench } from './store.fixture.ts';

const bench = storeBench('worker');
afterAll(bench.clean);

/** Words that both threads see: whether to stop, and how often was read. */
const STOP = 0;
const READS = 1;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test.each(['appended', 'committed'] as const)(
  'readers of what was %s, in another thread, see whole pages without gaps while main appends, grows rings, flushes and forgets series',
  async (visibility) => {
    const renewal = { fewest: 1, share: 0, apartMs: 200 };
    const store = bench.open(bench.directory(), { clock: systemClock, renewal });
    const progress = new Int32Array(new SharedArrayBuffer(8));
    const reader = new Worker(new URL('./read-stress-worker.fixture.ts', import.meta.url), {
      workerData: { shared: store.shared, progress, visibility },
    });
    await once(reader, 'online');
    // It ends early when it finds something.
    const told = once(reader, 'message');
    let hasEnded = false;
    void told.then(() => {
      hasEnded = true;
    });
    const sources = [store.source('a'), store.source('b')];
    const slots: number[][] = [[], []];
    const churning = store.source('c');
    const own = labelsFromObject({ __name__: 'own', i: '0' });
    const paged = Array.from({ length: 12 }, (_, i) => labelsFromObject({ __name__: 'paged', i: String(i) }));
    for (let row = 0; row < 500; row++) {
      for (const [place, source] of sources.entries()) {
        // Source b gets a new series every few rows, so its ring moves again and again.
        const wanted = place === 0 ? 20 : 5 + Math.floor(row / 20);
        for (let i = slots[place]!.length; i < wanted; i++) {
          slots[place]!.push(source.slot(labelsFromObject({ __name__: `m${place}`, i: String(i) })));
        }
        source.begin(row * 1000);
        for (const [i, slot] of slots[place]!.entries()) source.set(slot, row + i / 1000);
        if (place === 0)
          for (const [i, labels] of paged.entries()) store.append(labels, row * 1000, row + i / 1000);
        source.commit();
      }
      churning.begin(row * 1000);
      for (let i = 0; i < 5; i++) {
        const labels = labelsFromObject({
          __name__: 'churn',
          i: String(i),
          of: String(Math.floor(row / 10)),
        });
        churning.set(churning.slot(labels), row + i / 1000);
      }
      churning.commit();
      store.append(own, row * 1000, row);
      store.append(own, row * 1000 + 500, row + 0.5);
      if (row % 37 === 36) {
        await store.flush();
        churning.releaseUnused();
      } else await turn();
    }
    // On a busy machine main may be done before the reader has begun.
    while (Atomics.load(progress, READS) < 6 && !hasEnded) await turn();
    Atomics.store(progress, STOP, 1);
    const [finding] = await told;
    expect(finding).toBeUndefined();
    // Those of the last rows, and the 250 that came and went if none was forgotten.
    await expect.poll(() => store.stats().series).toBeLessThan(250);
  },
);
