import { ByteReader } from '../../encoding/bytes.ts';
import { ColumnDecoder } from '../../encoding/column-decoder.ts';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { FrameKind, unframe } from '../../encoding/frame.ts';
import { decodeHistograms } from '../../encoding/histogram-block.ts';
import { sameSpans } from '../../encoding/presence.ts';
import type { Histogram } from '../../model/histogram.ts';

/** Reads blobs of `GroupEncoder`. A decoder is kept and reused; `open` forgets the blob before. Every method throws CorruptBlockError. */
export class GroupDecoder {
  /** The values of all columns. */
  readonly values = new ColumnDecoder();
  /** Whether there is anything beside the values. */
  hasExtras = false;
  #starts: ColumnDecoder | undefined;
  #hasStarts = false;
  #histograms: Map<number, Uint8Array> | undefined;

  open(blob: Uint8Array, identity = 0): void {
    this.#hasStarts = false;
    this.#histograms = undefined;
    this.hasExtras = false;
    const kind = blob[0];
    if (kind !== FrameKind.startedColumns && kind !== FrameKind.nativeColumns) {
      this.values.open(blob, identity);
      return;
    }
    const reader = new ByteReader(unframe(kind, blob, identity));
    this.values.open(reader.take(reader.varint()));
    const starts = reader.take(reader.varint());
    if (starts.length > 0) {
      this.#starts ??= new ColumnDecoder();
      this.#starts.open(starts);
      if (this.#starts.rows !== this.values.rows) {
        throw new CorruptBlockError(
          `start timestamps of ${this.#starts.rows} rows beside ${this.values.rows}`,
        );
      }
      this.#hasStarts = true;
    }
    const histograms = new Map<number, Uint8Array>();
    for (let left = reader.varint(); left > 0; left--) {
      const column = reader.varint();
      if (column >= this.values.columns) throw new CorruptBlockError(`histograms of column ${column}`);
      histograms.set(column, reader.take(reader.varint()));
    }
    if (reader.remaining > 0) throw new CorruptBlockError(`${reader.remaining} bytes after the histograms`);
    this.#histograms = histograms;
    this.hasExtras = true;
  }

  /** Memory of what is open, about, with what is unpacked when it is needed. */
  get bytes(): number {
    let bytes = this.values.bytes + (this.#hasStarts ? this.#starts!.bytes : 0);
    for (const blob of this.#histograms?.values() ?? []) bytes += blob.length;
    return bytes;
  }

  /** The histograms of a column, oldest first; empty when it has none. */
  histograms(column: number, charge?: (bytes: number) => void): readonly Histogram[] {
    const blob = this.#histograms?.get(column);
    return blob === undefined ? [] : decodeHistograms(blob, charge);
  }

  /** Start timestamps of the samples of a column, in their order; undefined when none is known. */
  starts(column: number): Float64Array | undefined {
    if (!this.#hasStarts) return undefined;
    const count = this.#starts!.count(column);
    if (count === 0) return undefined;
    if (
      count !== this.values.count(column) ||
      !sameSpans(this.#starts!.spans(column), this.values.spans(column))
    ) {
      throw new CorruptBlockError(`start timestamps of column ${column} are not those of its samples`);
    }
    const starts = new Float64Array(count);
    this.#starts!.decode(column, starts, 0);
    return starts;
  }
}
