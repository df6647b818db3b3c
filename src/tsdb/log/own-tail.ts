import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { FrameKind, unframe } from '../../encoding/frame.ts';
import type { Histogram } from '../../model/histogram.ts';
import { type Labels, labelsFromSorted } from '../../model/labels.ts';
import { wordsOf } from '../../model/sample.ts';
import { openDatabase, type SqliteAddon } from '../../sqlite/database.ts';
import { histogramOf } from '../histogram-cell.ts';
import type { SampleColumns } from '../partition/samples.ts';
import type { TailChunk, TailSeries } from '../tail.ts';
import { readDefinitions } from './definitions.ts';
import { type OwnRecord, readRecords } from './records.ts';

/** Follows the samples that bring their own times, in the order they came: from log row to log row. */
export interface OwnTail {
  /** The newest row of the log. */
  newest(): number;
  /**
   * Samples of the rows `(done, last]`, or of the first of them when there are more than `limit`. A chunk without samples says how far
   * there are none. With `to` it ends at that very row: it was read before.
   */
  read(done: number, last: number, limits: { readonly samples: number; readonly to?: number }): TailChunk;
  close(): void;
}

/** @param labelsOf names a series of this process; of others the log's definitions know */
export function openOwnTail(
  file: string,
  options: {
    readonly addon: SqliteAddon;
    readonly labelsOf: (ref: number) => Labels | undefined;
    readonly damaged: (error: CorruptBlockError) => void;
  },
): OwnTail {
  const db = openDatabase(file, { addon: options.addon, readonly: true, cacheKiB: 256 });
  const rowAfter = db.prepare<[number], Row>('SELECT seq, b FROM log WHERE seq > ? ORDER BY seq LIMIT 1');
  const newest = db.prepare<[], number | null>('SELECT max(seq) FROM log').pluck();
  const definitions = db.prepare<[], Row>('SELECT seq, b FROM definitions ORDER BY seq');
  let remembered: Map<number, Labels> | undefined;

  const readRow = (row: Row, take: (sample: OwnRecord) => void): void => {
    try {
      readRecords(unframe(FrameKind.logRecords, row.b, row.seq >>> 0), { own: take });
    } catch (error) {
      if (!(error instanceof CorruptBlockError)) throw error;
      options.damaged(error.at(`${file}: table log, row ${row.seq}`));
    }
  };
  const labelsOf = (ref: number): Labels | undefined => {
    const known = options.labelsOf(ref);
    if (known) return known;
    remembered ??= ownDefinitions(definitions.iterate());
    return remembered.get(ref);
  };

  return {
    newest: () => newest.get() ?? 0,
    read(done, end, { samples: limit, to }) {
      const columns = new Map<number, OwnSample[]>();
      let samples = 0;
      const take = ({ histogram, ...record }: OwnRecord): void => {
        const sample = { ...record, histogram: histogram && histogramOf(histogram) };
        const column = columns.get(sample.ref);
        if (column) column.push(sample);
        else columns.set(sample.ref, [sample]);
        samples++;
      };
      let last = done;
      let rows = 0;
      for (let row = rowAfter.get(last); row; row = rowAfter.get(last)) {
        if (row.seq > (to ?? end)) break;
        readRow(row, take);
        last = row.seq;
        if (to === undefined && (samples >= limit || ++rows >= MAX_ROWS)) break;
      }
      const series: TailSeries[] = [];
      for (const [ref, column] of columns) {
        const labels = labelsOf(ref);
        if (!labels) continue;
        series.push({ ref, labels, ...columnsOf(column) });
      }
      series.sort((a, b) => a.ref - b.ref);
      return { to: last, series, samples, next: { done: last }, isStored: false };
    },
    close: () => void db.close(),
  };
}

/** Log rows that are read at once. */
const MAX_ROWS = 500;

interface Row {
  readonly seq: number;
  readonly b: Uint8Array;
}

type OwnSample = Omit<OwnRecord, 'histogram'> & { readonly histogram: Histogram | undefined };

/** Receivers take a request's samples of a series in order of time, or not at all. */
function columnsOf(arrived: readonly OwnSample[]): SampleColumns {
  const samples = arrived.every(({ timestamp }, i) => i === 0 || timestamp >= arrived[i - 1]!.timestamp)
    ? arrived
    : arrived.toSorted((a, b) => a.timestamp - b.timestamp);
  const values = new Float64Array(samples.length);
  wordsOf(values).set(samples.flatMap(({ low, high }) => [low, high]));
  return {
    timestamps: Float64Array.from(samples, ({ timestamp }) => timestamp),
    values,
    ...(samples.some(({ histogram }) => histogram)
      ? { histograms: samples.map(({ histogram }) => histogram) }
      : {}),
    ...(samples.some(({ start }) => start !== 0)
      ? { starts: Float64Array.from(samples, ({ start }) => start) }
      : {}),
  };
}

function ownDefinitions(rows: Iterable<Row>): Map<number, Labels> {
  const found = new Map<number, Labels>();
  for (const row of rows) {
    const texts: string[] = [];
    try {
      const bytes = unframe(FrameKind.logDefinitions, row.b, row.seq >>> 0);
      readDefinitions(bytes, {
        text: (from, to) =>
          texts.push(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8')) - 1,
        source() {},
        series(ref, source, _slot, labels, length) {
          if (source !== 0) return;
          found.set(ref, labelsFromSorted(Array.from(labels.subarray(0, length), (text) => texts[text]!)));
        },
        slot() {},
        metadata() {},
        counters() {},
      });
    } catch (error) {
      if (!(error instanceof CorruptBlockError)) throw error;
    }
  }
  return found;
}
