import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PARTITION_MS } from '../partition.ts';
import { commitChange } from './change.ts';
import { DeletionTally, rewriteDay } from './deletion.ts';
import { openHotPartition } from './hot.ts';
import { createInventory } from './inventory.ts';
import { batch, DAY, entry, ownColumn, scratchDirectory, sealAll, sourceBlock } from './testing.ts';

let directory: ReturnType<typeof scratchDirectory>;
beforeEach(() => {
  directory = scratchDirectory();
});
afterEach(() => directory.remove());

const HOT = '20260102.hot';
const SEALED = '20260102';
const open = () => openHotPartition(join(directory.path, `${HOT}.db`), { addon: undefined, day: DAY });
const bytes = expect.any(Number);

/** 40 series in two groups, one of them with gaps, and one series with its own times: 40 × 20 - 5 + 3 samples. */
function append(): void {
  const writer = open();
  const series = Array.from({ length: 40 }, (_, i) => entry(i + 1, 1, { __name__: 'm', i: `${i}` }));
  for (const from of [0, 10]) {
    const seconds = Array.from({ length: 10 }, (_, i) => 15 * (from + i));
    const columns = Object.fromEntries(
      series.map(({ ref }) => [
        ref,
        seconds.map((second) => (ref === 7 && from === 0 && second < 75 ? undefined : second * ref)),
      ]),
    );
    writer.append(
      batch({
        series: [...series, entry(99, 0, { __name__: 'own' })],
        blocks: [sourceBlock(1, seconds, columns)],
        own:
          from === 0
            ? [
                ownColumn(99, [
                  [1, 1],
                  [2, 2],
                  [500, 3],
                ]),
              ]
            : [],
      }),
    );
  }
  writer.close();
}

test('a hot file says what was appended and which blocks there are, through merges and reopening', () => {
  append();
  const inventory = createInventory(directory.path, undefined);
  const counts = { name: HOT, kind: 'hot', series: 41, samples: 798, first: DAY, last: DAY + 500_000, bytes };
  expect(inventory()).toEqual([{ ...counts, blocks: 5 }]);
  const writer = open();
  while (writer.mergeStep(DAY + 2 * PARTITION_MS));
  expect(inventory()).toEqual([{ ...counts, blocks: 3 }]);
  expect(() => writer.append(batch({ blocks: [sourceBlock(1, [600], { 77: [1] })] }))).toThrow(/never added/);
  expect(inventory()).toEqual([{ ...counts, blocks: 3 }]);
  writer.append(batch({ blocks: [sourceBlock(1, [600], { 1: [1] })] }));
  expect(inventory()).toEqual([{ ...counts, blocks: 4, samples: 799, last: DAY + 600_000 }]);
  writer.close();
});

test('a sealed file says what it holds, after a deletion too, and is opened once', () => {
  append();
  sealAll(directory.path);
  const inventory = createInventory(directory.path, undefined);
  const sealed = { name: SEALED, kind: 'sealed', series: 41, samples: 798, blocks: 3, first: DAY, bytes };
  expect(inventory()).toEqual([{ ...sealed, last: DAY + 500_000 }]);

  const file = join(directory.path, `${SEALED}.db`);
  const deletion = {
    selectors: [[{ name: 'i', op: '=', value: '39' } as const]],
    range: { from: DAY, to: DAY + PARTITION_MS },
  };
  const steps = rewriteDay(
    directory.path,
    { day: DAY, sealed: file },
    deletion,
    undefined,
    new DeletionTally(),
  );
  let step = steps.next();
  while (!step.done) step = steps.next();
  commitChange(directory.path, [step.value!], undefined);
  expect(inventory()).toEqual([{ ...sealed, series: 40, samples: 778, last: DAY + 500_000 }]);

  // The same size, inode and time: what is in it now is not looked at.
  const { size } = statSync(file);
  utimesSync(file, 1000, 1000);
  const listed = inventory();
  writeFileSync(file, Buffer.alloc(size));
  utimesSync(file, 1000, 1000);
  expect(inventory()).toEqual(listed);
  expect(createInventory(directory.path, undefined)()).toMatchObject([{ samples: 0 }]);
});

test('a call that may open one file opens that of the newest day, and a later call the others', () => {
  append();
  sealAll(directory.path);
  append();
  const inventory = createInventory(directory.path, undefined);
  const names = (mayOpen: number): string[] => inventory(mayOpen).map(({ name }) => name);
  expect(names(1)).toEqual([HOT]);
  expect(names(2)).toEqual([SEALED, HOT]);
});

test('a file that cannot be read is listed with nothing in it', () => {
  writeFileSync(join(directory.path, `${SEALED}.db`), 'nothing of ours');
  expect(createInventory(directory.path, undefined)()).toEqual([
    {
      name: SEALED,
      kind: 'sealed',
      bytes: 15,
      series: 0,
      samples: 0,
      blocks: 0,
      first: DAY,
      last: DAY + PARTITION_MS,
    },
  ]);
});

test('a file the disk does not give is listed as holding nothing, and the others as they are', () => {
  append();
  // Reading it is an error of the system, as reading a bad sector is.
  mkdirSync(join(directory.path, '20260101.db'));
  const found = createInventory(directory.path, undefined)();
  expect(found.map(({ name, blocks }) => [name, blocks > 0])).toEqual([
    ['20260101', false],
    [HOT, true],
  ]);
});
