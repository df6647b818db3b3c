import type { ByteWriter } from '../../encoding/bytes.ts';
import type { SourceId } from '../block.ts';
import type { Journal } from '../log/journal.ts';
import { RECORD, type RowPlace, writeRow } from '../log/records.ts';
import type { Arena } from './arena.ts';
import type { Ring } from './ring.ts';
import type { SourceStarts } from './source-starts.ts';

/** The rows of one source as the log has them: some whole, and of those after each what differs from the one before. */
export class SourceLog {
  readonly #id: SourceId;
  readonly #ring: Ring;
  readonly #arena: Arena;
  readonly #journal: Journal;
  /** Rows that the log holds whole, oldest first, and the log row they are in. */
  #whole: { row: number; seq: number }[] = [];
  #needsWhole = true;
  #chain = 0;

  constructor(
    id: SourceId,
    ring: Ring,
    { arena, journal }: { readonly arena: Arena; readonly journal: Journal },
  ) {
    this.#id = id;
    this.#ring = ring;
    this.#arena = arena;
    this.#journal = journal;
  }

  /** The next row is noted whole, so that older log rows are not needed to read it. */
  startBlock(): void {
    this.#needsWhole = true;
  }

  /** Forgets what was noted: the next row is the first. */
  restart(): void {
    this.#whole = [];
    this.#needsWhole = true;
  }

  /** After a replay: the rows that the log holds whole, and the log rows they are in. */
  restore(whole: readonly { row: number; seq: number }[]): void {
    this.#whole = [...whole];
  }

  /** The oldest log row that reading `row` and those after it needs, or Infinity. Earlier rows are never asked for again. */
  neededSeq(row: number): number {
    while (this.#whole.length > 1 && this.#whole[1]!.row <= row) this.#whole.shift();
    return this.#whole[0]?.seq ?? Number.POSITIVE_INFINITY;
  }

  record(row: number, starts: SourceStarts | undefined): void {
    const isWhole = this.#needsWhole || row === 0;
    const { records, seq } = this.#journal;
    if (isWhole) this.#whole.push({ row, seq });
    this.#needsWhole = false;
    if (starts) writeStarts(records, this.#id, starts, row, isWhole);
    writeRow(
      records,
      this.#id,
      this.#chain++,
      this.#ring.timestamp(row),
      this.#arena,
      this.#placeOf(row),
      isWhole ? undefined : this.#placeOf(row - 1),
    );
  }

  #placeOf(row: number): RowPlace {
    const { width } = this.#ring;
    return { values: this.#ring.values(row), presence: this.#ring.presence(row), slots: width };
  }
}

/** Notes the start timestamps that change with the next row, or for a whole row all that hold there. */
function writeStarts(
  records: ByteWriter,
  source: SourceId,
  starts: SourceStarts,
  row: number,
  isFull: boolean,
): void {
  const changes = new Map(isFull ? starts.asOf(row) : []);
  for (const { slot, start } of starts.unlogged(row)) changes.set(slot, start);
  if (changes.size === 0) return;
  records.u8(RECORD.starts);
  records.varint(source);
  records.varint(changes.size);
  for (const [slot, start] of changes) {
    records.varint(slot);
    records.signed(start);
  }
}
