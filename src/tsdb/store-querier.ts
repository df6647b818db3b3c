import { compareStrings, type Labels, labelsKey } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import { type Querier, type QueryBudget, type SeriesSamples, ViewChangedError } from '../model/queryable.ts';
import type { Room } from '../model/room.ts';
import type { TimeRange } from '../model/time.ts';
import type { SeriesEntry } from './block.ts';
import { type HeadReader, OVERRUN, UNCOVERED } from './head/head-reader.ts';
import { OWN_TIME_PLACE } from './head/layout.ts';
import type { HeadSamples } from './head/row-copies.ts';
import type { HeadSelections } from './head-selections.ts';
import { SERIES } from './index/layout.ts';
import type { CompiledMatcher, MatcherCache } from './matching.ts';
import { type SampleColumns, sliceExtras } from './partition/samples.ts';
import { lowerBound } from './partition/timeline.ts';
import type { Loss } from './partition/unreadable.ts';
import type { PartitionReader, PartitionSamples } from './partition.ts';
import { PieceJoiner } from './query-merge.ts';
import type { Scratch } from './scratch.ts';
import { type PartitionAccess, ViewPartitions } from './view-partitions.ts';

/** Times a view is renewed within one call because the head's rows were dropped and written over meanwhile. */
const MAX_RENEWALS = 8;

/** What one querier at a time uses. */
export interface Reading {
  readonly head: HeadReader;
  readonly scratch: Scratch;
}

/** What all queriers of a queryable use. */
export interface Shared extends PartitionAccess {
  readonly matchers: MatcherCache;
  readonly selections: HeadSelections;
  /** Of lists that partitions remember: whether their labels differ. */
  readonly distinct: WeakMap<readonly SeriesEntry[], boolean>;
}

/** Bytes of an entry in a table of strings beside its characters, of a label spelled out, and of a number in the lists of a match. */
const KEY_BYTES = 96;
const LABEL_BYTES = 48;
const MATCHED_BYTES = 20;
/** Bytes of a selected series beside its labels and samples. */
const SERIES_BYTES = 400;

/** What a partition holds of the series that match. */
interface StoredPart {
  readonly series: readonly SeriesEntry[];
  readonly found: readonly PartitionSamples[];
}

/** What one place holds of one of the series with the same labels. */
interface Piece extends SampleColumns {
  /** Partitions in order of time, then the head. */
  readonly place: number;
  readonly isOwn: boolean;
  readonly ref: number;
}

/** Where several know a sample for one time: what was stored first counts, a scrape before a sample that brought its time. */
function byPrecedence(a: Piece, b: Piece): number {
  return a.place - b.place || Number(a.isOwn) - Number(b.isOwn) || a.ref - b.ref;
}

/** One view of the store: the head's rows as they were when it was made, and the partitions that hold what came before, merged. */
export class StoreQuerier implements Querier {
  readonly #head: HeadReader;
  readonly #scratch: Scratch;
  readonly #partitions: ViewPartitions;
  readonly #matchers: MatcherCache;
  readonly #selections: HeadSelections;
  readonly #distinct: Shared['distinct'];
  readonly #budget: QueryBudget;
  readonly #release: () => void;
  #isClosed = false;

  constructor(reading: Reading, shared: Shared, budget: QueryBudget, release: () => void) {
    this.#head = reading.head;
    this.#scratch = reading.scratch;
    this.#matchers = shared.matchers;
    this.#selections = shared.selections;
    this.#distinct = shared.distinct;
    this.#budget = budget;
    this.#release = release;
    reading.head.pin();
    this.#partitions = new ViewPartitions(reading.head, shared);
  }

  get room(): Room {
    return this.#scratch;
  }

  announce(selectors: number): void {
    if (selectors > 1) this.#partitions.keepBlocks();
  }

  select(matchers: readonly Matcher[], range: TimeRange): readonly SeriesSamples[] {
    return this.#withIndex(() => this.#select(matchers, range));
  }

  series(sets: readonly (readonly Matcher[])[], range: TimeRange): Labels[] {
    return this.#withIndex(() => this.#seriesOf(sets, range));
  }

  labelNames(sets: readonly (readonly Matcher[])[], range: TimeRange): string[] {
    return this.#withIndex(() => this.#labelNames(sets, range));
  }

  labelValues(name: string, sets: readonly (readonly Matcher[])[], range: TimeRange): string[] {
    return this.#withIndex(() => this.#labelValues(name, sets, range));
  }

