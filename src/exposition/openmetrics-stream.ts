import { ExpositionError } from './exposition-error.ts';
import { DecimalReader, POWERS } from './number.ts';
import { OpenMetricsParser } from './open-metrics-parser.ts';
import { SeriesTexts } from './series-texts.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const DOT = 0x2e;
const ZERO = 0x30;
const MINUS = 0x2d;

/** Digits of which any mantissa is exact in a double. */
const EXACT_DIGITS = 15;
const MS_PER_SECOND = 1000;
/** A time like `1767225600.101`: the first eight digits seldom change. */
const PREFIX_TIME_BYTES = 14;
/** Samples handed on at a time. */
const RUN_SAMPLES = 1024;

/** A good length for windows, and so the longest line, bytes: it stays in the processor's cache. */
export const STREAM_WINDOW_BYTES = 256 * 1024;

/** Gets what a stream holds, in its order. */
export interface OpenMetricsSink {
  /**
   * A series as it is written for the first time: name and value in turn, the metric name first, in the order written. Gives its number;
   * the same one when another spelling of the series came before.
   */
  series(labels: readonly string[]): number;
  /**
   * Samples of one series from consecutive lines, the last one being `line` of the stream: `count` of them at the front of the arrays, which are
   * reused. Unix ms as upstream reads seconds: what is below a millisecond is cut off.
   */
  samples(series: number, timestamps: Float64Array, values: Float64Array, count: number): void;
  /** An exemplar was read with the last sample, and passed over. */
  exemplar?(): void;
  type(family: string, type: number): void;
  help(family: string, text: string): void;
  unit(family: string, text: string): void;
}

/**
 * Reads OpenMetrics text of any length piece by piece, every sample with its timestamp. As strict as `OpenMetricsParser`, which reads each
 * line that is not what was expected; expected is that a series comes after the one it came after before, with plain decimal numbers.
 */
export class OpenMetricsStream {
  /** Number of the line that was read last, from 1. */
  line = 0;
  /** Whether `# EOF` was read. */
  isEnded = false;
  readonly #sink: OpenMetricsSink;
  readonly #texts = new SeriesTexts();
  #last = 0;
  #type = 0;
  #window: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#window.buffer);
  readonly #decimal = new DecimalReader();
  readonly #timestamps = new Float64Array(RUN_SAMPLES);
  readonly #values = new Float64Array(RUN_SAMPLES);
  /** First eight digits of the last timestamp: as they are written, read as a double, and what they come to, ms. */
  #prefix = Number.NaN;
  #prefixValue = 0;

  constructor(sink: OpenMetricsSink) {
    this.#sink = sink;
  }

  /**
   * Reads the whole lines of window[0, length) and gives the number of bytes read; the rest is to be handed in again with what follows
   * it, at the front of the same window. A line must fit into the window. `isLast` says that nothing does.
   * @throws ExpositionError with the line of the file; what the sink throws comes through, `line` says where
   */
  read(window: Uint8Array, length: number, isLast: boolean): number {
    if (this.isEnded && length > 0) {
      throw new ExpositionError(this.line + 1, 1, 'expected nothing after "# EOF", found more');
    }
    const end = isLast ? length : window.lastIndexOf(NEWLINE, length - 1) + 1;
    if (end === 0 && length === window.length && length > 0) {
      throw new ExpositionError(
        this.line + 1,
        1,
        `expected a line of less than ${window.length} bytes, found a longer one`,
      );
    }
    if (end > 0) this.#lines(window, end);
    if (isLast && !this.isEnded) {
      throw new ExpositionError(this.line + 1, 1, 'expected "# EOF", found the end of the file');
    }
    return end;
  }

