import { Buffer } from 'node:buffer';
import { expositionErrorAt } from './exposition-error.ts';
import { DecimalReader, parseDecimal } from './number.ts';
import { type EntryKind, type ExpositionParser, METRIC_TYPES } from './parser.ts';
import { commentText, found, SeriesReader, skipBlanks, textOf, unescapeLabel } from './series-reader.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const HASH = 0x23;
const QUOTE = 0x22;
const OPEN = 0x7b;
const ZERO = 0x30;
const NINE = 0x39;

const TEXT_TYPES: Readonly<Record<string, number>> = {
  counter: METRIC_TYPES.indexOf('counter'),
  gauge: METRIC_TYPES.indexOf('gauge'),
  histogram: METRIC_TYPES.indexOf('histogram'),
  summary: METRIC_TYPES.indexOf('summary'),
  untyped: METRIC_TYPES.indexOf('unknown'),
};

/**
 * Parser of the Prometheus text format, versions 0.0.4 and 1.0.0, as strict and as lenient as upstream's, with one exception:
 * a NUL byte outside of label values and comments, at which upstream takes the page to be over, is an error.
 */
export class TextParser implements ExpositionParser {
  position = 0;
  keyFrom = 0;
  keyTo = 0;
  valueFrom = 0;
  lineEnd = 0;
  value = 0;
  timestamp = Number.NaN;
  readonly hasExemplar = false;
  type = 0;
  family = '';
  text = '';
  readonly #bytes: Buffer;
  readonly #series: SeriesReader;
  readonly #decimal = new DecimalReader();
  #hasNulInComment = false;

  constructor(page: Uint8Array) {
    this.#bytes = Buffer.from(page.buffer, page.byteOffset, page.length);
    this.#series = new SeriesReader(this.#bytes, { blanks: true, commasRequired: false, nulInValues: true });
  }

  get hasNul(): boolean {
    return this.#hasNulInComment || this.#series.hasNul;
  }

  seek(position: number, type: number): void {
    this.position = position;
    this.type = type;
  }

  next(): EntryKind {
    const bytes = this.#bytes;
    for (;;) {
      const from = skipBlanks(bytes, this.position);
      const byte = bytes[from];
      if (byte === undefined) {
        this.position = from;
        return 'end';
      }
      if (byte === NEWLINE) {
        this.position = from + 1;
      } else if (byte === HASH) {
        const kind = this.#comment(from);
        if (kind) return kind;
      } else {
        this.#sample(from);
        return 'sample';
      }
    }
  }

  labels(): string[] {
    return this.#series.labels(this.type);
  }

  exemplar(): never {
    throw new Error('the text format has no exemplars');
  }

  #sample(from: number): void {
    const bytes = this.#bytes;
    this.keyFrom = from;
    this.keyTo = this.#series.read(from);
    this.valueFrom = skipBlanks(bytes, this.keyTo);
    let i = this.valueFrom;
    while (
      i < bytes.length &&
      bytes[i] !== NEWLINE &&
      bytes[i] !== SPACE &&
      bytes[i] !== TAB &&
      bytes[i] !== OPEN
    )
      i++;
    if (i === this.valueFrom) {
      throw expositionErrorAt(bytes, i, `expected a value after the series, ${found(bytes, i)}`);
    }
    this.value = this.#number(this.valueFrom, i);
    i = skipBlanks(bytes, i);
    this.timestamp = Number.NaN;
    if (i < bytes.length && bytes[i] !== NEWLINE) {
      const timestampFrom = i;
      while (bytes[i]! >= ZERO && bytes[i]! <= NINE) i++;
      if (i === timestampFrom) {
        throw expositionErrorAt(bytes, i, `expected a timestamp or the end of the line, ${found(bytes, i)}`);
      }
      this.timestamp = Number(bytes.toString('latin1', timestampFrom, i));
      if (this.timestamp > Number.MAX_SAFE_INTEGER) {
        throw expositionErrorAt(
          bytes,
          timestampFrom,
          'expected a timestamp in milliseconds, found one out of range',
        );
      }
      i = skipBlanks(bytes, i);
      if (i < bytes.length && bytes[i] !== NEWLINE) {
        throw expositionErrorAt(
          bytes,
          i,
          `expected the end of the line after the timestamp, ${found(bytes, i)}`,
        );
      }
    }
    this.lineEnd = i;
    this.position = Math.min(i + 1, bytes.length);
  }

  #number(from: number, to: number): number {
    const bytes = this.#bytes;
    const fast = this.#decimal.read(bytes, from);
    if (!Number.isNaN(fast) && this.#decimal.end === to) return fast;
    const value = parseDecimal(bytes.toString('latin1', from, to));
    if (typeof value === 'number') return value;
    throw expositionErrorAt(bytes, from, `expected a value, ${found(bytes, from)}: ${value}`);
  }

  /** Reads a line that starts with `#`; nothing for a mere comment. */
  #comment(from: number): 'help' | 'type' | undefined {
    const bytes = this.#bytes;
    const end = bytes.indexOf(NEWLINE, from);
    const lineEnd = end < 0 ? bytes.length : end;
    this.position = Math.min(lineEnd + 1, bytes.length);
    this.#hasNulInComment ||= bytes.subarray(from, lineEnd).includes(0);
    const word = skipBlanks(bytes, from + 1);
    const blank = bytes[word + 4];
    const keyword = bytes.toString('latin1', word, word + 4);
    const isMetadata = keyword === 'HELP' || keyword === 'TYPE';
    if (word === from + 1 || !isMetadata || (blank !== SPACE && blank !== TAB)) return undefined;
    const nameFrom = skipBlanks(bytes, word + 4);
    const nameTo = this.#series.familyEnd(nameFrom);
    if (nameTo === nameFrom || nameTo > lineEnd) {
      throw expositionErrorAt(
        bytes,
        nameFrom,
        `expected a metric name after ${keyword}, ${found(bytes, nameFrom)}`,
      );
    }
    const quoted = bytes[nameFrom] === QUOTE ? 1 : 0;
    this.family = unescapeLabel(textOf(bytes, nameFrom + quoted, nameTo - quoted));
    const textFrom = skipBlanks(bytes, nameTo) >= lineEnd ? lineEnd : nameTo + 1;
    const text = commentText(bytes, textFrom, lineEnd);
    if (keyword === 'HELP') {
      this.text = text.includes('\\')
        ? text.replace(/\\([\\n])/g, (_, c: string) => (c === 'n' ? '\n' : c))
        : text;
      return 'help';
    }
    const type = Object.hasOwn(TEXT_TYPES, text) ? TEXT_TYPES[text] : undefined;
    if (type === undefined) {
      const expected = Object.keys(TEXT_TYPES).join(', ');
      throw expositionErrorAt(
        bytes,
        textFrom,
        `expected a metric type (${expected}), found ${JSON.stringify(text.slice(0, 40))}`,
      );
    }
    this.type = type;
    return 'type';
  }
}
