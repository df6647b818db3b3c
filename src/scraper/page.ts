import { DecimalReader } from '../exposition/number.ts';
import type { ExpositionParser, MetricType } from '../exposition/parser.ts';
import { METRIC_TYPES } from '../exposition/parser.ts';
import { DECLARED, PageColumns } from './page-columns.ts';
import { hashBytes, sameBytes } from './page-hash.ts';
import type { WrittenSeries } from './page-samples.ts';
import { PageTail } from './page-tail.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const EMPTY = new Uint8Array(0);

/** What the page parser asks and tells while it walks over a page. */
export interface PageReader {
  /** Names a series that the page before did not have. The number comes back in `columns.series`. */
  series(written: WrittenSeries): number;
  help(family: string, text: string): void;
  type(family: string, type: MetricType): void;
  unit(family: string, text: string): void;
  /** A line of `columns` that was read has an exemplar. One on a recognised line is the one told before. */
  exemplar(line: number, written: Pick<ExpositionParser, 'exemplar'>): void;
}

/** How much of a page was recognised and how much had to be read. */
export interface PageStats {
  readonly unchanged: number;
  /** Recognised lines with a new value. */
  readonly changed: number;
  readonly parsed: number;
}

/** Lines between two looks at the clock; a parsed line counts for sixteen. */
const WORK_PER_SLICE_CHECK = 1024;
const PARSED_LINE_WORK = 16;

/**
 * Parses the pages of one target, each against the one before. A line and the comments before it are compared with the previous
 * page as bytes: where they are equal, nothing is parsed; where only the value differs, only that. Any other line goes through
 * the format's own parser, is found again in the previous page by its key, and prediction goes on behind that place. So the
 * result is always what the format's parser alone would give.
 */
export class PageParser {
  /** The samples of the last page, in its order. Empty before the first page and after a page that could not be parsed. */
  readonly columns = new PageColumns();
  stats: PageStats = { unchanged: 0, changed: 0, parsed: 0 };
  /** Lines of `columns` that were read before a page turned out to be broken. */
  reached = 0;
  #page: Uint8Array = EMPTY;
  #view: DataView = new DataView(EMPTY.buffer);
  readonly #decimal = new DecimalReader();
  #hasNewShape = false;
  /** Whether any page since the last reset held a NUL byte. */
  #hasNul = false;
  readonly #seed: number;

  /** @param seed of the key hash; not to be known to targets, who could send keys that collide */
  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  /** The last page. */
  get bytes(): Uint8Array {
    return this.#page;
  }

  get pageBytes(): number {
    return this.#page.length;
  }

  /** Whether the last page has other series than the one before, or in another order. */
  get hasNewShape(): boolean {
    return this.#hasNewShape;
  }

  /** Forgets the last page: every series is asked for anew. */
  reset(): void {
    this.columns.count = 0;
    this.#page = EMPTY;
    this.#view = new DataView(EMPTY.buffer);
    this.#hasNul = false;
  }

