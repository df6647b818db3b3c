import { customBuckets } from '../exposition/custom-buckets.ts';
import { parseDecimal } from '../exposition/number.ts';
import { METRIC_TYPES, type WrittenExemplar } from '../exposition/parser.ts';
import { SeriesReader } from '../exposition/series-reader.ts';
import type { Histogram } from '../model/histogram.ts';
import { METRIC_NAME, textsKey } from '../model/labels.ts';
import type { PageParser, PageReader } from './page.ts';
import type { PageHistogram } from './page-samples.ts';
import { CONVERTED } from './series-ids.ts';

const COUNTER = METRIC_TYPES.indexOf('counter');
const HISTOGRAM = METRIC_TYPES.indexOf('histogram');
const SUMMARY = METRIC_TYPES.indexOf('summary');

const CREATED = '_created';
const NONE = -1;
const LINES_PER_SLICE_CHECK = 256;
const NO_EXEMPLARS: readonly WrittenExemplar[] = [];

/** What becomes of the lines of a text page that belong together. */
export interface GroupRules {
  readonly always_scrape_classic_histograms: boolean;
  readonly convert_classic_histograms_to_nhcb: boolean;
}

/** Lines of one classic histogram that follow each other. */
interface Run {
  readonly key: string;
  readonly from: number;
  to: number;
  /** Line of `_count` and of `_sum`, or -1. */
  countLine: number;
  sumLine: number;
  readonly bounds: number[];
  readonly bucketLines: number[];
  readonly labels: readonly string[];
  /** What it came to last, once it did. */
  sample: PageHistogram | undefined;
}

/** A line as part of a metric. */
interface Part {
  /** Of the metric: its name and its labels but for the bound. */
  readonly key: string;
  readonly suffix: string;
  readonly bound: string | undefined;
  readonly labels: string[];
}

/**
 * What lines of a text page say together: `_created` says when the samples beside it began, and the lines of a classic histogram are
 * a native one with custom buckets, where a job wants that. Which lines belong together is found out when the shape of the page changes.
 */
export class PageGroups {
  /** Native histograms of the page that was read last. */
  histograms: PageHistogram[] = [];
  /** Classic histograms that contradict themselves, on that page. */
  inconsistent = 0;
  readonly #rules: GroupRules;
  /** For each line the one that says when it began, or -1. */
  #createdLine: Int32Array | undefined;
  #runs: Run[] = [];
  /** For each line the run that it is part of, or -1. */
  #runOfLine: Int32Array | undefined;

  constructor(rules: GroupRules) {
    this.#rules = rules;
  }

  reset(): void {
    this.histograms = [];
    this.#createdLine = undefined;
    this.#runs = [];
    this.#runOfLine = undefined;
  }

