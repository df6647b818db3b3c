import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { ByteWriter } from '../encoding/bytes.ts';
import { labelsFromObject } from '../model/labels.ts';
import { silentLog } from '../testing/silent-log.ts';
import { batchesByDay, FlushCells } from './flush-blocks.ts';
import { Head } from './head/head.ts';
import { IndexReader } from './index/index-reader.ts';
import { definitionWriter } from './log/definitions.ts';
import { PartitionKeeper } from './partition-keeper.ts';

/** Five targets of 1000 series each, 32 scrapes; half of the values are new in each. */
const TARGETS = 5;
const SERIES = 1000;
const ROWS = 32;

const dir = mkdtempSync(join(tmpdir(), 'belfry-flush-'));
const definitions = definitionWriter(new ByteWriter());
const head = new Head(1, { records: new ByteWriter(), definitions, seq: 1, touch() {}, exemplar() {} });
const sources = Array.from({ length: TARGETS }, (_, target) => {
  const source = head.source(`target ${target}`);
  const slots = Array.from({ length: SERIES }, (_, i) =>
    source.slot(labelsFromObject({ __name__: `metric_${i % 100}`, target: `${target}`, i: `${i}` })),
  );
  return { source, slots };
});
for (let row = 1; row <= ROWS; row++) {
  for (const { source, slots } of sources) {
    source.begin(row * 5000);
    for (const [i, slot] of slots.entries()) source.set(slot, i % 2 ? i : row * i);
    source.commit();
  }
}
head.commit();
const index = new IndexReader(head.shared.indexes[0]);
index.refresh();
const keeper = new PartitionKeeper({
  dir,
  addon: undefined,
  clock: systemClock,
  log: silentLog(),
  onFilesChanged() {},
  changing: (work) => work(),
});
const cells = new FlushCells();
afterAll(() => {
  keeper.close();
  rmSync(dir, { recursive: true });
});

test('flush', async ({ bench }) => {
  const { floats, words } = head.arena;
  const rings = [...head.sources()].map((source) => ({
    source: source.id,
    from: source.ring.first,
    to: source.ring.committed,
    geometry: source.ring.geometry,
    refs: source.refs(),
    starts: undefined,
    hasHistograms: false,
  }));
  await bench('160,000 samples of 5 sources, into a partition, with a checkpoint', () => {
    for (const [day, batch] of batchesByDay({ floats, words }, rings, undefined, cells)) {
      keeper.append(day, batch, index);
    }
    keeper.checkpoint();
  }).run();
});
