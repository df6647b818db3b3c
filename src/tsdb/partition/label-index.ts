import { type Labels, labelsFromSorted, textsKey } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { QueryBudget } from '../../model/queryable.ts';
import type { SeriesEntry, SeriesRef, SourceId } from '../block.ts';
import { type CompiledMatcher, compileMatcher } from '../matching.ts';
import { type CollectedLabels, collectLabels } from './label-collector.ts';
import { RefMap } from './ref-map.ts';
import type { StoredBlob } from './schema.ts';

/** Series or values looked at between two looks at the clock. */
const SERIES_PER_CHECK = 4096;
/** Bytes of a string beside its characters, and of a series beside its strings. */
const STRING_BYTES = 32;
const ENTRY_BYTES = 160;
/** Bytes that are charged together. */
const PAID_AT_ONCE = 64 * 1024;

/** Series of matched selectors that are remembered, of one partition. */
const MAX_REMEMBERED = 512;

/** Label l has series[starts[l], starts[l + 1]), ascending. */
interface Postings {
  readonly series: Uint32Array;
  readonly starts: Uint32Array;
}

/**
 * The labels of one partition, built once from its series blobs. Strings are bytes in one slab, a label (name and value) is a
 * number, a series a run of such numbers, and postings lead from a label to its series; only what matches becomes a string.
 */
export class LabelIndex {
  /** Series in the order they were stored. */
  readonly count: number;
  readonly #text: Buffer;
  /** Symbol s is bytes [offsets[s], offsets[s + 1]). */
  readonly #offsets: Uint32Array;
  readonly #names: Uint32Array;
  readonly #values: Uint32Array;
  /** Labels by name symbol. */
  readonly #labelsOfName = new Map<number, number[]>();
  readonly #refs: Uint32Array;
  readonly #sources: Uint32Array;
  /** Series i has labels rows[starts[i], starts[i + 1]). */
  readonly #starts: Uint32Array;
  readonly #rows: Uint32Array;
  /** Series of each label; made by the first selector. Who only asks for series by their refs, as a seal does, needs none. */
  #inverted: Postings | undefined;
  readonly #numbers = new RefMap();
  /** What selectors matched before, the newest last. */
  readonly #matched = new Map<string, readonly SeriesEntry[]>();
  #remembered = 0;

