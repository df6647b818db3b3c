import { expect, test } from 'vitest';
import { fakeClock } from '../../testing/fake-clock.ts';
import { silentLog } from '../../testing/silent-log.ts';
import type { LogDb } from './log-db.ts';
import { createLogWriter } from './log-writer.ts';

function writing() {
  const clock = fakeClock();
  const disk = { isFull: false };
  /** When rows were written, and their samples' bytes. */
  const rows: string[] = [];
  const db = {
    file: 'log.db',
    nextSeq: 1,
    append(_, { records }) {
      if (disk.isFull) throw new Error('full');
      rows.push(`${clock.monotonic()} ms: ${records.join(' ')}`);
      return records.length;
    },
  } as Partial<LogDb> as LogDb;
  const writer = createLogWriter({
    db,
    clock,
    log: silentLog(),
    onStored: () => {},
    onFull: () => false,
    onLost: () => {},
  });
  const note = (byte: number): void => {
    writer.records.u8(byte);
    writer.touch();
  };
  return { clock, disk, rows, writer, note };
}

test('what is noted waits 400 ms for more', async () => {
  const { clock, rows, note } = writing();
  note(1);
  await clock.advance(350);
  note(2);
  await clock.advance(1000);
  expect(rows).toEqual(['400 ms: 1 2']);
});

test('a pause ends the waiting, but not so soon after the row before', async () => {
  const { clock, rows, note, writer } = writing();
  writer.pause();
  note(1);
  writer.pause();
  expect(rows).toEqual(['0 ms: 1']);
  await clock.advance(399);
  note(2);
  writer.pause();
  expect(rows).toEqual(['0 ms: 1']);
  await clock.advance(1);
  writer.pause();
  writer.pause();
  await clock.advance(1000);
  expect(rows).toEqual(['0 ms: 1', '400 ms: 2']);
});

test('a pause does not try a log again that cannot be written', async () => {
  const { clock, disk, rows, note, writer } = writing();
  disk.isFull = true;
  note(1);
  await clock.advance(400);
  disk.isFull = false;
  await clock.advance(500);
  writer.pause();
  expect(rows).toEqual([]);
  await clock.advance(500);
  expect(rows).toEqual(['1400 ms: 1']);
});
