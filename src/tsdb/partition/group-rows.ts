import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import type { Histogram } from '../../model/histogram.ts';
import type { QueryBudget } from '../../model/queryable.ts';
import { wordsOf } from '../../model/sample.ts';
import { isHistogramAt } from '../histogram-cell.ts';
import { GroupDecoder } from './group-decoder.ts';
import type { KeptBlock } from './kept-blocks.ts';
import type { SampleExtras } from './samples.ts';
import { identityOf } from './schema.ts';
import { mergeTimelines } from './timeline.ts';

/** One stored block of a group, with the timestamps of its rows. */
export interface GroupBlock {
  readonly timestamps: Float64Array;
  readonly blob: Uint8Array;
  /** Where the blob was found. */
  readonly table: 'block' | 'own';
  readonly id: number;
  /** Where it stays unpacked for the next selector of the query. */
  readonly kept?: KeptBlock | undefined;
}

/** A column over the rows of all blocks: `values[i]` belongs to `timestamps[i]` where bit i of `presence` is set. */
export interface GatheredColumn extends SampleExtras {
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
  /** Of the blocks that are open, and those to open others with. */
  #decoders: GroupDecoder[] = [];
  readonly #spare: GroupDecoder[] = [];
  #open = 0;
  #scratch = new Float64Array(0);