  /**
   * Parses `page` and keeps it; gives back the page before, which nobody reads any more. Yields whenever `sliceOver` says so;
   * `columns` hold the page when the generator is done. When it throws or is abandoned, the parser is as after `reset`.
   * @param parser the format's parser over the same bytes
   * @throws ExpositionError, and whatever `reader` throws
   */
  *parse(
    page: Uint8Array,
    parser: ExpositionParser,
    reader: PageReader,
    sliceOver: () => boolean,
  ): Generator<void, Uint8Array> {
    const previous = this.#page;
    const previousView = this.#view;
    const view = new DataView(page.buffer, page.byteOffset, page.length);
    const columns = this.columns;
    const decimal = this.#decimal;
    const text = Buffer.from(page.buffer, page.byteOffset, page.length);
    const isWide = !this.#hasNul;
    let previousCount = columns.count;
    const shape = previousCount;
    this.#page = EMPTY;
    columns.count = 0;

    /** The lines that are predicted: our own columns until the shapes part, then a copy of the rest. */
    let expected = columns;
    let tail: PageTail | undefined;
    let line = 0;
    let previousFrom = 0;
    let written = 0;
    let position = 0;
    let type = 0;
    let unchanged = 0;
    let changed = 0;
    let parsed = 0;
    let work = 0;

    for (;;) {
      if (++work >= WORK_PER_SLICE_CHECK) {
        work = 0;
        if (sliceOver()) yield;
      }
      if (line < previousCount) {
        const length = expected.length[line]!;
        const from = previousFrom;
        const common = commonPrefix(
          previousView,
          from,
          view,
          position,
          Math.min(length, page.length - position),
          isWide,
        );
        const isSame = common === length && page[position + length] === NEWLINE;
        if (isSame || (common >= expected.valueOffset[line]! && !hasTimestamp(expected, line))) {
          let value = 0;
          let newLength = length;
          if (!isSame) {
            value = readValue(decimal, page, text, position + expected.valueOffset[line]!);
            newLength = decimal.end - position;
          }
          if (!isSame && !Number.isNaN(value) && page[decimal.end] !== NEWLINE) {
            const rest = sameRest(
              previous,
              from + expected.valueOffset[line]!,
              from + length,
              page,
              decimal.end,
            );
            if (rest > 0) newLength += rest;
            else value = Number.NaN;
          }
          if (isSame || !Number.isNaN(value)) {
            if (tail) {
              columns.reserve(written);
              columns.copyLine(written, expected, line);
            }
            const declared = expected.type[line]!;
            if (declared >= DECLARED) type = declared - DECLARED;
            else if (declared !== type) columns.type[written] = type;
            if (isSame) unchanged++;
            else {
              columns.value[written] = value;
              columns.length[written] = newLength;
              changed++;
            }
            previousFrom += length + 1;
            position += newLength + 1;
            line++;
            written++;
            continue;
          }
        }
      }

      this.reached = written;
      parser.seek(position, type);
      let kind = parser.next();
      let declares = 0;
      for (; kind !== 'sample' && kind !== 'end'; kind = parser.next()) {
        tell(reader, kind, parser);
        if (kind === 'type') declares = DECLARED;
        if (++work >= WORK_PER_SLICE_CHECK) {
          work = 0;
          if (sliceOver()) yield;
        }
      }
      if (kind === 'end') break;
      work += PARSED_LINE_WORK;
      parsed++;
      const keyLength = parser.keyTo - parser.keyFrom;
      let known = -1;
      let behind = 0;
      let hash = 0;
      if (
        line < previousCount &&
        expected.keyLength[line] === keyLength &&
        sameBytes(previous, previousFrom + expected.keyOffset[line]!, page, parser.keyFrom, keyLength)
      ) {
        // The series that was predicted, only that more than its value changed.
        known = line;
        hash = expected.hash[line]!;
        behind = previousFrom + expected.length[line]! + 1;
      } else {
        if (!tail) {
          expected = columns.tail(line, previousCount);
          tail = new PageTail(previous, expected, previousFrom);
          yield* tail.index(sliceOver);
          previousCount -= line;
          line = 0;
        }
        hash = hashBytes(page, parser.keyFrom, parser.keyTo, this.#seed);
        known = tail.find(hash, page, parser.keyFrom, keyLength);
        if (known >= 0) behind = tail.from[known]! + expected.length[known]! + 1;
      }
      type = parser.type;
      columns.reserve(written);
      columns.series[written] = known < 0 ? reader.series(parser) : expected.series[known]!;
      columns.keyOffset[written] = parser.keyFrom - position;
      columns.keyLength[written] = keyLength;
      columns.valueOffset[written] = parser.valueFrom - position;
      columns.length[written] = parser.lineEnd - position;
      columns.hash[written] = hash;
      columns.value[written] = parser.value;
      columns.type[written] = type + declares;
      columns.setTimestamp(written, parser.timestamp);
      if (parser.hasExemplar) reader.exemplar(written, parser);
      written++;
      position = parser.lineEnd + 1;
      if (known >= 0) {
        line = known + 1;
        previousFrom = behind;
      }
    }

    columns.count = written;
    this.#hasNewShape = tail !== undefined || written !== shape;
    this.#page = page;
    this.#view = view;
    this.#hasNul ||= parser.hasNul;
    this.stats = { unchanged, changed, parsed };
    return previous;
  }
}

/** Length of the equal start of a[aFrom…] and b[bFrom…], at most `limit`. @param isWide whether a[…] holds no NUL byte */
function commonPrefix(
  a: DataView,
  aFrom: number,
  b: DataView,
  bFrom: number,
  limit: number,
  isWide: boolean,
): number {
  let i = 0;
  // Eight bytes at a time, as doubles: those that are NaN count as different, and without zero bytes there is no ±0.
  while (isWide && i + 8 <= limit && a.getFloat64(aFrom + i) === b.getFloat64(bFrom + i)) i += 8;
  while (i < limit && a.getUint8(aFrom + i) === b.getUint8(bFrom + i)) i++;
  return i;
}

/** The number at `from`, ended at `decimal.end`; NaN when only the format's parser can say. @param text the page once more */
function readValue(decimal: DecimalReader, page: Uint8Array, text: Buffer, from: number): number {
  decimal.end = from;
  const value = decimal.read(page, from);
  const { end } = decimal;
  if (!Number.isNaN(value) || end === from || page[end] !== NEWLINE) return value;
  // Decimal digits, but more of them than the short way can round.
  const long = Number(text.toString('latin1', from, end));
  return Number.isFinite(long) ? long : Number.NaN;
}

/**
 * How much of what follows the value of a line, exemplar or blanks, stands again behind the new value as the last of the line;
 * 0 when something else does.
 */
function sameRest(
  before: Uint8Array,
  valueFrom: number,
  lineEnd: number,
  page: Uint8Array,
  valueEnd: number,
): number {
  let from = valueFrom;
  while (from < lineEnd && before[from]! > SPACE) from++;
  const length = lineEnd - from;
  if (page[valueEnd + length] !== NEWLINE) return 0;
  return sameBytes(before, from, page, valueEnd, length) ? length : 0;
}

function hasTimestamp(columns: PageColumns, line: number): boolean {
  return columns.timestamp !== undefined && !Number.isNaN(columns.timestamp[line]!);
}

/** Hands on what a comment says. */
export function tell(reader: PageReader, kind: 'help' | 'type' | 'unit', parser: ExpositionParser): void {
  if (kind === 'help') reader.help(parser.family, parser.text);
  else if (kind === 'unit') reader.unit(parser.family, parser.text);
  else reader.type(parser.family, METRIC_TYPES[parser.type]!);
}
