import { Buffer } from 'node:buffer';
import { expositionErrorAt } from './exposition-error.ts';
import { DecimalReader, parseDecimal } from './number.ts';
import { type EntryKind, type ExpositionParser, METRIC_TYPES, type WrittenExemplar } from './parser.ts';
import { commentText, found, SeriesReader, textOf, unescapeLabel } from './series-reader.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const HASH = 0x23;
const OPEN = 0x7b;
const QUOTE = 0x22;
const MS_PER_SECOND = 1000;

/**
 * Parser of OpenMetrics text, versions 0.0.1 and 1.0.0, as strict as upstream's: one blank between parts, no empty lines, `# EOF` at
 * the end. Timestamps, written in seconds, come in ms. `_created` is a series like any other here.
 */
export class OpenMetricsParser implements ExpositionParser {
  position = 0;
  keyFrom = 0;
  keyTo = 0;
  valueFrom = 0;
  lineEnd = 0;
  value = 0;
  timestamp = Number.NaN;
  hasExemplar = false;
  type = 0;
  family = '';
  text = '';
  readonly #bytes: Buffer;
  readonly #series: SeriesReader;
  readonly #exemplar: SeriesReader;
  readonly #decimal = new DecimalReader();
  #hasNulInComment = false;
  #exemplarValue = 0;
  #exemplarTimestamp = Number.NaN;

  constructor(page: Uint8Array) {
    this.#bytes = Buffer.from(page.buffer, page.byteOffset, page.length);
    const grammar = { blanks: false, commasRequired: true };
    this.#series = new SeriesReader(this.#bytes, { ...grammar, nulInValues: true });
    this.#exemplar = new SeriesReader(this.#bytes, { ...grammar, nulInValues: false });
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
    const from = this.position;
    if (from >= bytes.length) throw this.#withoutEnd();
    if (bytes[from] !== HASH) {
      this.#sample(from);
      return 'sample';
    }
    if (bytes.toString('latin1', from, from + 5) === '# EOF') {
      const rest = bytes[from + 5] === NEWLINE ? from + 6 : from + 5;
      if (rest < bytes.length)
        throw expositionErrorAt(bytes, rest, `expected nothing after "# EOF", ${found(bytes, rest)}`);
      this.position = rest;
      return 'end';
    }
    return this.#metadata(from);
  }

  labels(): string[] {
    return this.#series.labels(this.type);
  }

  exemplar(): WrittenExemplar {
    const labels = this.#exemplar.labels(0).slice(2);
    return { labels, value: this.#exemplarValue, timestamp: this.#exemplarTimestamp };
  }

  #sample(from: number): void {
    const bytes = this.#bytes;
    this.keyFrom = from;
    this.keyTo = this.#series.read(from);
    this.valueFrom = this.#afterBlank(this.keyTo, 'a value');
    let end = this.#wordEnd(this.valueFrom);
    this.value = this.#number(this.valueFrom, end, 'a value');
    this.timestamp = Number.NaN;
    if (bytes[end] === SPACE && bytes[end + 1] !== HASH) {
      const wordFrom = end + 1;
      end = this.#wordEnd(wordFrom);
      this.timestamp = this.#milliseconds(wordFrom, end);
    }
    this.hasExemplar = bytes[end] === SPACE;
    if (this.hasExemplar) end = this.#exemplarEnd(end + 1);
    this.lineEnd = end;
    this.position = this.#afterNewline(end);
  }

