import { customBuckets } from '../exposition/custom-buckets.ts';
import {
  COUNTER,
  GAUGE_HISTOGRAM,
  HISTOGRAM,
  MetricFamilyReader,
  SUMMARY,
} from '../exposition/metric-family.ts';
import { formatBound } from '../exposition/number.ts';
import { METRIC_TYPES, type WrittenExemplar } from '../exposition/parser.ts';
import { METRIC_NAME } from '../model/labels.ts';
import { MetricKeys } from './metric-keys.ts';
import type { PageReader, PageStats } from './page.ts';
import { hashBytes } from './page-hash.ts';
import { type PageHistogram, SampleColumns } from './page-samples.ts';

/** What becomes of histograms. */
export interface HistogramRules {
  readonly scrape_native_histograms: boolean;
  readonly always_scrape_classic_histograms: boolean;
  readonly convert_classic_histograms_to_nhcb: boolean;
}

/** Metrics between two looks at the clock. */
const METRICS_PER_SLICE_CHECK = 128;

const NONE = -1;

/**
 * Parses the protobuf pages of one target, each against the one before: a metric with the labels and bounds of the one that stood
 * there last time has the same series, and none of its labels is made a string.
 */
export class FamilyPageParser {
  stats: PageStats = { unchanged: 0, changed: 0, parsed: 0 };
  #page = new PageOfMetrics();
  #before = new PageOfMetrics();
  #pageBytes = 0;
  #families = new Set<string>();
  readonly #seed: number;
  readonly #rules: HistogramRules;

  /** @param seed of the key hash; not to be known to targets */
  constructor(seed: number, rules: HistogramRules) {
    this.#seed = seed | 0;
    this.#rules = rules;
  }

  get columns(): SampleColumns {
    return this.#page.columns;
  }

  get histograms(): readonly PageHistogram[] {
    return this.#page.histograms;
  }

  get pageBytes(): number {
    return this.#pageBytes;
  }

  /** The names of the families with metrics on the last page. */
  get families(): ReadonlySet<string> {
    return this.#families;
  }

  /** Classic histograms that could not be converted, in the last page. */
  get inconsistent(): number {
    return this.#page.inconsistent;
  }

  /** Forgets the last page: every series is asked for anew. */
  reset(): void {
    this.#page.clear();
    this.#before.clear();
    this.#pageBytes = 0;
  }

  /**
   * Parses `page`. Yields whenever `sliceOver` says so; `columns` and `histograms` hold the page when the generator is done. When it
   * throws or is abandoned, call `reset`.
   * @throws WireError, and whatever `reader` throws
   */
  *parse(bytes: Uint8Array, reader: PageReader, sliceOver: () => boolean): Generator<void, void> {
    const before = this.#page;
    const page = this.#before;
    page.clear();
    this.#families.clear();
    this.#page = page;
    this.#before = before;
    const families = new MetricFamilyReader(bytes);
    let predicted = 0;
    let known = 0;
    let parsed = 0;
    let work = 0;
    while (families.nextFamily()) {
      let isFirst = true;
      while (families.nextMetric()) {
        if (isFirst) {
          tell(reader, families);
          this.#families.add(families.family);
        }
        isFirst = false;
        const kind = this.#kindOf(families);
        page.keys.add(families, kind.mark, this.#seed);
        const found = page.keys.findLastIn(before.keys, predicted);
        if (found >= 0) {
          predicted = found + 1;
          known++;
        } else parsed++;
        this.#metric(families, kind, before, found, reader);
        if (++work % METRICS_PER_SLICE_CHECK === 0 && sliceOver()) yield;
      }
      if (++work % METRICS_PER_SLICE_CHECK === 0 && sliceOver()) yield;
    }
    this.#pageBytes = bytes.length;
    this.stats = { unchanged: 0, changed: known, parsed };
  }

  #kindOf(families: MetricFamilyReader): Kind {
    if (families.type === SUMMARY) return SUMMED;
    if (families.type !== HISTOGRAM && families.type !== GAUGE_HISTOGRAM) return SIMPLE;
    const rules = this.#rules;
    const keepsClassic = rules.always_scrape_classic_histograms;
    if (rules.scrape_native_histograms && families.isNative) {
      return keepsClassic && families.parts > 0 ? NATIVE_AND_CLASSIC : NATIVE;
    }
    if (!rules.convert_classic_histograms_to_nhcb) return CLASSIC;
    return keepsClassic ? CUSTOM_AND_CLASSIC : CUSTOM;
  }

