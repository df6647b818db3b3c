import { ByteWriter } from '../../encoding/bytes.ts';
import { writeHistogram } from '../../encoding/histogram-bytes.ts';
import type { AppendOutcome, ScrapeAppender } from '../../model/appender.ts';
import type { Exemplar } from '../../model/exemplar.ts';
import { type Histogram, histogramProblem } from '../../model/histogram.ts';
import type { Labels } from '../../model/labels.ts';
import type { MetricMetadata } from '../../model/queryable.ts';
import { NORMAL_NAN_HIGH, NORMAL_NAN_LOW, STALE_NAN_HIGH, STALE_NAN_LOW } from '../../model/sample.ts';
import type { SeriesRef, SourceId } from '../block.ts';
import { HISTOGRAM_HIGH, MAX_HISTOGRAM_BYTES } from '../histogram-cell.ts';
import type { IndexCopy } from '../index/index-copy.ts';
import { createIndexShared, type IndexShared, NO_SLOT } from '../index/layout.ts';
import { SeriesIndex } from '../index/series-index.ts';
import { WordSlab } from '../index/slab.ts';
import type { Journal } from '../log/journal.ts';
import { Arena } from './arena.ts';
import { ExemplarRing } from './exemplar-ring.ts';
import {
  createHeadShared,
  HEAD_CONTROL,
  type HeadShared,
  OWN_TIME_PLACE,
  RING,
  RING_STRIDE,
  STORED_THROUGH,
} from './layout.ts';
import { OwnColumns, type ValueWords } from './own-columns.ts';
import { ScrapeSource, type SourceContext, startOf } from './scrape-source.ts';

/**
 * Samples of the last minutes and the index of their series, in shared memory. Main appends; every thread reads with `HeadReader`.
 * What must survive the process is noted in the journal as it comes.
 */
export class Head {
  readonly shared: HeadShared;
  /** Another one takes its place now and then, see `adopt`: do not keep it. */
  index: SeriesIndex;
  readonly arena: Arena;
  readonly own: OwnColumns;
  readonly metadata = new Map<string, MetricMetadata>();
  /** Sources by their place in the directory of rings; the first is nobody's. */
  readonly places: (ScrapeSource | undefined)[] = [undefined];
  /** Samples appended since the start, staleness markers not counted. */
  samplesAppended = 0;
  readonly exemplars: ExemplarRing;
  readonly #control: Int32Array;
  readonly #rings: WordSlab;
  readonly #sources: ScrapeSource[] = [];
  readonly #byKey = new Map<string, ScrapeSource>();
  readonly #context: SourceContext;
  readonly #journal: Journal;
  readonly #floatBits = new Float64Array(1);
  readonly #wordBits = new Uint32Array(this.#floatBits.buffer);
  readonly #histogram = new ByteWriter(1024);
  #nextRef = 1;
  #indexGeneration = 0;
  #nextSource = 1;
  /** What STORED_THROUGH is to say once it is known what partitions held at the start. */
  #storedThrough = Number.NEGATIVE_INFINITY;
  #knowsPartitions = false;