  /**
   * @param source the blobs, or what was collected of them
   * @param charge told of bytes before they are taken; throws when they are too many
   * @throws CorruptBlockError when a blob is damaged
   */
  constructor(source: Iterable<StoredBlob> | CollectedLabels, charge: (bytes: number) => void = () => {}) {
    const built = 'refs' in source ? source : collectLabels(source, charge);
    this.count = built.refs.length;
    this.#text = Buffer.from(built.text.buffer, built.text.byteOffset, built.text.length);
    this.#offsets = built.offsets;
    this.#names = built.names;
    this.#values = built.values;
    this.#refs = built.refs;
    this.#sources = built.sources;
    this.#starts = built.starts;
    this.#rows = built.rows;
    // Postings, the numbers of refs and the labels of each name.
    charge(4 * this.#rows.length + 24 * this.count + 32 * this.#names.length);
    this.#names.forEach((name, label) => {
      const labels = this.#labelsOfName.get(name);
      if (labels) labels.push(label);
      else this.#labelsOfName.set(name, [label]);
    });
    this.#refs.forEach((ref, number) => void this.#numbers.set(ref, number));
  }

  get #postings(): Postings {
    if (this.#inverted) return this.#inverted;
    const starts = new Uint32Array(this.#names.length + 1);
    for (const label of this.#rows) starts[label + 1]!++;
    for (let label = 0; label < this.#names.length; label++) starts[label + 1]! += starts[label]!;
    const series = new Uint32Array(this.#rows.length);
    const next = starts.slice();
    for (let number = 0; number < this.count; number++) {
      for (let at = this.#starts[number]!; at < this.#starts[number + 1]!; at++) {
        series[next[this.#rows[at]!]!++] = number;
      }
    }
    this.#inverted = { series, starts };
    return this.#inverted;
  }

  /** Bytes it takes while it is kept. */
  get bytes(): number {
    return (
      this.#text.length +
      8 * this.#rows.length +
      4 * this.#offsets.length +
      40 * this.#names.length +
      36 * this.count
    );
  }

  /** The series with a ref, if the partition has it. */
  entryOf(ref: number): SeriesEntry | undefined {
    const number = this.#numbers.get(ref);
    return number === undefined ? undefined : this.#entry(number);
  }

  /** The labels' names of the series that match, given once each. Throws what `compileMatcher` throws. */
  namesOf(matchers: readonly Matcher[], budget?: QueryBudget): string[] {
    const isTaken = new Uint8Array(this.#offsets.length);
    this.#eachMatch(matchers, budget, (number) => {
      for (let at = this.#starts[number]!; at < this.#starts[number + 1]!; at++) {
        isTaken[this.#names[this.#rows[at]!]!] = 1;
      }
    });
    return this.#textsOf(isTaken, budget);
  }

  /** The values that a label has among the series that match, given once each. Throws what `compileMatcher` throws. */
  valuesOf(name: string, matchers: readonly Matcher[], budget?: QueryBudget): string[] {
    const symbol = this.#nameSymbol(name);
    if (symbol === undefined) return [];
    const isTaken = new Uint8Array(this.#offsets.length);
    const isAll = matchers.every((matcher) => compileMatcher(matcher).matchesAll);
    if (isAll) for (const label of this.#labelsOfName.get(symbol)!) isTaken[this.#values[label]!] = 1;
    else {
      this.#eachMatch(matchers, budget, (number) => {
        for (let at = this.#starts[number]!; at < this.#starts[number + 1]!; at++) {
          const label = this.#rows[at]!;
          if (this.#names[label] === symbol) isTaken[this.#values[label]!] = 1;
        }
      });
    }
    return this.#textsOf(isTaken, budget);
  }

  #textsOf(isTaken: Uint8Array, budget: QueryBudget | undefined): string[] {
    const texts: string[] = [];
    let unpaid = 0;
    for (let symbol = 0; symbol < isTaken.length; symbol++) {
      if (isTaken[symbol] === 0) continue;
      unpaid += STRING_BYTES + this.#offsets[symbol + 1]! - this.#offsets[symbol]!;
      if (unpaid > PAID_AT_ONCE) unpaid = pay(budget, unpaid);
      texts.push(this.#textOf(symbol));
    }
    pay(budget, unpaid);
    return texts;
  }

  /** Throws what `compileMatcher` throws. @param budget told of the labels before they are spelled out */
  match(matchers: readonly Matcher[], budget?: QueryBudget): readonly SeriesEntry[] {
    const key = textsKey(matchers.flatMap(({ name, op, value }) => [op, name, value]));
    const known = this.#matched.get(key);
    if (known) return known;
    const found: SeriesEntry[] = [];
    let unpaid = 0;
    this.#eachMatch(matchers, budget, (number) => {
      unpaid += this.#entryBytes(number);
      if (unpaid > PAID_AT_ONCE) unpaid = pay(budget, unpaid);
      found.push(this.#entry(number));
    });
    pay(budget, unpaid);
    if (found.length <= MAX_REMEMBERED) this.#remember(key, found);
    return found;
  }

  /** Dashboards ask the same again and again: of each partition a few hundred series stay spelled out. */
  #remember(key: string, found: readonly SeriesEntry[]): void {
    this.#matched.set(key, found);
    this.#remembered += found.length + 1;
    for (const [oldest, { length }] of this.#matched) {
      if (this.#remembered <= MAX_REMEMBERED + 1) break;
      this.#matched.delete(oldest);
      this.#remembered -= length + 1;
    }
  }

  #eachMatch(
    matchers: readonly Matcher[],
    budget: QueryBudget | undefined,
    visit: (number: number) => void,
  ): void {
    const resolved = matchers
      .map(compileMatcher)
      .filter((matcher) => !matcher.matchesAll)
      .map((matcher) => this.#resolve(matcher, budget));
    const narrow = resolved
      .filter((one) => !one.matchesEmpty)
      .reduce<Resolved | undefined>((best, one) => (best && best.size <= one.size ? best : one), undefined);
    const rest = resolved.filter((one) => one !== narrow);
    let considered = 0;
    const consider = (number: number): void => {
      if (++considered % SERIES_PER_CHECK === 0) budget?.check();
      if (rest.every((one) => this.#accepts(one, number))) visit(number);
    };
    if (narrow === undefined) {
      for (let number = 0; number < this.count; number++) consider(number);
      return;
    }
    const { series, starts } = this.#postings;
    for (const label of narrow.labels) {
      for (let at = starts[label]!; at < starts[label + 1]!; at++) consider(series[at]!);
    }
  }

  /** Bytes of a series once its labels are spelled out. */
  #entryBytes(number: number): number {
    let bytes = ENTRY_BYTES;
    for (let at = this.#starts[number]!; at < this.#starts[number + 1]!; at++) {
      const label = this.#rows[at]!;
      for (const symbol of [this.#names[label]!, this.#values[label]!]) {
        bytes += STRING_BYTES + this.#offsets[symbol + 1]! - this.#offsets[symbol]!;
      }
    }
    return bytes;
  }

  #resolve(matcher: CompiledMatcher, budget: QueryBudget | undefined): Resolved {
    const name = this.#nameSymbol(matcher.name);
    const { starts } = this.#postings;
    const accepted = new Uint8Array(this.#names.length);
    const labels: number[] = [];
    let size = 0;
    let tried = 0;
    for (const label of name === undefined ? [] : this.#labelsOfName.get(name)!) {
      if (++tried % SERIES_PER_CHECK === 0) budget?.bytes(8 * SERIES_PER_CHECK);
      if (!this.#acceptsValue(matcher, this.#values[label]!)) continue;
      accepted[label] = 1;
      labels.push(label);
      size += starts[label + 1]! - starts[label]!;
    }
    return { name, matchesEmpty: matcher.matchesEmpty, accepted, labels, size };
  }

  #acceptsValue(matcher: CompiledMatcher, symbol: number): boolean {
    const { accepts } = matcher;
    const from = this.#offsets[symbol]!;
    const to = this.#offsets[symbol + 1]!;
    // A literal of other length cannot be meant: most values are told apart without becoming a string.
    if (accepts.kind === 'literals' && accepts.literals.length === 1) {
      const literal = accepts.literals[0]!;
      if (to - from < literal.length || to - from > 3 * literal.length) return matcher.negated;
    }
    return matcher.matches(this.#text.toString('utf8', from, to));
  }

  #nameSymbol(name: string): number | undefined {
    const bytes = Buffer.from(name, 'utf8');
    for (const symbol of this.#labelsOfName.keys()) {
      if (bytes.compare(this.#text, this.#offsets[symbol]!, this.#offsets[symbol + 1]!) === 0) return symbol;
    }
    return undefined;
  }

  #accepts(one: Resolved, number: number): boolean {
    for (let at = this.#starts[number]!; at < this.#starts[number + 1]!; at++) {
      const label = this.#rows[at]!;
      if (this.#names[label] === one.name) return one.accepted[label] === 1;
    }
    return one.matchesEmpty;
  }

  #entry(number: number): SeriesEntry {
    const flat: string[] = [];
    for (let at = this.#starts[number]!; at < this.#starts[number + 1]!; at++) {
      const label = this.#rows[at]!;
      flat.push(this.#textOf(this.#names[label]!), this.#textOf(this.#values[label]!));
    }
    return {
      ref: this.#refs[number] as SeriesRef,
      source: this.#sources[number] as SourceId,
      labels: labelsFromSorted(flat) as Labels,
    };
  }

  #textOf(symbol: number): string {
    return this.#text.toString('utf8', this.#offsets[symbol]!, this.#offsets[symbol + 1]!);
  }
}

interface Resolved {
  /** Symbol of the label name; undefined when no series has it. */
  readonly name: number | undefined;
  readonly matchesEmpty: boolean;
  /** By label: whether its value is accepted. */
  readonly accepted: Uint8Array;
  readonly labels: readonly number[];
  /** Series that have an accepted label. */
  readonly size: number;
}

/** Charges what is owed; 0 is owed then. */
function pay(budget: QueryBudget | undefined, bytes: number): number {
  budget?.bytes(bytes);
  return 0;
}
