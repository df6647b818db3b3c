import { ByteReader, type ByteWriter } from '../../encoding/bytes.ts';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import type { SeriesRef, SourceId } from '../block.ts';
import type { ArenaView } from '../head/arena.ts';
import { checkHistogramBytes, HISTOGRAM_HIGH, heldBytes } from '../histogram-cell.ts';

/** Kinds of records in a row of `log`; docs/formats/log.md. */
export const RECORD = {
  /** One byte of nothing; tells whether the log can be written. */
  nothing: 0,
  fullRow: 1,
  deltaRow: 2,
  ownSample: 3,
  ownStale: 4,
  rowsFlushed: 5,
  ownFlushed: 6,
  starts: 7,
  ownHistogram: 8,
  ownStart: 9,
  behind: 10,
} as const;

/** What an entry of a row says about its slot; the low two bits of its first number. */
const ENTRY = { absent: 0, delta: 1, raw: 2, stale: 3 } as const;

const MAX_DELTA_VALUE = 2 ** 50;

const NEGATIVE_ZERO_HIGH = 0x80000000;

/** Where a row lies: unit of its first value, word of its first presence bit, slots. */
export interface RowPlace {
  readonly values: number;
  readonly presence: number;
  readonly slots: number;
}

/**
 * Writes what differs between a row and the one before; with `previous` undefined the row as a whole. Entries are `gap << 2 | kind`
 * and what the kind needs; an entry of kind `absent` with gap 0 ends the row.
 */
export function writeRow(
  out: ByteWriter,
  source: number,
  chain: number,
  timestamp: number,
  cells: ArenaView,
  row: RowPlace,
  previous: RowPlace | undefined,
): void {
  out.u8(previous ? RECORD.deltaRow : RECORD.fullRow);
  out.varint(source);
  out.varint(chain);
  out.signed(timestamp);
  const { floats, words } = cells;
  let last = -1;
  const slots = previous ? Math.max(row.slots, previous.slots) : row.slots;
  for (let base = 0; base < slots; base += 32) {
    const present = base < row.slots ? words[row.presence + (base >>> 5)]! : 0;
    const before = previous && base < previous.slots ? words[previous.presence + (base >>> 5)]! : 0;
    for (let bits = present | before; bits !== 0; bits &= bits - 1) {
      const bit = bits & -bits;
      const slot = base + 31 - Math.clz32(bit);
      if ((present & bit) === 0) {
        out.varint(((slot - last) << 2) | ENTRY.absent);
        last = slot;
        continue;
      }
      const at = row.values + slot;
      const low = words[2 * at]!;
      const high = words[2 * at + 1]!;
      let old = -1;
      if (previous && (before & bit) !== 0) {
        old = previous.values + slot;
        // Where a histogram lay there may lie another one by now.
        if (words[2 * old] === low && words[2 * old + 1] === high && high !== HISTOGRAM_HIGH) continue;
      }
      const gap = (slot - last) << 2;
      last = slot;
      if (high === STALE_NAN_HIGH && low === STALE_NAN_LOW) {
        out.varint(gap | ENTRY.stale);
        continue;
      }
      const value = floats[at]!;
      const base0 = old < 0 ? 0 : floats[old]!;
      if (isDeltaValue(value) && !(high === NEGATIVE_ZERO_HIGH && low === 0)) {
        const from = isDeltaValue(base0) ? base0 : 0;
        out.varint(gap | ENTRY.delta);
        out.signed(value - from);
      } else {
        out.varint(gap | ENTRY.raw);
        if (high === HISTOGRAM_HIGH) {
          writeHeldHistogram(out, words, low);
          continue;
        }
        out.u32(low);
        out.u32(high);
      }
    }
  }
  out.varint(ENTRY.absent);
}

