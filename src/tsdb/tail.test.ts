import { afterEach, expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { partitionFiles } from './open-queryable.ts';
import { openPartitionReader } from './partition/reader.ts';
import { createPartitionCache } from './partition-cache.ts';
import { storeBench } from './store.fixture.ts';
import { isChunk, SourceTail } from './tail.ts';

const bench = storeBench();
afterEach(() => bench.clean());

const DAY = 20_455 * 86_400_000;

test('the labels of earlier processes are kept while somebody catches up, and no longer', async () => {
  const dir = bench.directory();
  const clock = fakeClock(DAY);
  const first = bench.open(dir, { clock });
  const source = first.source('job\xffinstance');
  const slot = source.slot(labelsFromObject({ __name__: 'up' }));
  for (const time of [DAY, DAY + 15_000]) {
    source.begin(time);
    source.set(slot, 1);
    source.commit();
  }
  await first.flush();
  await bench.close(first);

  const store = bench.open(dir, { clock });
  let asked = 0;
  const partitions = createPartitionCache(
    () => partitionFiles(dir),
    (path) => {
      const reader = openPartitionReader(path, { addon: undefined });
      const match = reader.match.bind(reader);
      reader.match = (...args) => {
        asked++;
        return match(...args);
      };
      return reader;
    },
    { damaged() {} },
  );
  const tail = new SourceTail(store.shared, partitions);
  const catchUp = (): number => {
    tail.refresh();
    const [only] = tail.sources();
    const read = tail.read(only!, { done: DAY - 1 }, { samples: 100, rows: 100 });
    return isChunk(read) ? read.samples : 0;
  };
  try {
    expect([catchUp(), asked]).toEqual([2, 1]);
    for (let i = 0; i < 20; i++) tail.refresh();
    expect([catchUp(), asked]).toEqual([2, 1]);
    for (let i = 0; i < 1000; i++) tail.refresh();
    expect([catchUp(), asked]).toEqual([2, 2]);
  } finally {
    tail.close();
  }
});
