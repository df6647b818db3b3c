import { type Buffer, isUtf8 } from 'node:buffer';
import { METRIC_NAME } from '../model/labels.ts';
import { expositionErrorAt } from './exposition-error.ts';
import { formatBound, parseDecimal } from './number.ts';
import { METRIC_TYPES } from './parser.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const OPEN = 0x7b;
const CLOSE = 0x7d;

/** Bytes of names: 1 may start a label name, 2 a metric name only (the colon), 4 may not start one (digits). */
const NAME_BYTES = nameBytes();
const LABEL_START = 1;
const COLON = 2;
const DIGIT = 4;
const METRIC_START = LABEL_START | COLON;

const NO_NAME = -1;

/** Longest series, name and labels as written, and longest text of a comment. One line is read in one go: it must not take long. */
export const MAX_LINE_BYTES = 64 * 1024;

/** How strict the text of a series is: OpenMetrics is, the Prometheus format is not. */
export interface SeriesGrammar {
  /** Whether blanks may stand around everything, and newlines in strings. */
  readonly blanks: boolean;
  readonly commasRequired: boolean;
  /** Whether values may hold NUL bytes; names may not. */
  readonly nulInValues: boolean;
}

/** Reads a series as written, `name{label="value"}` or `{"name", "label"="value"}`, and remembers where its parts are. */
export class SeriesReader {
  /** Whether any value read so far holds a NUL byte. */
  hasNul = false;
  readonly #bytes: Buffer;
  readonly #grammar: SeriesGrammar;
  /** From and to of the metric name, then of each label name and value, in turn. */
  #offsets: number[] = [];
  #count = 0;
  #from = 0;
  #limit = 0;

  constructor(bytes: Buffer, grammar: SeriesGrammar) {
    this.#bytes = bytes;
    this.#grammar = grammar;
  }

  /** Reads the series at `from`; gives its end. @throws ExpositionError */
  read(from: number): number {
    const bytes = this.#bytes;
    this.#count = 0;
    this.#startAt(from);
    if (bytes[from] === OPEN) {
      this.#note(NO_NAME, NO_NAME);
      const end = this.#braces(from + 1);
      if (this.#offsets[0] === NO_NAME) {
        throw expositionErrorAt(
          bytes,
          from,
          'expected a metric name in quotes inside the braces, found none',
        );
      }
      return end;
    }
    const nameTo = this.nameEnd(from, METRIC_START);
    if (nameTo === from) {
      throw expositionErrorAt(bytes, from, `expected a metric name or "{", ${found(bytes, from)}`);
    }
    this.#note(from, nameTo);
    const next = this.#skipBlanks(nameTo);
    return bytes[next] === OPEN ? this.#braces(next + 1) : nameTo;
  }

  /** End of the labels in braces at `from`, which name no metric. @throws ExpositionError */
  labelsEnd(from: number): number {
    this.#count = 0;
    this.#startAt(from);
    this.#note(from, from);
    return this.#braces(from + 1);
  }

  /** End of the metric name at `from`, in quotes or not, as comments have it; `from` itself when there is none. */
  familyEnd(from: number): number {
    this.#startAt(from);
    return this.#bytes[from] === QUOTE ? this.stringEnd(from) : this.nameEnd(from, METRIC_START);
  }

