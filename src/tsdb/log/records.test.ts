import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../encoding/bytes.ts';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { writeStaleAt } from '../../model/sample.ts';
import type { ArenaView } from '../head/arena.ts';
import { type RowPlace, readRow, writeRow } from './records.ts';

const SLOTS = 96;
const cell = fc.oneof(
  fc.constantFrom('absent', 'stale', 'same', 'nan payload'),
  fc.integer({ min: -5, max: 5 }),
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(-0, 0, 2 ** 50, -(2 ** 50), 2 ** 50 + 1, Number.MIN_VALUE, Number.POSITIVE_INFINITY),
);

/** Row n of the cells at words of their own; presence after the values. */
const placeOf = (row: number): RowPlace => ({
  values: row * (SLOTS + 2),
  presence: (row * (SLOTS + 2) + SLOTS) * 2,
  slots: SLOTS,
});

function cellsFor(rows: number): ArenaView {
  const floats = new Float64Array(rows * (SLOTS + 2));
  return { floats, words: new Uint32Array(floats.buffer) };
}

function fill({ floats, words }: ArenaView, row: number, values: readonly (string | number)[]): void {
  const { values: start, presence } = placeOf(row);
  for (const [slot, value] of values.entries()) {
    const at = start + slot;
    if (value === 'absent') continue;
    words[presence + (slot >>> 5)]! |= 1 << (slot & 31);
    if (value === 'stale') writeStaleAt(words, at);
    else if (value === 'nan payload') words.set([7, 0x7ff80000], 2 * at);
    else if (value === 'same') words.copyWithin(2 * at, 2 * (at - SLOTS - 2), 2 * (at - SLOTS - 2) + 2);
    else floats[at] = value as number;
  }
}

/** Words of a row where it is present, the rest as 'absent'. */
function shown({ words }: ArenaView, row: number): string[] {
  const { values, presence } = placeOf(row);
  return Array.from({ length: SLOTS }, (_, slot) =>
    (words[presence + (slot >>> 5)]! & (1 << (slot & 31))) === 0
      ? 'absent'
      : `${words[2 * (values + slot) + 1]!.toString(16)} ${words[2 * (values + slot)]!.toString(16)}`,
  );
}

test('rows come back bit by bit, whole and as a difference; a cut-off row is noticed', () => {
  const row = fc.array(cell, { minLength: SLOTS, maxLength: SLOTS });
  fc.assert(
    fc.property(row, row, fc.nat(400), (first, second, cut) => {
      const written = cellsFor(3);
      fill(written, 1, first);
      fill(written, 2, second);
      const read = cellsFor(3);
      const target = (n: number) => ({
        place: () => placeOf(n),
        widen: (): void => expect.unreachable('the row is wide enough'),
        cells: () => read,
        hold: (): number => expect.unreachable('there are no histograms here'),
      });
      const out = new ByteWriter();
      const skipHeader = (reader: ByteReader): ByteReader => {
        reader.u8();
        reader.varint();
        reader.varint();
        expect(reader.signed()).toBe(-5);
        return reader;
      };

      writeRow(out, 3, 8, -5, written, placeOf(1), undefined);
      readRow(skipHeader(new ByteReader(out.view().slice())), target(1));
      expect(shown(read, 1)).toEqual(shown(written, 1));

      out.reset();
      writeRow(out, 3, 9, -5, written, placeOf(2), placeOf(1));
      const length = SLOTS + 2;
      read.words.copyWithin(2 * 2 * length, 2 * length, 2 * 2 * length);
      const bytes = out.view().slice();
      const reader = skipHeader(new ByteReader(bytes));
      readRow(reader, target(2));
      expect(reader.remaining).toBe(0);
      expect(shown(read, 2)).toEqual(shown(written, 2));

      const short = bytes.subarray(0, Math.min(cut, bytes.length - 1));
      if (short.length > 4) {
        expect(() => readRow(skipHeader(new ByteReader(short)), target(2))).toThrow(CorruptBlockError);
      }
    }),
    { numRuns: 300 },
  );
});