  /** Finds out which lines belong together, if any do; to be called for a page of a new shape. Yields when `sliceOver` says so. */
  *link(page: PageParser, isOpenMetrics: boolean, sliceOver: () => boolean): Generator<void, void> {
    const before = new Map(this.#runs.map((run) => [run.key, run]));
    this.reset();
    const bytes = Buffer.from(page.bytes.buffer, page.bytes.byteOffset, page.bytes.length);
    const hasCreated = isOpenMetrics && bytes.includes(CREATED);
    const converts = this.#rules.convert_classic_histograms_to_nhcb;
    if (!hasCreated && !converts) return;
    const { columns } = page;
    const { count } = columns;
    const series = new SeriesReader(bytes, {
      blanks: !isOpenMetrics,
      commasRequired: isOpenMetrics,
      nulInValues: true,
    });
    const created = hasCreated ? new Int32Array(count).fill(NONE) : undefined;
    const runOfLine = converts ? new Int32Array(count).fill(NONE) : undefined;
    /** Lines of each metric since the name changed, that still lack their beginning. */
    let waiting = new Map<string, number[]>();
    let waitingFor = '';
    let run: Run | undefined;
    let lineFrom = 0;
    for (let line = 0; line < count; line++) {
      const type = columns.typeOf(line);
      const keyFrom = lineFrom + columns.keyOffset[line]!;
      lineFrom += columns.length[line]! + 1;
      if (line % LINES_PER_SLICE_CHECK === LINES_PER_SLICE_CHECK - 1 && sliceOver()) yield;
      if (type !== COUNTER && type !== HISTOGRAM && type !== SUMMARY) {
        run = undefined;
        continue;
      }
      series.read(keyFrom);
      const part = partOf(series.labels(type), type);
      if (created) {
        const family = part.labels[1]!;
        if (family !== waitingFor) {
          waiting = new Map();
          waitingFor = family;
        }
        if (part.suffix === CREATED) {
          for (const other of waiting.get(part.key) ?? []) created[other] = line;
          waiting.delete(part.key);
        } else {
          const lines = waiting.get(part.key);
          if (lines) lines.push(line);
          else waiting.set(part.key, [line]);
        }
      }
      if (!runOfLine) continue;
      if (type !== HISTOGRAM || !isHistogramPart(part)) {
        run = undefined;
        continue;
      }
      if (run?.key !== part.key) {
        run = newRun(part, line, before.get(part.key));
        before.delete(part.key);
        this.#runs.push(run);
      }
      addToRun(run, part, line);
    }
    this.#createdLine = created;
    if (!runOfLine) return;
    this.#runOfLine = runOfLine;
    // Without buckets it only looks like a histogram.
    this.#runs = this.#runs.filter(({ bucketLines }) => bucketLines.length > 0);
    for (const [i, { from, to }] of this.#runs.entries()) runOfLine.fill(i, from, to);
    if (this.#rules.always_scrape_classic_histograms) return;
    for (const { from, to } of this.#runs) columns.series.fill(CONVERTED, from, to);
  }

  /**
   * Reads what the lines of the page say together.
   * @param exemplars those of the page; those of converted histograms are taken out
   */
  read(page: PageParser, reader: PageReader, exemplars: LineExemplar[]): LineExemplar[] {
    const { columns } = page;
    const created = this.#createdLine;
    if (created) {
      columns.start ??= new Float64Array(columns.series.length);
      if (columns.start.length < columns.count) columns.start = new Float64Array(columns.series.length);
      for (let line = 0; line < columns.count; line++) {
        const from = created[line]!;
        columns.start[line] = from < 0 ? 0 : Math.trunc(columns.value[from]! * 1000) || 0;
      }
    } else columns.start = undefined;
    this.histograms = [];
    this.inconsistent = 0;
    const runOfLine = this.#runOfLine;
    if (!runOfLine) return exemplars;
    const left: LineExemplar[] = [];
    const taken = new Map<number, WrittenExemplar[]>();
    for (const one of exemplars) {
      const run = runOfLine[one.line]!;
      if (run < 0) left.push(one);
      else if (!Number.isNaN(one.exemplar.timestamp))
        taken.set(run, [...(taken.get(run) ?? []), one.exemplar]);
    }
    this.#runs.forEach((run, i) => {
      const histogram = histogramOf(run, columns.value);
      if (!histogram) {
        this.inconsistent++;
        return;
      }
      run.sample = {
        series: run.sample?.series ?? reader.series({ labels: () => [...run.labels] }),
        histogram,
        timestamp: columns.timestamp?.[run.from] ?? Number.NaN,
        start: columns.start?.[run.from] ?? 0,
        exemplars: taken.get(i)?.sort((a, b) => a.timestamp - b.timestamp) ?? NO_EXEMPLARS,
      };
      this.histograms.push(run.sample);
    });
    return left;
  }
}

/** The exemplar of a line. */
export interface LineExemplar {
  readonly line: number;
  readonly exemplar: WrittenExemplar;
}

/** Suffixes of the series of a metric, by its type. */
const SUFFIXES: Readonly<Record<number, readonly string[]>> = {
  [COUNTER]: ['_total', CREATED],
  [HISTOGRAM]: ['_bucket', '_count', '_sum', CREATED],
  [SUMMARY]: ['_count', '_sum', CREATED],
};

function partOf(flat: readonly string[], type: number): Part {
  const name = flat[1]!;
  const suffix = SUFFIXES[type]!.find((end) => name.endsWith(end)) ?? '';
  const boundLabel = type === HISTOGRAM ? 'le' : type === SUMMARY ? 'quantile' : '';
  const labels = [METRIC_NAME, name.slice(0, name.length - suffix.length)];
  let bound: string | undefined;
  for (let i = 2; i < flat.length; i += 2) {
    if (flat[i] === boundLabel) bound = flat[i + 1];
    else labels.push(flat[i]!, flat[i + 1]!);
  }
  return { key: textsKey(labels), suffix, bound, labels };
}

function isHistogramPart({ suffix, bound }: Part): boolean {
  if (suffix !== '_bucket') return suffix === '_count' || suffix === '_sum';
  return bound !== undefined && !Number.isNaN(boundOf(bound));
}

function boundOf(text: string): number {
  const bound = parseDecimal(text);
  return typeof bound === 'number' ? bound : Number.NaN;
}

function newRun({ key, labels }: Part, line: number, before: Run | undefined): Run {
  const { sample } = before ?? { sample: undefined };
  return {
    key,
    labels,
    from: line,
    to: line,
    countLine: NONE,
    sumLine: NONE,
    bounds: [],
    bucketLines: [],
    sample,
  };
}

function addToRun(run: Run, { suffix, bound }: Part, line: number): void {
  run.to = line + 1;
  if (suffix === '_count') run.countLine = line;
  else if (suffix === '_sum') run.sumLine = line;
  else {
    run.bounds.push(boundOf(bound!));
    run.bucketLines.push(line);
  }
}

function histogramOf(run: Run, value: Float64Array): Histogram | undefined {
  const { bounds, bucketLines, countLine, sumLine } = run;
  const values = bucketLines.map((line) => value[line]!);
  const count = countLine < 0 ? Number.NaN : value[countLine]!;
  const sum = sumLine < 0 ? 0 : value[sumLine]!;
  return customBuckets({ bounds, values, parts: bounds.length, count, sum }, 'unknown');
}