  /** What is read with the help of an index that is gone may be anything. */
  #withIndex<T>(read: () => T): T {
    if (this.#head.isIndexGone) throw new ViewChangedError();
    const result = read();
    if (this.#head.isIndexGone) throw new ViewChangedError();
    return result;
  }

  #select(matchers: readonly Matcher[], range: TimeRange): readonly SeriesSamples[] {
    const { selection, isDistinct } = this.#selections.of(this.#head, matchers, (these) =>
      this.#compile(these),
    );
    const { index } = this.#head;
    const alone = this.#whole(() => this.#head.readAlone(selection, range, this.#budget, this.#scratch));
    if (alone !== UNCOVERED && isDistinct) {
      this.#budget.bytes(SERIES_BYTES * alone.length);
      return alone.map((samples) =>
        seriesOf(this.#selections.labelsOf(index, samples.series), samples, this.#budget),
      );
    }
    const head =
      alone === UNCOVERED
        ? this.#whole(() => this.#head.read(selection, range, this.#budget, this.#scratch))
        : alone;
    const stored: StoredPart[] = [];
    for (const partition of alone === UNCOVERED ? this.#partitions.within(range) : []) {
      const series = this.#partitions.guarded(partition, () => partition.match(matchers, this.#budget)) ?? [];
      if (series.length === 0) continue;
      const damaged = (loss: Loss): void => this.#partitions.miss(partition, loss);
      const read = partition.read(series, range, this.#budget, this.#scratch, damaged);
      const found = this.#head.own.hasMoved ? read : withoutUnseen(read, series, this.#head.unseen());
      if (found.length > 0) stored.push({ series, found });
    }
    const [only, ...others] = stored;
    if (only && others.length === 0 && head.length === 0 && this.#areDistinct(only.series)) {
      this.#budget.bytes(SERIES_BYTES * only.found.length);
      return only.found.map((samples) => seriesOf(samples.labels, samples, this.#budget));
    }
    return this.#joined(stored, head);
  }

  /** One series of each set of labels, of what the places hold of it. */
  #joined(stored: readonly StoredPart[], head: readonly HeadSamples[]): SeriesSamples[] {
    const { index } = this.#head;
    const bySeries = new Map<string, { labels: Labels; pieces: Piece[] }>();
    const add = (labels: Labels, piece: Piece): void => {
      const key = labelsKey(labels);
      const known = bySeries.get(key);
      if (known) known.pieces.push(piece);
      else {
        this.#budget.bytes(SERIES_BYTES + key.length);
        bySeries.set(key, { labels, pieces: [piece] });
      }
    };
    stored.forEach(({ series, found }, place) => {
      const own = new Set(series.filter(({ source }) => source === 0).map(({ ref }) => ref));
      for (const { labels, ...samples } of found) {
        add(labels, { place, isOwn: own.has(samples.ref), ...samples });
      }
    });
    for (const { series, ...samples } of head) {
      const isOwn = index.field(series, SERIES.source) === OWN_TIME_PLACE;
      add(this.#selections.labelsOf(index, series), {
        place: stored.length,
        isOwn,
        ref: index.field(series, SERIES.ref),
        ...samples,
      });
    }
    const joiner = new PieceJoiner(this.#scratch, (bytes) => this.#budget.bytes(bytes));
    const out: SeriesSamples[] = [];
    for (const { labels, pieces } of bySeries.values()) {
      if (pieces.length > 1) pieces.sort(byPrecedence);
      out.push(seriesOf(labels, joiner.join(pieces), this.#budget));
    }
    return out;
  }

  /** Whether no two series of a partition have the same labels: those of two targets, or of one that was scraped and pushed, may. */
  #areDistinct(series: readonly SeriesEntry[]): boolean {
    let known = this.#distinct.get(series);
    if (known === undefined) {
      this.#budget.bytes(KEY_BYTES * series.length);
      known = new Set(series.map(({ labels }) => labelsKey(labels))).size === series.length;
      this.#budget.bytes(-KEY_BYTES * series.length);
      this.#distinct.set(series, known);
    }
    return known;
  }

  #seriesOf(sets: readonly (readonly Matcher[])[], range: TimeRange): Labels[] {
    const found = new Map<string, Labels>();
    const add = (labels: Labels): void => {
      const key = labelsKey(labels);
      if (found.has(key)) return;
      this.#budget.bytes(KEY_BYTES + key.length);
      found.set(key, labels);
    };
    const { index } = this.#head;
    this.#eachHeadSeries(sets, range, (series) => {
      const labels = index.labelsOf(series);
      this.#budget.bytes(KEY_BYTES + LABEL_BYTES * labels.length);
      add(labels);
    });
    this.#eachStored(sets, range, (partition, matchers) => {
      for (const { labels } of partition.match(matchers, this.#budget)) add(labels);
    });
    return [...found.values()];
  }

