import { ByteReader, ByteWriter } from '../../encoding/bytes.ts';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { FrameKind, frame, unframe } from '../../encoding/frame.ts';
import type { SeriesEntry } from '../block.ts';

/** Series per blob, so that no blob of a large partition is large. */
export const SERIES_PER_BLOB = 8192;

const COMPRESSION = { level: 6, atLeast: 256 };

/** Packs series with their labels: each distinct string once, rows as numbers (docs/formats/partition.md). */
export function encodeSeries(entries: readonly SeriesEntry[], identity: number): Uint8Array {
  const symbols = new Map<string, number>();
  /** Texts and symbols of the series before by place: one after the other mostly differs in one value. */
  const textsBefore: string[] = [];
  const symbolsBefore: number[] = [];
  const rows = new ByteWriter();
  let ref = 0;
  let source = 0;
  for (const entry of entries) {
    rows.signed(entry.ref - ref);
    rows.signed(entry.source - source);
    ref = entry.ref;
    source = entry.source;
    rows.varint(entry.labels.length / 2);
    for (let i = 0; i < entry.labels.length; i++) {
      const text = entry.labels[i]!;
      if (text !== textsBefore[i]) {
        let symbol = symbols.get(text);
        if (symbol === undefined) {
          symbol = symbols.size;
          symbols.set(text, symbol);
        }
        textsBefore[i] = text;
        symbolsBefore[i] = symbol;
      }
      rows.varint(symbolsBefore[i]!);
    }
  }
  const body = new ByteWriter(rows.length * 2);
  body.varint(symbols.size);
  for (const text of symbols.keys()) body.text(text);
  body.varint(entries.length);
  body.bytes(rows.view());
  return frame(FrameKind.series, body.view(), COMPRESSION, identity);
}

/** Receives what a blob holds, in its order; symbols are numbered from 0 in each blob. */
export interface SeriesSink {
  symbol(bytes: Uint8Array): void;
  /** `pairs` holds name and value symbols in turn, `length` of them; it is reused for the next series. */
  series(ref: number, source: number, pairs: Uint32Array, length: number): void;
}

/** @throws CorruptBlockError when the blob is not a whole one of `encodeSeries` */
export function decodeSeries(blob: Uint8Array, identity: number, sink: SeriesSink): void {
  const reader = new ByteReader(unframe(FrameKind.series, blob, identity));
  const symbols = reader.varint();
  for (let i = 0; i < symbols; i++) sink.symbol(reader.take(reader.varint()));
  let pairs = new Uint32Array(64);
  let ref = 0;
  let source = 0;
  for (let left = reader.varint(); left > 0; left--) {
    ref += reader.signed();
    source += reader.signed();
    const length = 2 * reader.varint();
    if (length > reader.remaining)
      throw new CorruptBlockError(`claims ${length / 2} labels of series ${ref}`);
    if (length > pairs.length) pairs = new Uint32Array(length);
    for (let i = 0; i < length; i++) {
      const symbol = reader.varint();
      if (symbol >= symbols) throw new CorruptBlockError(`symbol ${symbol} of ${symbols} in series ${ref}`);
      pairs[i] = symbol;
    }
    sink.series(ref, source, pairs, length);
  }
  if (reader.remaining > 0) throw new CorruptBlockError(`${reader.remaining} bytes after the last series`);
}
