import { ByteWriter } from '../../encoding/bytes.ts';
import { ColumnEncoder, denseOf } from '../../encoding/column-encoder.ts';
import { type Compression, FrameKind, frame } from '../../encoding/frame.ts';
import { encodeHistograms } from '../../encoding/histogram-block.ts';
import { type RowSpans, spansOfBitmap } from '../../encoding/presence.ts';
import type { Histogram } from '../../model/histogram.ts';
import type { SampleExtras } from './samples.ts';

/**
 * Packs the columns of a group: values as `ColumnEncoder` does, and beside them the histograms and start timestamps that some columns
 * have (docs/formats/block.md). Without any the blob is the plain one of columns. Use: as `ColumnEncoder`.
 */
export class GroupEncoder {
  readonly #columns = new ColumnEncoder();
  /** Made with the first start timestamp. */
  #startEncoder: ColumnEncoder | undefined;
  #hasStarts = false;
  #rows = 0;
  #compression: Compression | undefined;
  #histograms: { readonly column: number; readonly blob: Uint8Array }[] = [];
  #histogramBytes = 0;

  begin(rows: number, compression?: Compression): void {
    this.#rows = rows;
    this.#compression = compression;
    this.#columns.begin(rows, compression);
    this.#hasStarts = false;
    this.#histograms = [];
    this.#histogramBytes = 0;
  }

  /** Bytes so far, about. */
  get storedBytes(): number {
    const starts = this.#hasStarts ? this.#startEncoder!.storedBytes : 0;
    return this.#columns.storedBytes + this.#histogramBytes + starts;
  }

  addAbsent(): void {
    this.#columns.addAbsent();
    if (this.#hasStarts) this.#startEncoder!.addAbsent();
  }

  /** A column with a value per row, of which the bitmap says which are samples (all without one); extras per row likewise. */
  addRows(values: Float64Array, presence: Uint8Array | undefined, extras: SampleExtras): void {
    const { histograms, starts } = extras;
    if (starts) {
      const spans = presence && spansOfBitmap(presence, this.#rows);
      this.#addStarts(spans ? denseOf(starts, spans) : starts, spans);
    } else if (this.#hasStarts) {
      this.#startEncoder!.addAbsent();
    }
    this.#columns.addRows(values, presence);
    if (histograms) this.#addHistograms(histograms);
  }

  /** A column of as many samples as `spans` has rows, extras per sample. */
  add(values: Float64Array, spans: RowSpans | undefined, { histograms, starts }: SampleExtras): void {
    this.#addStarts(starts, spans);
    this.#columns.add(values, spans);
    if (histograms) this.#addHistograms(histograms);
  }

  finish(identity: number): Uint8Array {
    if (!this.#hasStarts && this.#histograms.length === 0) return this.#columns.finish(identity);
    const columns = this.#columns.finish();
    const body = new ByteWriter(columns.length + this.#histogramBytes + 1024);
    body.varint(columns.length);
    body.bytes(columns);
    const starts = this.#hasStarts ? this.#startEncoder!.finish() : new Uint8Array(0);
    body.varint(starts.length);
    body.bytes(starts);
    body.varint(this.#histograms.length);
    for (const { column, blob } of this.#histograms) {
      body.varint(column);
      body.varint(blob.length);
      body.bytes(blob);
    }
    const kind = this.#histograms.length > 0 ? FrameKind.nativeColumns : FrameKind.startedColumns;
    this.#histograms = [];
    return frame(kind, body.view(), undefined, identity);
  }

  #addHistograms(histograms: readonly (Histogram | undefined)[]): void {
    const present = histograms.filter((histogram) => histogram !== undefined);
    if (present.length === 0) return;
    const blob = encodeHistograms(present, this.#compression);
    this.#histograms.push({ column: this.#columns.columns - 1, blob });
    this.#histogramBytes += blob.length;
  }

  #addStarts(starts: Float64Array | undefined, spans: RowSpans | undefined): void {
    const isKnown = starts?.some((start) => start !== 0) ?? false;
    if (!isKnown && !this.#hasStarts) return;
    if (!this.#hasStarts) {
      this.#hasStarts = true;
      this.#startEncoder ??= new ColumnEncoder();
      this.#startEncoder.begin(this.#rows, this.#compression);
      for (let i = 0; i < this.#columns.columns; i++) this.#startEncoder.addAbsent();
    }
    if (isKnown) this.#startEncoder!.add(starts!, spans);
    else this.#startEncoder!.addAbsent();
  }
}

/** Whether a stored block is more than plain columns, which older programs do not read. */
export const isExtended = (blob: Uint8Array): boolean => blob[0] !== FrameKind.columns;
