import type { Clock } from '../../clock.ts';
import { type ByteReader, ByteWriter } from '../../encoding/bytes.ts';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import type { Log } from '../../model/log.ts';
import type { SeriesRef, SourceId } from '../block.ts';
import { popcount } from '../head/bits.ts';
import type { Head } from '../head/head.ts';
import { OWN_TIME_PLACE } from '../head/layout.ts';
import type { ScrapeSource } from '../head/scrape-source.ts';
import { checkHistogramBytes } from '../histogram-cell.ts';
import { NO_SLOT } from '../index/layout.ts';
import { DefinitionTable } from './definition-table.ts';
import { definitionWriter } from './definitions.ts';
import { readExemplarRow, type StoredExemplar } from './exemplars.ts';
import { noteDefinitions } from './head-definitions.ts';
import { isOvergrown, type KeptIndex } from './kept-index.ts';
import type { LogDb } from './log-db.ts';
import { type OwnRecord, type RecordedRow, readRecords, readRow, skipRow } from './records.ts';

export interface ReplayResult {
  readonly series: number;
  readonly samples: number;
  readonly durationMs: number;
  /** Log rows that were damaged and left out. */
  readonly damaged: number;
  /** Definitions that the log has now, superseded ones included. */
  readonly definitions: number;
  /** Whether the index was there as the process before left it. */
  readonly isIndexKept: boolean;
}

interface ReplayOptions {
  /** Whether definitions that nothing of the head needs may go. */
  readonly compacts: boolean;
  /** Where the head's index, which is there already, comes from: of the log's definitions none is read then. */
  readonly kept?: KeptIndex | undefined;
}

/**
 * Brings an empty head to where the log says it was. A damaged row is named in the program's log and left out; a source whose rows
 * continue from one that is missing begins again at its next whole row.
 * @throws SqliteError when SQLite itself finds the file damaged
 */
export function replayLog(
  db: LogDb,
  head: Head,
  log: Log,
  clock: Clock,
  { compacts, kept }: ReplayOptions = { compacts: true },
): ReplayResult {
  const startedAt = clock.monotonic();
  let damaged = 0;
  const onDamaged = (error: CorruptBlockError): void => {
    damaged++;
    log.error({ file: db.file, err: error }, 'a damaged row of the log is left out');
  };
  const definitions = new DefinitionTable(head);
  const bodies = kept ? [kept.definitions] : db.definitions(onDamaged);
  for (const body of bodies) {
    try {
      definitions.take(body);
    } catch (error) {
      if (!(error instanceof CorruptBlockError)) throw error;
      onDamaged(error.at(`${db.file}: table definitions`));
    }
  }
  const rows = new RowReplay(head, definitions.sources, kept ? slotsOfIndex(head) : slotsOf(definitions));
  for (const { seq, records } of db.records(onDamaged)) {
    try {
      rows.read(seq, records);
    } catch (error) {
      if (!(error instanceof CorruptBlockError)) throw error;
      onDamaged(error.at(`${db.file}: table log, row ${seq}`));
    }
  }
  const exemplars = head.exemplars.capacity > 0 ? loadExemplars(db, onDamaged) : [];
  if (kept) adoptIndex(head, rows);
  else buildIndex(head, definitions, rows, exemplars);
  for (const exemplar of exemplars) {
    const series = head.index.byRef(exemplar.ref);
    if (series >= 0) head.exemplars.restore(series, exemplar);
  }
  rows.finish();
  head.commit();
  const { count } = head.index;
  let definitionCount = kept?.definitionCount ?? definitions.read;
  if (compacts && isOvergrown(definitionCount, count)) definitionCount = compact(db, head);
  return {
    series: count,
    samples: rows.samples,
    durationMs: clock.monotonic() - startedAt,
    damaged,
    definitions: definitionCount,
    isIndexKept: kept !== undefined,
  };
}

function loadExemplars(db: LogDb, onDamaged: (error: CorruptBlockError) => void): StoredExemplar[] {
  const exemplars: StoredExemplar[] = [];
  for (const body of db.exemplars(onDamaged)) {
    try {
      for (const exemplar of readExemplarRow(body)) exemplars.push(exemplar);
    } catch (error) {
      if (!(error instanceof CorruptBlockError)) throw error;
      onDamaged(error.at(`${db.file}: table exemplars`));
    }
  }
  return exemplars;
}