/** Notes which slots had a sample in a scrape that was taken while the clock is behind the ring; `live` has a bit per slot. */
export function writeBehind(out: ByteWriter, source: number, timestamp: number, live: Uint32Array): void {
  out.u8(RECORD.behind);
  out.varint(source);
  out.signed(timestamp);
  let last = -1;
  for (let word = 0; word < live.length; word++) {
    for (let bits = live[word]!; bits !== 0; bits &= bits - 1) {
      const slot = word * 32 + 31 - Math.clz32(bits & -bits);
      out.varint(slot - last);
      last = slot;
    }
  }
  out.varint(0);
}

/** Reads the slots that `writeBehind` wrote, after source and timestamp. */
function readBehind(reader: ByteReader): number[] {
  const slots: number[] = [];
  let slot = -1;
  for (let gap = reader.varint(); gap > 0; gap = reader.varint()) {
    slot += gap;
    if (slot > MAX_SLOT) throw new CorruptBlockError(`slot ${slot} in a row of the log`);
    slots.push(slot);
  }
  return slots;
}

/** In place of a value: how many bytes, the mark, the bytes. */
function writeHeldHistogram(out: ByteWriter, words: Uint32Array, unit: number): void {
  const bytes = heldBytes(words, unit);
  if (bytes === undefined) throw new Error(`no histogram lies at unit ${unit} of the arena`);
  out.u32(bytes.length);
  out.u32(HISTOGRAM_HIGH);
  out.bytes(bytes);
}

const isDeltaValue = (value: number): boolean =>
  value <= MAX_DELTA_VALUE && value >= -MAX_DELTA_VALUE && Math.floor(value) === value;

/** Where a row is read into. */
export interface RowTarget {
  /** Where the row lies now, with at least one slot. */
  place(): RowPlace;
  /** Makes room for a slot that the row is too short for. It may lie elsewhere afterwards, and the cells too. */
  widen(slot: number): void;
  cells(): ArenaView;
  /** Keeps a histogram of the row; returns the unit where it lies. The cells may have moved afterwards. */
  hold(histogram: Uint8Array): number;
}

/** Reads the entries of a row into a row that already is a copy of the one before (or empty). */
export function readRow(reader: ByteReader, target: RowTarget): void {
  let slot = -1;
  let { values, presence, slots } = target.place();
  let { floats, words } = target.cells();
  for (;;) {
    const head = reader.varint();
    if (head === ENTRY.absent) return;
    slot += head >>> 2;
    if (head < 4 || head >= 2 ** 32 || slot > MAX_SLOT)
      throw new CorruptBlockError(`slot ${slot} in a row of the log`);
    if (slot >= slots) {
      target.widen(slot);
      ({ values, presence, slots } = target.place());
      ({ floats, words } = target.cells());
    }
    const bit = 1 << (slot & 31);
    const bits = presence + (slot >>> 5);
    const at = values + slot;
    const kind = head & 3;
    if (kind === ENTRY.absent) {
      words[bits]! &= ~bit;
      continue;
    }
    if (kind === ENTRY.delta) {
      const before = (words[bits]! & bit) !== 0 ? floats[at]! : 0;
      floats[at] = (isDeltaValue(before) ? before : 0) + reader.signed();
    } else if (kind === ENTRY.raw) {
      const low = reader.u32();
      const high = reader.u32();
      if (high === HISTOGRAM_HIGH) {
        const histogram = reader.take(low);
        checkHistogramBytes(histogram);
        const unit = target.hold(histogram);
        ({ floats, words } = target.cells());
        words[2 * at] = unit;
      } else words[2 * at] = low;
      words[2 * at + 1] = high;
    } else {
      words[2 * at] = STALE_NAN_LOW;
      words[2 * at + 1] = STALE_NAN_HIGH;
    }
    words[bits]! |= bit;
  }
}

/** A sample with a time of its own, as it was noted: its value's two words, or a histogram in place of them. */
export interface OwnRecord {
  readonly ref: SeriesRef;
  /** Unix ms. */
  readonly timestamp: number;
  readonly low: number;
  readonly high: number;
  /** As the log has it, not checked. Then `high` is HISTOGRAM_HIGH. */
  readonly histogram: Uint8Array | undefined;
  /** Start timestamp, Unix ms; 0 when not known. */
  readonly start: number;
}