  /**
   * @param seed of the index' hashes; drawn anew by each process
   * @param limitBytes memory for samples that cannot be moved to partitions; beyond it the oldest are given up
   * @param maxExemplars kept at most
   * @param known an index with series in it already, instead of an empty one
   */
  constructor(seed: number, journal: Journal, limitBytes?: number, maxExemplars = 0, known?: IndexShared) {
    this.shared = createHeadShared(known ?? createIndexShared(seed), createIndexShared(seed));
    this.#journal = journal;
    this.#control = new Int32Array(this.shared.control);
    this.index = new SeriesIndex(this.shared.indexes[0], known !== undefined);
    this.arena = new Arena(this.shared.arena, limitBytes);
    this.#rings = new WordSlab(this.shared.rings);
    this.#rings.allocate(RING_STRIDE);
    Atomics.store(this.#control, HEAD_CONTROL.rings, 1);
    this.own = new OwnColumns(this.arena, new WordSlab(this.shared.owns), this.#control, journal);
    this.exemplars = new ExemplarRing(
      this.arena,
      { buffer: this.shared.exemplars, control: this.#control, capacity: maxExemplars },
      (series, exemplar) => {
        journal.exemplar({ ref: this.index.refOf(series) as SeriesRef, ...exemplar });
        journal.touch();
      },
    );
    this.#context = {
      index: () => this.index,
      arena: this.arena,
      journal,
      nextRef: () => this.#nextRef++ as SeriesRef,
      counted: (samples) => {
        this.samplesAppended += samples;
      },
      encoded: (histogram) => this.#encoded(histogram),
      leaving: (through) => this.leaving(through),
      hold: () => this.own.hold(),
      release: (publish) => this.own.release(publish),
      exemplars: this.exemplars,
      own: this,
    };
  }

  /** Opens a source. @throws Error when the key is open already */
  source(key: string): ScrapeAppender {
    const source = this.#byKey.get(key) ?? this.addSource(this.#nextSource as SourceId, key);
    if (!source.isNeeded) {
      // The log may have forgotten it.
      this.#journal.definitions.source(source.id, key);
      this.#journal.touch();
    }
    source.open();
    return source;
  }

  sources(): readonly ScrapeSource[] {
    return this.#sources;
  }

  append(labels: Labels, timestamp: number, value: number, start = 0): AppendOutcome {
    if (Number.isNaN(value)) return this.#appendOwn(labels, timestamp, NORMAL_NAN, start);
    this.#floatBits[0] = value;
    const words = { low: this.#wordBits[0]!, high: this.#wordBits[1]! };
    return this.#appendOwn(labels, timestamp, words, start);
  }

  appendBits(labels: Labels, timestamp: number, low: number, high: number, start = 0): AppendOutcome {
    if (low === STALE.low && high === STALE.high) return this.appendStale(labels, timestamp);
    const isMark = high === HISTOGRAM_HIGH;
    return this.#appendOwn(labels, timestamp, isMark ? NORMAL_NAN : { low, high }, start);
  }

  appendHistogram(labels: Labels, timestamp: number, histogram: Histogram, start = 0): AppendOutcome {
    const bytes = this.#encoded(histogram);
    if (bytes === undefined) return 'invalid';
    return this.#appendOwn(labels, timestamp, { low: 0, high: HISTOGRAM_HIGH, histogram: bytes }, start);
  }

  appendStale(labels: Labels, timestamp: number): AppendOutcome {
    return this.#appendOwn(labels, timestamp, STALE, 0);
  }

  exemplar(labels: Labels, exemplar: Exemplar): AppendOutcome {
    return this.exemplars.add(this.#ownSeries(labels), exemplar, 0);
  }

  setMetadata(metric: string, metadata: MetricMetadata): void {
    const known = this.metadata.get(metric);
    if (known?.type === metadata.type && known.help === metadata.help && known.unit === metadata.unit) return;
    this.metadata.set(metric, metadata);
    this.#journal.definitions.metadata(metric, metadata);
    this.#journal.touch();
  }

  /** Publishes all that was appended to everyone: it is in the log, or the log cannot be written. */
  commit(): void {
    this.own.commit(() => {
      for (const source of this.sources()) source.ring.commit(source.ring.appended);
    });
  }

  /**
   * To be called before samples of the head up to `through` (Unix ms) are no more to be found there, or others come into partitions by
   * another way: readers look for them in partitions from now on.
   */
  leaving(through: number): void {
    this.#storedThrough = Math.max(this.#storedThrough, through);
    if (this.#knowsPartitions) new Float64Array(this.shared.control)[STORED_THROUGH] = this.#storedThrough;
  }

  /** Says how late the samples are that partitions held when they were opened. */
  foundInPartitions(through: number): void {
    this.#knowsPartitions = true;
    this.leaving(through);
  }

  /** Lets readers look for what was dropped in partitions only: they are about to change. */
  forgetDropped(): void {
    for (const source of this.sources()) source.ring.forget();
  }

  /** Notes everything that is in no partition once more, for a log that lost it. */
  relog(): void {
    for (const source of this.sources()) source.relog();
    this.own.relog();
  }

  /** Where the next index is to be made; views of the one before this one are over. */
  takeSpareIndex(): IndexShared {
    Atomics.store(this.#control, HEAD_CONTROL.indexesGone, this.#indexGeneration);
    return this.shared.indexes[(this.#indexGeneration + 1) & 1]!;
  }

  /** Whether anything of the head needs a series: a place in a ring, samples with their own times, exemplars. */
  isNeeded(series: number): boolean {
    const { index } = this;
    const own = index.ownOf(series) - 1;
    return (
      index.slotOf(series) !== NO_SLOT || (own >= 0 && !this.own.isIdle(own)) || this.exemplars.has(series)
    );
  }

  /**
   * Puts a copy of the index in its place. Returns false, and changes nothing, when a series that was left out is needed again. Views that
   * were fixed before go on with the index they have.
   */
  adopt(copy: IndexCopy): boolean {
    const numbers = copy.finish();
    if (!numbers) return false;
    Atomics.add(this.#control, HEAD_CONTROL.indexGeneration, 1);
    const left = new Set<number>();
    for (let series = 0; series < numbers.length; series++) {
      if (numbers[series] !== 0) continue;
      left.add(copy.from.sourceOf(series));
      const own = copy.from.ownOf(series) - 1;
      if (own >= 0) this.own.free(own);
    }
    // Their samples are found in partitions only, and no ring says so to who does not know them.
    for (const place of left) this.leaving(this.places[place]?.lastTimestamp ?? Number.NEGATIVE_INFINITY);
    for (const source of this.sources()) source.renumber(numbers);
    this.exemplars.renumber(numbers);
    this.index = copy.index;
    this.#indexGeneration++;
    Atomics.add(this.#control, HEAD_CONTROL.indexGeneration, 1);
    Atomics.notify(this.#control, HEAD_CONTROL.indexGeneration);
    return true;
  }

  /** Adds a source without noting it. */
  addSource(id: SourceId, key: string): ScrapeSource {
    const place = this.places.length;
    const at = this.#rings.allocate(RING_STRIDE);
    this.#rings.words[at + RING.id] = id;
    const fields = new Int32Array(this.shared.rings, at * 4, RING_STRIDE);
    const source = new ScrapeSource(id, key, place, fields, this.#context);
    this.places.push(source);
    this.#sources.push(source);
    this.#byKey.set(key, source);
    this.#nextSource = Math.max(this.#nextSource, id + 1);
    Atomics.store(this.#control, HEAD_CONTROL.rings, place + 1);
    return source;
  }

  /** The next ref and source id are at least these. */
  raiseCounters(ref: number, source: number): void {
    this.#nextRef = Math.max(this.#nextRef, ref);
    this.#nextSource = Math.max(this.#nextSource, source);
  }

  /** Takes refs for series that are not the head's; returns the first. */
  reserveRefs(count: number): number {
    const first = this.#nextRef;
    this.#nextRef += count;
    this.#journal.definitions.counters(this.#nextRef, this.#nextSource);
    this.#journal.touch();
    return first;
  }

  get counters(): { ref: number; source: number } {
    return { ref: this.#nextRef, source: this.#nextSource };
  }

  /** Scrapes taken while the clock was behind what was stored. */
  get behindScrapes(): number {
    let behind = 0;
    for (const source of this.sources()) behind += source.behindScrapes;
    return behind;
  }

  /** Rows given up because they could not be moved to partitions and memory was spent. */
  get lostRows(): number {
    let lost = 0;
    for (const source of this.sources()) lost += source.ring.lostRows;
    return lost;
  }

  /** A histogram as it is kept, valid until the next call; undefined when it is malformed. */
  #encoded(histogram: Histogram): Uint8Array | undefined {
    if (histogramProblem(histogram) !== undefined) return undefined;
    this.#histogram.reset();
    writeHistogram(this.#histogram, histogram);
    return this.#histogram.length > MAX_HISTOGRAM_BYTES ? undefined : this.#histogram.view();
  }

  #ownSeries(labels: Labels): number {
    const { index } = this;
    let series = index.find(OWN_TIME_PLACE, labels);
    if (series < 0) {
      series = index.add(OWN_TIME_PLACE, labels, this.#context.nextRef());
      this.#journal.definitions.series({
        ref: index.refOf(series),
        source: 0 as SourceId,
        labels,
        slot: undefined,
      });
      this.#journal.touch();
    }
    return series;
  }

  #appendOwn(labels: Labels, timestamp: number, value: ValueWords, start: number): AppendOutcome {
    const { index } = this;
    const series = this.#ownSeries(labels);
    let own = index.ownOf(series) - 1;
    if (own < 0) {
      own = this.own.add(index.refOf(series));
      index.setOwn(series, own + 1);
    }
    const outcome = this.own.append(own, timestamp, value, startOf(start));
    if (outcome === 'ok' && value !== STALE) this.samplesAppended++;
    return outcome;
  }
}

const STALE: ValueWords = { low: STALE_NAN_LOW, high: STALE_NAN_HIGH };
const NORMAL_NAN: ValueWords = { low: NORMAL_NAN_LOW, high: NORMAL_NAN_HIGH };