/** How many slots the rows of each source have, by the last word on its series. */
function slotsOf(definitions: DefinitionTable): Map<ScrapeSource, number> {
  const slots = new Map<ScrapeSource, number>();
  definitions.each((source, slot) => {
    const owner = definitions.sources.get(source);
    if (owner && slot !== undefined) slots.set(owner, Math.max(slots.get(owner) ?? 0, slot + 1));
  });
  return slots;
}

function slotsOfIndex({ index, places }: Head): Map<ScrapeSource, number> {
  const counts = new Uint32Array(places.length);
  for (let series = 0; series < index.count; series++) {
    const slot = index.slotOf(series);
    const place = index.sourceOf(series);
    if (slot !== NO_SLOT) counts[place] = Math.max(counts[place]!, slot + 1);
  }
  return new Map(places.flatMap((source, place) => (source ? [[source, counts[place]!]] : [])));
}

/** Gives the series of an index that is there already their slots, and the samples of their own that the log has. */
function adoptIndex(head: Head, rows: RowReplay): void {
  const { index, places } = head;
  for (let series = 0; series < index.count; series++) {
    const slot = index.slotOf(series);
    if (slot !== NO_SLOT) places[index.sourceOf(series)]!.restoreSlot(slot, series);
    else index.setOwn(series, 0);
  }
  for (const ref of rows.ownRefs()) {
    const series = index.byRef(ref);
    if (series >= 0) restoreOwn(head, rows, series, ref);
  }
}

/** Gives a series the samples of its own that the log has. */
function restoreOwn(head: Head, rows: RowReplay, series: number, ref: SeriesRef): void {
  const own = head.own.add(ref);
  head.index.setOwn(series, own + 1);
  for (const sample of rows.own(ref)!) head.own.restore(own, sample.timestamp, sample, sample.start);
}

/** Adds the series that have a place in a ring, samples of their own or exemplars; the others were only remembered for their labels. */
function buildIndex(
  head: Head,
  definitions: DefinitionTable,
  rows: RowReplay,
  exemplars: readonly StoredExemplar[],
): void {
  const { index } = head;
  const exemplified = new Set<SeriesRef>(exemplars.map(({ ref }) => ref));
  let slotted = 0;
  definitions.each((_source, slot) => {
    if (slot !== undefined) slotted++;
  });
  index.reserve(slotted);
  const isNamed = (ref: SeriesRef): boolean => exemplified.size > 0 && exemplified.has(ref);
  const isNeeded = (ref: SeriesRef, source: SourceId, slot: number | undefined): boolean => {
    if (source === 0) return isNamed(ref) || rows.own(ref) !== undefined;
    return definitions.sources.has(source) && (slot !== undefined || isNamed(ref));
  };
  definitions.addTo(isNeeded, (ref, source, slot, symbols, length) => {
    const owner = definitions.sources.get(source);
    const series = index.restore(owner?.place ?? OWN_TIME_PLACE, symbols, length, ref);
    if (series < 0) return;
    if (owner) {
      if (slot !== undefined) owner.restoreSlot(slot, series);
    } else if (rows.own(ref)) restoreOwn(head, rows, series, ref);
  });
}

/** Rewrites the definitions as they are now; returns how many there are. */
function compact(db: LogDb, head: Head): number {
  const out = new ByteWriter(1 << 16);
  const write = definitionWriter(out);
  for (const _ of noteDefinitions(head, write));
  db.rewriteDefinitions(1, out.view());
  return write.count;
}

/** A sample with its own time, and the log row it is in. */
type OwnSample = OwnRecord & { readonly seq: number };

interface SourceState {
  /** Slots that its series have in the end: most likely its rows are as wide from the start. */
  slots: number;
  chain: number;
  full: { row: number; seq: number }[];
  /** Start timestamps by slot that were noted for the next row. */
  starts: ReadonlyMap<number, number>;
  /** The last scrape, when that was taken while the clock was behind the last row. */
  behind?:
    | { readonly timestamp: number; readonly slots: readonly number[]; readonly seq: number }
    | undefined;
}

/** Puts the records of the log back into rings. Slots are places in rows here; whose they are is settled afterwards. */
class RowReplay {
  samples = 0;
  readonly #head: Head;
  readonly #sources: ReadonlyMap<SourceId, ScrapeSource>;
  readonly #states = new Map<ScrapeSource, SourceState>();
  #own: OwnSample[] = [];
  #ownByRef: Map<SeriesRef, OwnSample[]> | undefined;