  #labelNames(sets: readonly (readonly Matcher[])[], range: TimeRange): string[] {
    const { index } = this.#head;
    const names = new Set(
      this.#headTexts((take) => this.#eachHeadSeries(sets, range, (series) => index.eachLabel(series, take))),
    );
    this.#eachStored(sets, range, (partition, matchers) => {
      for (const name of partition.labelNames(matchers, this.#budget)) names.add(name);
    });
    return [...names].sort(compareStrings);
  }

  #labelValues(name: string, sets: readonly (readonly Matcher[])[], range: TimeRange): string[] {
    const { index } = this.#head;
    const symbol = index.symbol(name);
    const values = new Set<string>();
    if (symbol >= 0) {
      const inHead = this.#headTexts((take) =>
        this.#eachHeadSeries(sets, range, (series) => {
          const value = index.valueOf(series, symbol);
          if (value >= 0) take(value);
        }),
      );
      for (const value of inHead) values.add(value);
    }
    this.#eachStored(sets, range, (partition, matchers) => {
      for (const value of partition.labelValues(name, matchers, this.#budget)) {
        if (values.has(value)) continue;
        this.#budget.bytes(KEY_BYTES);
        values.add(value);
      }
    });
    this.#budget.bytes(8 * values.size);
    return [...values].sort(compareStrings);
  }

  get warnings(): readonly string[] {
    return this.#partitions.warnings;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#partitions.end();
    this.#release();
  }

  /** Series of the head with samples in the range that match any of the lists; those that match several may come again. */
  #eachHeadSeries(
    sets: readonly (readonly Matcher[])[],
    range: TimeRange,
    visit: (series: number) => void,
  ): void {
    for (const matchers of sets.length === 0 ? [[]] : sets) {
      this.#budget.check();
      const compiled = this.#compile(matchers);
      const present = this.#whole(() => {
        const matched = this.#head.index.match(compiled);
        this.#budget.bytes(MATCHED_BYTES * matched.length);
        return this.#head.present(matched, range, this.#budget);
      });
      for (const series of present) visit(series);
    }
  }

  /** The texts of the symbols of the head that `walk` takes, each once. */
  #headTexts(walk: (take: (symbol: number) => void) => void): string[] {
    const { index } = this.#head;
    this.#budget.bytes(index.symbolCount);
    const isTaken = new Uint8Array(index.symbolCount);
    walk((symbol) => {
      isTaken[symbol] = 1;
    });
    const texts: string[] = [];
    for (let symbol = 0; symbol < isTaken.length; symbol++) {
      if (isTaken[symbol] === 0) continue;
      const text = index.text(symbol);
      this.#budget.bytes(KEY_BYTES + text.length);
      texts.push(text);
    }
    return texts;
  }

  #eachStored(
    sets: readonly (readonly Matcher[])[],
    range: TimeRange,
    visit: (partition: PartitionReader, matchers: readonly Matcher[]) => void,
  ): void {
    for (const partition of this.#partitions.within(range)) {
      this.#partitions.guarded(partition, () => {
        for (const matchers of sets.length === 0 ? [[]] : sets) {
          this.#budget.check();
          visit(partition, matchers);
        }
      });
    }
  }

  #compile(matchers: readonly Matcher[]): CompiledMatcher[] {
    return matchers.map((matcher) => this.#matchers.compile(matcher));
  }

  /** Runs a read of the head; when rows it needs are gone from there, renews the view, where they are in partitions. */
  #whole<T>(read: () => T | typeof OVERRUN): T {
    for (let renewals = 0; renewals < MAX_RENEWALS; renewals++) {
      const result = read();
      if (result !== OVERRUN) return result;
      this.#partitions.end();
      this.#head.pin(true);
    }
    throw new Error(`the head moved on ${MAX_RENEWALS} times while one selector was read`);
  }
}

/**
 * Without the rows that came after the view and were moved to the partition before it was opened: of sources that were not moved meanwhile
 * there are none either. @param unseen as `HeadReader.unseen`, asked after the partition was opened
 */
function withoutUnseen(
  found: readonly PartitionSamples[],
  series: readonly SeriesEntry[],
  unseen: ReadonlyMap<number, number> | undefined,
): readonly PartitionSamples[] {
  if (!unseen) return found;
  const earliest = Math.min(...unseen.values());
  if (!found.some(({ timestamps }) => timestamps.at(-1)! >= earliest)) return found;
  const sources = new Map(series.map(({ ref, source }) => [ref, source]));
  return found.flatMap((samples): PartitionSamples[] => {
    const from = unseen.get(sources.get(samples.ref)!) ?? Number.POSITIVE_INFINITY;
    const { timestamps, values } = samples;
    if (timestamps.at(-1)! < from) return [samples];
    const count = lowerBound(timestamps, from);
    if (count === 0) return [];
    return [
      {
        ...samples,
        timestamps: timestamps.subarray(0, count),
        values: values.subarray(0, count),
        ...sliceExtras(samples, 0, count),
      },
    ];
  });
}

/** A series as the language sees it: histograms with their sums as values, extras only where there are some. */
function seriesOf(labels: Labels, samples: SampleColumns, budget: QueryBudget): SeriesSamples {
  const { timestamps, values, histograms, starts } = samples;
  if (!histograms && !starts) return { labels, timestamps, values };
  const isNative = histograms?.some((histogram) => histogram !== undefined);
  const startTimestamps = starts?.some((start) => start !== 0) ? { startTimestamps: starts } : {};
  if (!isNative) return { labels, timestamps, values, ...startTimestamps };
  budget.bytes(8 * values.length);
  // The values may be shared with the cache of columns.
  const sums = values.slice();
  for (let i = 0; i < sums.length; i++) {
    const histogram = histograms![i];
    if (histogram) sums[i] = histogram.sum;
  }
  return { labels, timestamps, values: sums, histograms: histograms!, ...startTimestamps };
}