  #lines(window: Uint8Array, end: number): void {
    if (window.buffer !== this.#window.buffer || window.byteOffset !== this.#window.byteOffset) {
      this.#view = new DataView(window.buffer, window.byteOffset);
    }
    this.#window = window;
    const before = this.line;
    const parser = new OpenMetricsParser(window.subarray(0, end));
    // A last line without a newline is no business of the fast path, whose numbers end at one.
    const wholeEnd = window[end - 1] === NEWLINE ? end : window.lastIndexOf(NEWLINE, end - 1) + 1;
    let at = 0;
    while (at < end) {
      if (at < wholeEnd) at = this.#expected(at, wholeEnd);
      if (at < end) at = this.#unexpected(parser, at, before);
    }
  }

  /**
   * Reads lines as long as they are as expected; gives where the first one starts that is not. All in one function: a number handed from
   * one to another would be an object.
   */
  #expected(from: number, end: number): number {
    const texts = this.#texts;
    if (texts.count === 0) return from;
    const window = this.#window;
    const view = this.#view;
    const timestamps = this.#timestamps;
    const values = this.#values;
    const { next, lengths } = texts;
    const before = this.line;
    let prefix = this.#prefix;
    let prefixValue = this.#prefixValue;
    let last = this.#last;
    let lines = 0;
    let count = 0;
    let at = from;
    while (at < end) {
      const text = next[last]!;
      const keyTo = at + lengths[text]!;
      // The shortest rest of a line is " 1 1\n".
      if (keyTo + 5 > end || window[keyTo] !== SPACE || !texts.matches(text, view, at)) break;

      let i = keyTo + 1;
      const isNegative = window[i] === MINUS;
      if (isNegative) i++;
      let high = 0;
      let low = 0;
      let digits = 0;
      let point = 0;
      for (;;) {
        const digit = window[i]! - ZERO;
        if (digit >>> 0 > 9) {
          if (window[i] !== DOT || point !== 0) break;
          point = ++i;
          continue;
        }
        low = (Math.imul(low, 10) + digit) | 0;
        i++;
        if (++digits === 9) {
          high = low;
          low = 0;
        }
      }
      if (digits === 0 || window[i] !== SPACE) break;
      let value: number;
      if (digits > EXACT_DIGITS) {
        value = this.#longValue(keyTo + 1, i);
        if (Number.isNaN(value)) break;
      } else {
        value = digits < 9 ? low : high * POWERS[digits - 9]! + low;
        if (point !== 0) value /= POWERS[i - point]!;
        if (isNegative) value = -value;
      }

      const timeFrom = i + 1;
      let timestamp: number;
      let lineEnd = timeFrom + PREFIX_TIME_BYTES;
      if (lineEnd < end && view.getFloat64(timeFrom, true) === prefix && isRest(window, timeFrom + 8)) {
        const d0 = window[timeFrom + 8]! - ZERO;
        const d1 = window[timeFrom + 9]! - ZERO;
        const d2 = window[timeFrom + 11]! - ZERO;
        const d3 = window[timeFrom + 12]! - ZERO;
        const d4 = window[timeFrom + 13]! - ZERO;
        const ms = prefixValue + (d0 * 10_000 + d1 * 1000 + d2 * 100 + d3 * 10 + d4);
        timestamp = Math.trunc((ms / MS_PER_SECOND) * MS_PER_SECOND);
      } else {
        timestamp = this.#timestamp(timeFrom);
        lineEnd = this.#decimal.end;
        prefix = this.#prefix;
        prefixValue = this.#prefixValue;
        if (Number.isNaN(timestamp) || lineEnd >= end || window[lineEnd] !== NEWLINE) break;
      }

      if (count > 0 && (text !== last || count === RUN_SAMPLES)) {
        this.line = before + lines;
        this.#sink.samples(texts.series[last]!, timestamps, values, count);
        count = 0;
      }
      timestamps[count] = timestamp;
      values[count] = value;
      count++;
      lines++;
      last = text;
      at = lineEnd + 1;
    }
    this.line = before + lines;
    this.#last = last;
    if (count > 0) this.#sink.samples(texts.series[last]!, timestamps, values, count);
    return at;
  }

  /** Reads one line whatever it is; gives where it ends. */
  #unexpected(parser: OpenMetricsParser, at: number, linesBefore: number): number {
    parser.seek(at, this.#type);
    const kind = this.#entry(parser, linesBefore);
    this.line++;
    switch (kind) {
      case 'sample':
        this.#sample(parser, at);
        break;
      case 'type':
        this.#type = parser.type;
        this.#sink.type(parser.family, parser.type);
        break;
      case 'help':
        this.#sink.help(parser.family, parser.text);
        break;
      case 'unit':
        this.#sink.unit(parser.family, parser.text);
        break;
      case 'end':
        this.isEnded = true;
        break;
    }
    return parser.position;
  }

  #entry(parser: OpenMetricsParser, linesBefore: number): ReturnType<OpenMetricsParser['next']> {
    try {
      return parser.next();
    } catch (error) {
      if (!(error instanceof ExpositionError)) throw error;
      throw new ExpositionError(linesBefore + error.line, error.column, error.problem);
    }
  }

  #sample(parser: OpenMetricsParser, at: number): void {
    if (Number.isNaN(parser.timestamp)) {
      const column = parser.lineEnd - at + 1;
      throw new ExpositionError(this.line, column, 'expected a timestamp, found the end of the line');
    }
    const texts = this.#texts;
    let text = texts.find(this.#window, parser.keyFrom, parser.keyTo);
    if (text < 0) {
      const series = this.#sink.series(parser.labels());
      text = texts.add(this.#window, parser.keyFrom, parser.keyTo, series);
    }
    texts.next[this.#last] = text;
    this.#last = text;
    this.#timestamps[0] = parser.timestamp;
    this.#values[0] = parser.value;
    this.#sink.samples(texts.series[text]!, this.#timestamps, this.#values, 1);
    if (parser.hasExemplar) this.#sink.exemplar?.();
  }

  /** A plain decimal of more digits than are exact one by one. */
  #longValue(from: number, to: number): number {
    let text = '';
    for (let i = from; i < to; i++) text += String.fromCharCode(this.#window[i]!);
    const value = Number(text);
    return Number.isFinite(value) ? value : Number.NaN;
  }

  /** Any plain decimal, in seconds; NaN for anything else. Where it ended the reader of decimals knows. */
  #timestamp(from: number): number {
    const window = this.#window;
    const value = this.#decimal.read(window, from);
    if (value >= 1e9 && value < 1e10 && window[from] !== ZERO && window[from + 10] === DOT) {
      this.#prefix = this.#view.getFloat64(from, true);
      this.#prefixValue = Math.floor(value / 100) * 1e5;
    }
    const ms = Math.trunc(value * MS_PER_SECOND);
    return Number.isSafeInteger(ms) ? ms : Number.NaN;
  }
}

/** Whether `01.234` and a newline stand there, in any digits. */
function isRest(window: Uint8Array, at: number): boolean {
  return (
    window[at + 2] === DOT &&
    window[at + 6] === NEWLINE &&
    (window[at]! - ZERO) >>> 0 <= 9 &&
    (window[at + 1]! - ZERO) >>> 0 <= 9 &&
    (window[at + 3]! - ZERO) >>> 0 <= 9 &&
    (window[at + 4]! - ZERO) >>> 0 <= 9 &&
    (window[at + 5]! - ZERO) >>> 0 <= 9
  );
}