  /** @param slots that the rows of each source have in the end */
  constructor(
    head: Head,
    sources: ReadonlyMap<SourceId, ScrapeSource>,
    slots: ReadonlyMap<ScrapeSource, number>,
  ) {
    this.#head = head;
    this.#sources = sources;
    for (const [source, count] of slots) this.#stateOf(source).slots = count;
  }

  /** @throws CorruptBlockError */
  read(seq: number, records: Uint8Array): void {
    readRecords(records, {
      row: (row, reader) => this.#row(row, reader, seq),
      own: (sample) => {
        if (sample.histogram) checkHistogramBytes(sample.histogram);
        this.#own.push({ ...sample, seq });
        this.samples++;
      },
      starts: (id, starts) => {
        const source = this.#sources.get(id);
        if (source) this.#stateOf(source).starts = starts;
      },
      behind: (id, timestamp, slots) => {
        const source = this.#sources.get(id);
        if (source) this.#stateOf(source).behind = { timestamp, slots, seq };
      },
      rowsFlushed: (id, through) => {
        const source = this.#sources.get(id);
        if (source) dropThrough(source, through);
      },
      ownFlushed: (flushed) => {
        this.#head.own.syncedSeq = Math.max(this.#head.own.syncedSeq, flushed);
        this.#own = this.#own.filter((sample) => sample.seq > flushed);
      },
    });
  }

  /** Samples of a series with its own times, in order of arrival. */
  own(ref: SeriesRef): readonly OwnSample[] | undefined {
    this.#ownByRef ??= Map.groupBy(this.#own, (sample) => sample.ref);
    return this.#ownByRef.get(ref);
  }

  /** Series that have samples with their own times. */
  ownRefs(): Iterable<SeriesRef> {
    this.#ownByRef ??= Map.groupBy(this.#own, (sample) => sample.ref);
    return this.#ownByRef.keys();
  }

  finish(): void {
    for (const source of this.#sources.values()) {
      const state = this.#states.get(source);
      source.restoreLast(state?.full ?? [], state?.behind);
    }
  }

  #row({ source: id, chain, timestamp, isWhole }: RecordedRow, reader: ByteReader, seq: number): void {
    const source = this.#sources.get(id);
    if (!source) {
      skipRow(reader);
      return;
    }
    const state = this.#stateOf(source);
    const { starts } = state;
    state.starts = new Map();
    if (!isWhole && chain !== state.chain + 1) {
      state.chain = Number.NaN;
      skipRow(reader);
      return;
    }
    const { ring } = source;
    state.chain = Number.NaN;
    const last = ring.appended - 1;
    if (last >= 0 && timestamp <= ring.timestamp(last)) {
      // Written once more after trouble with the log; the row is here already.
      if (isWhole) state.full.push({ row: last, seq });
      skipRow(reader);
      state.chain = chain;
      return;
    }
    ring.start(timestamp, Math.max(state.slots, isWhole || last < 0 ? 1 : ring.width));
    const row = ring.appended;
    if (isWhole) state.full.push({ row, seq });
    else this.#copyRow(source, last, row);
    const { arena } = this.#head;
    source.restoreStarts(row, starts, isWhole);
    readRow(reader, {
      cells: () => arena,
      hold: (histogram) => ring.hold(histogram),
      place: () => ({ values: ring.values(row), presence: ring.presence(row), slots: ring.width }),
      widen: (slot) => ring.widen(slot + 1),
    });
    const presence = ring.presence(row);
    ring.append();
    state.chain = chain;
    // The clock has caught up.
    state.behind = undefined;
    for (let i = 0; i < ring.width >>> 5; i++) this.samples += popcount(arena.words[presence + i]!);
  }

  #stateOf(source: ScrapeSource): SourceState {
    let state = this.#states.get(source);
    if (!state)
      this.#states.set(source, (state = { slots: 0, chain: Number.NaN, full: [], starts: new Map() }));
    return state;
  }

  #copyRow(source: ScrapeSource, from: number, to: number): void {
    const { ring } = source;
    const { floats, words } = this.#head.arena;
    floats.set(floats.subarray(ring.values(from), ring.values(from) + ring.width), ring.values(to));
    const bits = ring.presence(from);
    words.set(words.subarray(bits, bits + ring.width / 32), ring.presence(to));
  }
}

function dropThrough(source: ScrapeSource, timestamp: number): void {
  const { ring } = source;
  let row = ring.first;
  while (row < ring.appended && ring.timestamp(row) <= timestamp) row++;
  ring.drop(row);
}