  /**
   * @param damaged told of each damaged block, which is then left out
   * @throws CorruptBlockError when a block is damaged and nobody to tell
   */
  open(blocks: readonly GroupBlock[], damaged?: (error: CorruptBlockError) => void): void {
    const whole: GroupBlock[] = [];
    this.#decoders = [];
    for (const block of blocks) {
      const { kept } = block;
      const decoder = kept?.decoder ?? (this.#spare[whole.length] ??= new GroupDecoder());
      try {
        if (!kept?.isOpen) {
          openBlock(decoder, block);
          kept?.opened();
        }
        whole.push(block);
        this.#decoders.push(decoder);
      } catch (error) {
        if (!damaged || !(error instanceof CorruptBlockError)) throw error;
        damaged(error);
      }
    }
    this.#open = whole.length;
    const merged = mergeTimelines(whole.map((block) => block.timestamps));
    this.timestamps = merged.timestamps;
    this.#positions = merged.positions;
  }

  /** Reads one column; `out` must have a place for each timestamp. */
  gather(column: number, out: Float64Array, budget?: QueryBudget): GatheredColumn {
    const rows = this.timestamps.length;
    const extras = this.#extras(column, budget);
    if (this.#isWhole(column)) {
      for (let i = 0; i < this.#open; i++) {
        const at = this.#positions[i] as number;
        this.#decoders[i]!.values.decode(column, out, at);
        extras?.place(i, out, at);
      }
      return { values: out, presence: undefined, count: rows, ...extras?.found };
    }
    const presence = new Uint8Array((rows + 7) >> 3);
    let count = 0;
    for (let i = 0; i < this.#open; i++) count += this.#scatter(i, column, out, presence, extras);
    return { values: out, presence: count === rows ? undefined : presence, count, ...extras?.found };
  }

  /** What the opened blocks have beside a column's values; undefined when nothing. */
  #extras(column: number, budget: QueryBudget | undefined): ColumnExtras | undefined {
    let extras: ColumnExtras | undefined;
    for (let i = 0; i < this.#open; i++) {
      const decoder = this.#decoders[i]!;
      if (!decoder.hasExtras) continue;
      const starts = decoder.starts(column);
      const histograms = decoder.histograms(column, budget && ((bytes) => budget.bytes(bytes)));
      if (starts === undefined && histograms.length === 0) continue;
      extras ??= new ColumnExtras(this.timestamps.length);
      extras.blocks[i] = { starts, histograms };
    }
    return extras;
  }

  /** Whether all blocks have a sample of the column in each row and none of their rows fall together. */
  #isWhole(column: number): boolean {
    for (let i = 0; i < this.#open; i++) {
      const decoder = this.#decoders[i]!;
      const { values } = decoder;
      if (typeof this.#positions[i] !== 'number' || values.count(column) !== values.rows) return false;
    }
    return true;
  }

  #scatter(
    block: number,
    column: number,
    out: Float64Array,
    presence: Uint8Array,
    extras: ColumnExtras | undefined,
  ): number {
    const decoder = this.#decoders[block]!.values;
    const samples = decoder.count(column);
    if (samples === 0) return 0;
    if (this.#scratch.length < samples) this.#scratch = new Float64Array(Math.max(samples, 512));
    decoder.decode(column, this.#scratch, 0);
    const from = wordsOf(this.#scratch);
    const to = wordsOf(out);
    const beside = extras?.reader(block, this.#scratch);
    const position = this.#positions[block]!;
    const spans = decoder.spans(column) ?? [0, decoder.rows];
    let sample = 0;
    let added = 0;
    for (let s = 0; s < spans.length; s += 2) {
      for (let row = spans[s]!; row < spans[s + 1]!; row++, sample++) {
        const at = typeof position === 'number' ? position + row : position[row]!;
        const bit = 1 << (at & 7);
        if (presence[at >> 3]! & bit) {
          beside?.pass(sample);
          continue;
        }
        beside?.take(sample, at);
        presence[at >> 3]! |= bit;
        to[2 * at] = from[2 * sample]!;
        to[2 * at + 1] = from[2 * sample + 1]!;
        added++;
      }
    }
    return added;
  }
}

/** Histograms and start timestamps of one column on their way from the blocks' samples to the rows of all blocks. */
class ColumnExtras {
  readonly blocks: (
    | {
        readonly starts: Float64Array | undefined;
        readonly histograms: readonly Histogram[];
      }
    | undefined
  )[] = [];
  readonly #rows: number;
  #histograms: (Histogram | undefined)[] | undefined;
  #starts: Float64Array | undefined;

  constructor(rows: number) {
    this.#rows = rows;
  }

  get found(): SampleExtras {
    return { histograms: this.#histograms, starts: this.#starts };
  }

  /** All samples of a block, which stand in `values` from `at` on. */
  place(block: number, values: Float64Array, at: number): void {
    const extras = this.blocks[block];
    if (extras === undefined) return;
    const { starts, histograms } = extras;
    if (starts) (this.#starts ??= new Float64Array(this.#rows)).set(starts, at);
    if (histograms.length === 0) return;
    const words = wordsOf(values);
    const rows = (this.#histograms ??= new Array<Histogram | undefined>(this.#rows).fill(undefined));
    for (let next = 0, row = at; next < histograms.length; row++) {
      if (row >= this.#rows) throw new CorruptBlockError('more histograms than samples that are some');
      if (isHistogramAt(words, row)) rows[row] = histograms[next++];
    }
  }

  /** For samples of a block that are taken one by one, in order; `values` are the block's. */
  reader(
    block: number,
    values: Float64Array,
  ): { take(sample: number, row: number): void; pass(sample: number): void } | undefined {
    const extras = this.blocks[block];
    if (extras === undefined) return undefined;
    const { starts, histograms } = extras;
    const words = wordsOf(values);
    let next = 0;
    return {
      take: (sample, row) => {
        if (starts) (this.#starts ??= new Float64Array(this.#rows))[row] = starts[sample]!;
        if (!isHistogramAt(words, sample)) return;
        const histogram = histograms[next++];
        if (histogram === undefined)
          throw new CorruptBlockError('fewer histograms than samples that are some');
        (this.#histograms ??= new Array<Histogram | undefined>(this.#rows).fill(undefined))[row] = histogram;
      },
      pass: (sample) => {
        if (isHistogramAt(words, sample)) next++;
      },
    };
  }
}

function openBlock(decoder: GroupDecoder, { timestamps, blob, table, id }: GroupBlock): void {
  try {
    decoder.open(blob, identityOf(id));
    const { rows } = decoder.values;
    if (rows !== timestamps.length) {
      throw new CorruptBlockError(`expected ${timestamps.length} rows, one per timestamp, found ${rows}`);
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
  const starts = column.starts && new Float64Array(rows);
  const histograms = column.histograms && new Array<Histogram | undefined>(rows).fill(undefined);
  for (let row = 0; row < column.values.length; row++) {
    if (column.presence && !(column.presence[row >> 3]! & (1 << (row & 7)))) continue;
    const at = typeof positions === 'number' ? positions + row : positions[row]!;
    presence[at >> 3]! |= 1 << (at & 7);
    to[2 * at] = from[2 * row]!;
    to[2 * at + 1] = from[2 * row + 1]!;
    if (starts) starts[at] = column.starts![row]!;
    if (histograms) histograms[at] = column.histograms![row];
  }
  const all = column.count === rows;
  return { values, presence: all ? undefined : presence, count: column.count, histograms, starts };
}