  /** Reads an exemplar, `# {labels} value timestamp`. */
  #exemplarEnd(from: number): number {
    const bytes = this.#bytes;
    if (bytes[from] !== HASH || bytes[from + 1] !== SPACE || bytes[from + 2] !== OPEN) {
      throw expositionErrorAt(
        bytes,
        from,
        `expected an exemplar or the end of the line, ${found(bytes, from)}`,
      );
    }
    const valueFrom = this.#afterBlank(this.#exemplar.labelsEnd(from + 2), 'the value of the exemplar');
    let end = this.#wordEnd(valueFrom);
    this.#exemplarValue = this.#number(valueFrom, end, 'the value of the exemplar');
    this.#exemplarTimestamp = Number.NaN;
    if (bytes[end] === SPACE) {
      const timestampFrom = end + 1;
      end = this.#wordEnd(timestampFrom);
      this.#exemplarTimestamp = this.#milliseconds(timestampFrom, end);
    }
    return end;
  }

  #metadata(from: number): 'help' | 'type' | 'unit' {
    const bytes = this.#bytes;
    const keyword = bytes.toString('latin1', from, from + 7);
    if (keyword !== '# HELP ' && keyword !== '# TYPE ' && keyword !== '# UNIT ') {
      throw expositionErrorAt(bytes, from, `expected # HELP, # TYPE, # UNIT or # EOF, ${found(bytes, from)}`);
    }
    const nameFrom = from + keyword.length;
    const quoted = bytes[nameFrom] === QUOTE ? 1 : 0;
    const nameTo = this.#series.familyEnd(nameFrom);
    if (nameTo === nameFrom) {
      throw expositionErrorAt(bytes, nameFrom, `expected a metric name, ${found(bytes, nameFrom)}`);
    }
    this.family = unescapeLabel(textOf(bytes, nameFrom + quoted, nameTo - quoted));
    const textFrom = this.#afterBlank(nameTo, 'the text');
    const newline = bytes.indexOf(NEWLINE, textFrom);
    if (newline < 0) throw this.#withoutEnd();
    const text = commentText(bytes, textFrom, newline);
    this.#hasNulInComment ||= text.includes('\0');
    this.position = newline + 1;
    if (keyword === '# TYPE ') {
      const type = (METRIC_TYPES as readonly string[]).indexOf(text);
      if (type < 0) {
        const expected = METRIC_TYPES.join(', ');
        const problem = `expected a metric type (${expected}), found ${JSON.stringify(text.slice(0, 40))}`;
        throw expositionErrorAt(bytes, textFrom, problem);
      }
      this.type = type;
      return 'type';
    }
    this.text = unescapeLabel(text);
    if (keyword === '# HELP ') return 'help';
    if (text !== '' && !this.family.endsWith(`_${text}`)) {
      const problem = `expected a unit that ends the metric name ${JSON.stringify(this.family)}, found ${JSON.stringify(text)}`;
      throw expositionErrorAt(bytes, textFrom, problem);
    }
    return 'unit';
  }

  #afterBlank(at: number, what: string): number {
    const bytes = this.#bytes;
    if (bytes[at] === SPACE) return at + 1;
    throw expositionErrorAt(bytes, at, `expected a blank and ${what}, ${found(bytes, at)}`);
  }

  #afterNewline(at: number): number {
    const bytes = this.#bytes;
    if (bytes[at] === NEWLINE) return at + 1;
    if (at >= bytes.length) throw this.#withoutEnd();
    throw expositionErrorAt(bytes, at, `expected the end of the line, ${found(bytes, at)}`);
  }

  #wordEnd(from: number): number {
    const bytes = this.#bytes;
    let i = from;
    while (i < bytes.length && bytes[i] !== SPACE && bytes[i] !== NEWLINE) i++;
    return i;
  }

  #number(from: number, to: number, what: string): number {
    const bytes = this.#bytes;
    const fast = this.#decimal.read(bytes, from);
    if (!Number.isNaN(fast) && this.#decimal.end === to) return fast;
    const value = parseDecimal(bytes.toString('latin1', from, to));
    if (typeof value === 'number') return value;
    throw expositionErrorAt(bytes, from, `expected ${what}, ${found(bytes, from)}: ${value}`);
  }

  #milliseconds(from: number, to: number): number {
    const ms = Math.trunc(this.#number(from, to, 'a timestamp') * MS_PER_SECOND);
    if (Number.isSafeInteger(ms)) return ms;
    const problem = `expected a timestamp in seconds, ${found(this.#bytes, from)}`;
    throw expositionErrorAt(this.#bytes, from, problem);
  }

  #withoutEnd(): Error {
    return expositionErrorAt(this.#bytes, this.#bytes.length, 'data does not end with # EOF');
  }
}
