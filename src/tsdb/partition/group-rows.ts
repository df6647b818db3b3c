import { ColumnDecoder } from '../../encoding/column-decoder.ts';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { wordsOf } from '../../model/sample.ts';
import { identityOf } from './schema.ts';
import { mergeTimelines } from './timeline.ts';

/** One stored block of a group, with the timestamps of its rows. */
export interface GroupBlock {
  readonly timestamps: Float64Array;
  readonly blob: Uint8Array;
  /** Where the blob was found. */
  readonly table: 'block' | 'own';
  readonly id: number;
}

/** A column over the rows of all blocks: `values[i]` belongs to `timestamps[i]` where bit i of `presence` is set. */
export interface GatheredColumn {
  readonly values: Float64Array;
  /** Undefined when every row has a sample. */
  readonly presence: Uint8Array | undefined;
  readonly count: number;
}

/**
 * The blocks of one group opened side by side, so that each is unpacked once for all columns wanted. Blocks come in the order they
 * were written; where two hold the same series and time, the first one counts. Kept and reused: `open` forgets what was before.
 */
export class GroupRows {
  timestamps: Float64Array = new Float64Array(0);
  #positions: readonly (number | Uint32Array)[] = [];
  #decoders: ColumnDecoder[] = [];
  #open = 0;
  #scratch = new Float64Array(0);

  /** @throws CorruptBlockError when a block is damaged */
  open(blocks: readonly GroupBlock[]): void {
    this.#open = blocks.length;
    while (this.#decoders.length < blocks.length) this.#decoders.push(new ColumnDecoder());
    for (let i = 0; i < blocks.length; i++) openBlock(this.#decoders[i]!, blocks[i]!);
    const merged = mergeTimelines(blocks.map((block) => block.timestamps));
    this.timestamps = merged.timestamps;
    this.#positions = merged.positions;
  }

  /** Reads one column; `out` must have a place for each timestamp. */
  gather(column: number, out: Float64Array): GatheredColumn {
    const rows = this.timestamps.length;
    if (this.#isWhole(column)) {
      for (let i = 0; i < this.#open; i++)
        this.#decoders[i]!.decode(column, out, this.#positions[i] as number);
      return { values: out, presence: undefined, count: rows };
    }
    const presence = new Uint8Array((rows + 7) >> 3);
    let count = 0;
    for (let i = 0; i < this.#open; i++) count += this.#scatter(i, column, out, presence);
    return { values: out, presence: count === rows ? undefined : presence, count };
  }

  /** Whether all blocks have a sample of the column in each row and none of their rows fall together. */
  #isWhole(column: number): boolean {
    for (let i = 0; i < this.#open; i++) {
      const decoder = this.#decoders[i]!;
      if (typeof this.#positions[i] !== 'number' || decoder.count(column) !== decoder.rows) return false;
    }
    return true;
  }

  #scatter(block: number, column: number, out: Float64Array, presence: Uint8Array): number {
    const decoder = this.#decoders[block]!;
    const samples = decoder.count(column);
    if (samples === 0) return 0;
    if (this.#scratch.length < samples) this.#scratch = new Float64Array(Math.max(samples, 512));
    decoder.decode(column, this.#scratch, 0);
    const from = wordsOf(this.#scratch);
    const to = wordsOf(out);
    const position = this.#positions[block]!;
    const spans = decoder.spans(column) ?? [0, decoder.rows];
    let sample = 0;
    let added = 0;
    for (let s = 0; s < spans.length; s += 2) {
      for (let row = spans[s]!; row < spans[s + 1]!; row++, sample++) {
        const at = typeof position === 'number' ? position + row : position[row]!;
        const bit = 1 << (at & 7);
        if (presence[at >> 3]! & bit) continue;
        presence[at >> 3]! |= bit;
        to[2 * at] = from[2 * sample]!;
        to[2 * at + 1] = from[2 * sample + 1]!;
        added++;
      }
    }
    return added;
  }
}

function openBlock(decoder: ColumnDecoder, { timestamps, blob, table, id }: GroupBlock): void {
  try {
    decoder.open(blob, identityOf(id));
    if (decoder.rows !== timestamps.length) {
      throw new CorruptBlockError(
        `expected ${timestamps.length} rows, one per timestamp, found ${decoder.rows}`,
      );
    }
  } catch (error) {
    throw error instanceof CorruptBlockError ? error.at(`table ${table}, row ${id}`) : error;
  }
}

/** The same samples over `rows` rows, of which `positions` says where each of the old ones goes. */
export function spreadRows(
  column: GatheredColumn,
  positions: number | Uint32Array,
  rows: number,
): GatheredColumn {
  const values = new Float64Array(rows);
  const presence = new Uint8Array((rows + 7) >> 3);
  const from = wordsOf(column.values);
  const to = wordsOf(values);
  for (let row = 0; row < column.values.length; row++) {
    if (column.presence && !(column.presence[row >> 3]! & (1 << (row & 7)))) continue;
    const at = typeof positions === 'number' ? positions + row : positions[row]!;
    presence[at >> 3]! |= 1 << (at & 7);
    to[2 * at] = from[2 * row]!;
    to[2 * at + 1] = from[2 * row + 1]!;
  }
  return { values, presence: column.count === rows ? undefined : presence, count: column.count };
}