  /** End of the unquoted name at `from`; `from` itself when there is none. `start` says which kind. */
  nameEnd(from: number, start: number): number {
    const bytes = this.#bytes;
    let i = from;
    let allowed = start;
    while (i < this.#limit && (NAME_BYTES[bytes[i]!]! & allowed) !== 0) {
      allowed = start | DIGIT;
      i++;
    }
    if (i === this.#limit && i < bytes.length) throw this.#tooLong();
    return i;
  }

  /** End of the name in quotes at `from`, past its closing quote. @throws ExpositionError */
  stringEnd(from: number): number {
    return this.#stringEnd(from, false);
  }

  #stringEnd(from: number, mayHoldNul: boolean): number {
    const bytes = this.#bytes;
    for (let i = from + 1; i < this.#limit; i++) {
      const byte = bytes[i]!;
      if (byte === QUOTE) return i + 1;
      if (byte === BACKSLASH) {
        i++;
        // As upstream, which skips NUL bytes as it reads: a quote behind them is still escaped.
        for (; mayHoldNul && bytes[i] === 0; i++) this.hasNul = true;
      } else if (byte === NEWLINE && !this.#grammar.blanks) {
        throw expositionErrorAt(bytes, i, 'expected a closing quote, found the end of the line');
      } else if (byte === 0) {
        if (!mayHoldNul) throw expositionErrorAt(bytes, i, 'unexpected NUL byte in a string');
        this.hasNul = true;
      }
    }
    if (this.#limit < bytes.length) throw this.#tooLong();
    throw expositionErrorAt(bytes, from, 'expected a closing quote, found the end of the page');
  }

  /** See ExpositionParser.labels. @param type index into METRIC_TYPES */
  labels(type: number): string[] {
    const offsets = this.#offsets;
    const flat: string[] = [METRIC_NAME, this.#text(offsets[0]!, offsets[1]!)];
    const bound = boundLabel(type);
    for (let i = 2; i < this.#count; i += 4) {
      const name = this.#text(offsets[i]!, offsets[i + 1]!);
      const value = this.#text(offsets[i + 2]!, offsets[i + 3]!);
      flat.push(name, name === bound ? normalizeBound(value) : value);
    }
    return flat;
  }

  #braces(from: number): number {
    const bytes = this.#bytes;
    let i = this.#skipBlanks(from);
    for (;;) {
      if (bytes[i] === CLOSE) return i + 1;
      if (i >= this.#limit && i < bytes.length) throw this.#tooLong();
      const quoted = bytes[i] === QUOTE;
      const nameFrom = i;
      i = quoted ? this.stringEnd(i) : this.nameEnd(i, LABEL_START);
      if (i === nameFrom) {
        throw expositionErrorAt(bytes, i, `expected a label name or "}", ${found(bytes, i)}`);
      }
      const nameTo = i;
      i = this.#skipBlanks(i);
      if (quoted && (bytes[i] === COMMA || bytes[i] === CLOSE)) {
        if (this.#offsets[0] !== NO_NAME) {
          throw expositionErrorAt(bytes, nameFrom, 'expected one metric name, found a second one');
        }
        this.#offsets[0] = nameFrom + 1;
        this.#offsets[1] = nameTo - 1;
        if (bytes[i] === CLOSE) return i + 1;
        i = this.#skipBlanks(i + 1);
        continue;
      }
      if (bytes[i] !== EQUALS) {
        throw expositionErrorAt(bytes, i, `expected "=" after the label name, ${found(bytes, i)}`);
      }
      i = this.#skipBlanks(i + 1);
      if (bytes[i] !== QUOTE) {
        throw expositionErrorAt(bytes, i, `expected a label value in quotes, ${found(bytes, i)}`);
      }
      const valueFrom = i + 1;
      i = this.#stringEnd(i, this.#grammar.nulInValues);
      if (quoted) this.#note(nameFrom + 1, nameTo - 1);
      else this.#note(nameFrom, nameTo);
      this.#note(valueFrom, i - 1);
      i = this.#skipBlanks(i);
      if (bytes[i] === COMMA) i = this.#skipBlanks(i + 1);
      else if (bytes[i] !== CLOSE && this.#grammar.commasRequired) {
        throw expositionErrorAt(bytes, i, `expected "," or "}" after the label value, ${found(bytes, i)}`);
      }
    }
  }

  /** Sets how far the series at `from` may reach. */
  #startAt(from: number): void {
    this.#from = from;
    this.#limit = Math.min(this.#bytes.length, from + MAX_LINE_BYTES);
  }

  #tooLong(): Error {
    return expositionErrorAt(
      this.#bytes,
      this.#from,
      `expected a series of at most ${MAX_LINE_BYTES} bytes, found a longer one`,
    );
  }

  #skipBlanks(from: number): number {
    return this.#grammar.blanks ? skipBlanks(this.#bytes, from) : from;
  }

  #note(from: number, to: number): void {
    this.#offsets[this.#count++] = from;
    this.#offsets[this.#count++] = to;
  }

  #text(from: number, to: number): string {
    return unescapeLabel(textOf(this.#bytes, from, to));
  }
}

export function skipBlanks(bytes: Uint8Array, from: number): number {
  let i = from;
  while (bytes[i] === SPACE || bytes[i] === TAB) i++;
  return i;
}

/** @throws ExpositionError when the bytes are no UTF-8 */
export function textOf(bytes: Buffer, from: number, to: number): string {
  let ascii = true;
  for (let i = from; i < to; i++) {
    if (bytes[i]! >= 0x80) {
      ascii = false;
      break;
    }
  }
  if (ascii) return bytes.toString('latin1', from, to);
  if (!isUtf8(bytes.subarray(from, to)))
    throw expositionErrorAt(bytes, from, 'expected UTF-8, found other bytes');
  return bytes.toString('utf8', from, to);
}

/** Label values and quoted names know three escapes; any other backslash stands for itself. */
export function unescapeLabel(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\(["\\n])/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
}

/** The text of a comment, which may hold NUL bytes. @throws ExpositionError when it is no UTF-8 or too long */
export function commentText(bytes: Buffer, from: number, to: number): string {
  if (to - from > MAX_LINE_BYTES) {
    throw expositionErrorAt(
      bytes,
      from,
      `expected a text of at most ${MAX_LINE_BYTES} bytes, found ${to - from}`,
    );
  }
  return textOf(bytes, from, to);
}

/** What stands at an offset, for error messages. */
export function found(bytes: Buffer, offset: number): string {
  const byte = bytes[offset];
  if (byte === undefined) return 'found the end of the page';
  if (byte === 0x0a) return 'found the end of the line';
  if (byte === 0) return 'found a NUL byte';
  let end = offset;
  while (end < bytes.length && end < offset + 20 && bytes[end]! > SPACE) end++;
  return `found ${JSON.stringify(bytes.toString('utf8', offset, Math.max(end, offset + 1)))}`;
}

function boundLabel(type: number): string {
  const name = METRIC_TYPES[type];
  return name === 'histogram' ? 'le' : name === 'summary' ? 'quantile' : '';
}

/** Writes `1` as `1.0`, so that a bucket has one name whatever the client library writes. */
function normalizeBound(text: string): string {
  const bound = parseDecimal(text);
  return typeof bound === 'string' ? text : formatBound(bound);
}

function nameBytes(): Uint8Array {
  const table = new Uint8Array(256);
  for (const char of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_') table[char.charCodeAt(0)] = 1;
  table[':'.charCodeAt(0)] = 2;
  for (const char of '0123456789') table[char.charCodeAt(0)] = 4;
  return table;
}