/** A row of a source, as it was noted: what its entries are beside. */
export interface RecordedRow {
  readonly source: SourceId;
  readonly chain: number;
  readonly timestamp: number;
  readonly isWhole: boolean;
}

/** Gets what `readRecords` finds, in the order it was noted; whatever it has no method for is passed over. */
export interface RecordVisitor {
  /** The entries of the row come next: `readRow` reads them, `skipRow` passes over them. */
  row?(row: RecordedRow, reader: ByteReader): void;
  own(sample: OwnRecord): void;
  /** Start timestamps by slot, of the row that follows. */
  starts?(source: SourceId, starts: ReadonlyMap<number, number>): void;
  behind?(source: SourceId, timestamp: number, slots: readonly number[]): void;
  rowsFlushed?(source: SourceId, through: number): void;
  ownFlushed?(seq: number): void;
}

/** Reads the records of one row of the log. @throws CorruptBlockError */
export function readRecords(bytes: Uint8Array, visit: RecordVisitor): void {
  const reader = new ByteReader(bytes);
  const sourceId = (): SourceId => reader.varint() as SourceId;
  let timestamp = 0;
  let start = 0;
  const own = (ref: SeriesRef, low: number, high: number, histogram?: Uint8Array): void => {
    visit.own({ ref, timestamp, low, high, histogram, start });
    start = 0;
  };
  while (reader.remaining > 0) {
    const kind = reader.u8();
    switch (kind) {
      case RECORD.nothing:
        break;
      case RECORD.fullRow:
      case RECORD.deltaRow: {
        const isWhole = kind === RECORD.fullRow;
        const row = { source: sourceId(), chain: reader.varint(), timestamp: reader.signed(), isWhole };
        if (visit.row) visit.row(row, reader);
        else skipRow(reader);
        break;
      }
      case RECORD.ownSample:
      case RECORD.ownStale: {
        const ref = reader.varint() as SeriesRef;
        timestamp += reader.signed();
        if (kind === RECORD.ownStale) own(ref, STALE_NAN_LOW, STALE_NAN_HIGH);
        else own(ref, reader.u32(), reader.u32());
        break;
      }
      case RECORD.ownHistogram: {
        const ref = reader.varint() as SeriesRef;
        timestamp += reader.signed();
        own(ref, 0, HISTOGRAM_HIGH, reader.take(reader.varint()));
        break;
      }
      case RECORD.ownStart:
        start = reader.signed();
        break;
      case RECORD.starts: {
        const source = sourceId();
        const starts = readStarts(reader);
        visit.starts?.(source, starts);
        break;
      }
      case RECORD.behind: {
        const source = sourceId();
        const time = reader.signed();
        const slots = readBehind(reader);
        visit.behind?.(source, time, slots);
        break;
      }
      case RECORD.rowsFlushed: {
        const source = sourceId();
        const through = reader.signed();
        visit.rowsFlushed?.(source, through);
        break;
      }
      case RECORD.ownFlushed: {
        const seq = reader.varint();
        visit.ownFlushed?.(seq);
        break;
      }
      default:
        throw new CorruptBlockError(`record of kind ${kind} at byte ${reader.position - 1}`);
    }
  }
}

function readStarts(reader: ByteReader): Map<number, number> {
  const starts = new Map<number, number>();
  for (let left = reader.varint(); left > 0; left--) {
    const slot = reader.varint();
    if (slot > MAX_SLOT) throw new CorruptBlockError(`slot ${slot} with a start timestamp`);
    starts.set(slot, reader.signed());
  }
  return starts;
}

/** No source has more slots; a larger number can only be damage. */
const MAX_SLOT = 2 ** 24;

/** Passes over the entries of a row. */
export function skipRow(reader: ByteReader): void {
  for (;;) {
    const head = reader.varint();
    if (head === ENTRY.absent) return;
    const kind = head & 3;
    if (kind === ENTRY.delta) reader.varint();
    else if (kind === ENTRY.raw) {
      const low = reader.u32();
      if (reader.u32() === HISTOGRAM_HIGH) reader.skip(low);
    }
  }
}