  #metric(
    families: MetricFamilyReader,
    kind: Kind,
    before: PageOfMetrics,
    found: number,
    reader: PageReader,
  ): void {
    const { keys, histograms } = this.#page;
    const metric = keys.count - 1;
    keys.firstLine[metric] = this.#page.columns.count;
    keys.histogram[metric] = NONE;
    if (kind.hasFloats) this.#floats(families, kind, before, found, reader);
    if (kind.histogram === 'none') return;
    const histogram =
      kind.histogram === 'native'
        ? families.histogram()
        : customBuckets(families, families.type === GAUGE_HISTOGRAM ? 'gauge' : 'unknown');
    if (!histogram) {
      this.#page.inconsistent++;
      return;
    }
    const place = found < 0 ? NONE : before.keys.histogram[found]!;
    keys.histogram[metric] = histograms.length;
    histograms.push({
      series:
        place >= 0
          ? before.histograms[place]!.series
          : reader.series({ labels: () => labelsOf(families, '', '', '') }),
      histogram,
      timestamp: families.timestamp,
      start: families.start,
      exemplars: histogramExemplars(families),
    });
  }

  #floats(
    families: MetricFamilyReader,
    kind: Kind,
    before: PageOfMetrics,
    found: number,
    reader: PageReader,
  ): void {
    const { columns } = this.#page;
    const { timestamp, start, type, parts, bounds, values } = families;
    let line = found < 0 ? NONE : before.keys.firstLine[found]!;
    const add = (value: number, suffix: string, bound: string, at: number): number => {
      const series =
        line >= 0
          ? before.columns.series[line++]!
          : reader.series({ labels: () => labelsOf(families, suffix, bound, formatBound(at)) });
      return columns.add(series, value, timestamp, start);
    };
    const hasExemplars = kind.histogram === 'none';
    if (type === SUMMARY) {
      add(families.count, '_count', '', 0);
      add(families.sum, '_sum', '', 0);
      for (let i = 0; i < parts; i++) add(values[i]!, '', 'quantile', bounds[i]!);
    } else if (type === HISTOGRAM || type === GAUGE_HISTOGRAM) {
      add(families.count, '_count', '', 0);
      add(families.sum, '_sum', '', 0);
      let hasInfinity = false;
      for (let i = 0; i < parts && !hasInfinity; i++) {
        const lineBefore = line;
        const added = add(values[i]!, '_bucket', 'le', bounds[i]!);
        if (hasExemplars) this.#exemplar(families, 2 * i, added, lineBefore, reader);
        hasInfinity = bounds[i] === Number.POSITIVE_INFINITY;
      }
      if (!hasInfinity) add(families.count, '_bucket', 'le', Number.POSITIVE_INFINITY);
    } else {
      const lineBefore = line;
      const added = add(families.value, '', '', 0);
      if (type === COUNTER) this.#exemplar(families, 0, added, lineBefore, reader);
    }
  }

  /** Tells an exemplar that the line had not before. */
  #exemplar(
    families: MetricFamilyReader,
    at: number,
    line: number,
    lineBefore: number,
    reader: PageReader,
  ): void {
    const from = families.exemplarRanges[at]!;
    const to = families.exemplarRanges[at + 1]!;
    if (to === from) return;
    const hash = hashBytes(families.bytes, from, to, this.#seed) || 1;
    this.#page.columns.exemplarHash[line] = hash;
    if (lineBefore >= 0 && this.#before.columns.exemplarHash[lineBefore] === hash) return;
    reader.exemplar(line, { exemplar: () => families.exemplar(from, to) });
  }
}

/** Which samples a metric gives. */
interface Kind {
  /** Stands in the key: metrics of different kinds have different series. */
  readonly mark: number;
  readonly hasFloats: boolean;
  readonly histogram: 'none' | 'native' | 'custom';
}

const SIMPLE: Kind = { mark: 0, hasFloats: true, histogram: 'none' };
const SUMMED: Kind = { mark: 5, hasFloats: true, histogram: 'none' };
const CLASSIC: Kind = { mark: 6, hasFloats: true, histogram: 'none' };
const NATIVE: Kind = { mark: 1, hasFloats: false, histogram: 'native' };
const NATIVE_AND_CLASSIC: Kind = { mark: 2, hasFloats: true, histogram: 'native' };
const CUSTOM: Kind = { mark: 3, hasFloats: false, histogram: 'custom' };
const CUSTOM_AND_CLASSIC: Kind = { mark: 4, hasFloats: true, histogram: 'custom' };

function tell(reader: PageReader, families: MetricFamilyReader): void {
  reader.help(families.family, families.help);
  reader.type(families.family, METRIC_TYPES[families.type]!);
  if (families.unit !== '') reader.unit(families.family, families.unit);
}

function labelsOf(families: MetricFamilyReader, suffix: string, bound: string, value: string): string[] {
  const flat = [METRIC_NAME, families.family + suffix, ...families.labels()];
  if (bound !== '') flat.push(bound, value);
  return flat;
}

/** Those of a native histogram need timestamps, and are those of its buckets when it has none of its own. */
function histogramExemplars(families: MetricFamilyReader): readonly WrittenExemplar[] {
  const { nativeExemplars, nativeExemplarRanges, exemplarRanges, parts, isNative } = families;
  const exemplars: WrittenExemplar[] = [];
  const isOwn = isNative && nativeExemplars > 0;
  const ranges = isOwn ? nativeExemplarRanges : exemplarRanges;
  const count = isOwn ? nativeExemplars : 2 * parts;
  for (let i = 0; i < count; i += 2) {
    if (ranges[i] === ranges[i + 1]) continue;
    const exemplar = families.exemplar(ranges[i]!, ranges[i + 1]!);
    if (!Number.isNaN(exemplar.timestamp)) exemplars.push(exemplar);
  }
  return exemplars.sort((a, b) => a.timestamp - b.timestamp);
}

/** A page as it was read. */
class PageOfMetrics {
  readonly columns = new SampleColumns();
  readonly keys = new MetricKeys();
  histograms: PageHistogram[] = [];
  inconsistent = 0;

  clear(): void {
    this.columns.clear();
    this.keys.clear();
    this.histograms = [];
    this.inconsistent = 0;
  }
}
