import { type Labels, labelsFromSorted } from '../../model/labels.ts';
import type { CompiledMatcher } from '../matching.ts';
import { hashBytes, hashPair } from './hash.ts';
import { findShared } from './hash-table.ts';
import {
  CHUNK_HEADER,
  INDEX_CONTROL,
  type IndexShared,
  NAME,
  NAME_STRIDE,
  SERIES,
  SERIES_STRIDE,
  TERM,
  TERM_STRIDE,
} from './layout.ts';
import { seriesByRef } from './series-index.ts';
import { WordView } from './slab.ts';

/** Verdicts of regular expressions on symbols are kept for this many matchers. */
const VERDICTS_KEPT = 32;

/** Symbols remembered as strings; beyond it all are forgotten and learnt anew. */
const TEXTS_KEPT = 20_000;

const YES = 1;
const NO = 2;

/**
 * Reads the series index from any thread while main adds to it. `refresh` fixes the series it sees; all else follows from that number.
 * Matchers are resolved here: the smallest list of postings that must hold the result is walked, and each candidate's labels are
 * checked against the other matchers, a regular expression once per distinct value.
 */
export class IndexReader {
  /** Numbers of series and symbols mean the same in readers of one generation. */
  readonly generation: number;
  readonly #control: Int32Array;
  readonly #symbolOffsets: WordView;
  readonly #tables: WordView;
  readonly #labels: WordView;
  readonly #series: WordView;
  readonly #names: WordView;
  readonly #terms: WordView;
  readonly #postings: WordView;
  readonly #symbolBuffer: SharedArrayBuffer;
  readonly #verdicts = new Map<CompiledMatcher, Uint8Array>();
  readonly #texts = new Map<number, string>();
  #symbolBytes: Buffer;
  #count = 0;
  #symbolCount = 0;

  constructor(shared: IndexShared, generation = 0) {
    this.generation = generation;
    this.#control = new Int32Array(shared.control);
    this.#symbolBuffer = shared.symbolBytes;
    this.#symbolBytes = Buffer.from(shared.symbolBytes, 0, shared.symbolBytes.byteLength);
    this.#symbolOffsets = new WordView(shared.symbolOffsets);
    this.#tables = new WordView(shared.tables);
    this.#labels = new WordView(shared.labels);
    this.#series = new WordView(shared.series);
    this.#names = new WordView(shared.names);
    this.#terms = new WordView(shared.terms);
    this.#postings = new WordView(shared.postings);
  }

  /** Takes in what was published since; returns the number of series. */
  refresh(): number {
    this.#count = Atomics.load(this.#control, INDEX_CONTROL.series);
    this.#symbolCount = Atomics.load(this.#control, INDEX_CONTROL.symbols);
    for (const view of [
      this.#symbolOffsets,
      this.#tables,
      this.#labels,
      this.#series,
      this.#names,
      this.#terms,
      this.#postings,
    ]) {
      view.refresh();
    }
    if (this.#symbolBytes.length !== this.#symbolBuffer.byteLength) {
      this.#symbolBytes = Buffer.from(this.#symbolBuffer, 0, this.#symbolBuffer.byteLength);
    }
    return this.#count;
  }

  field(series: number, field: number): number {
    return this.#series.words[series * SERIES_STRIDE + field]!;
  }

  /** The series with this ref, or -1. */
  byRef(ref: number): number {
    return seriesByRef(this.#series.words, this.#count, ref);
  }

  labelsOf(series: number): Labels {
    const from = this.field(series, SERIES.labels);
    const to = from + 2 * this.field(series, SERIES.labelCount);
    const flat: string[] = [];
    for (let i = from; i < to; i++) flat.push(this.text(this.#labels.words[i]!));
    return labelsFromSorted(flat);
  }

  text(symbol: number): string {
    const known = this.#texts.get(symbol);
    if (known !== undefined) return known;
    const { words } = this.#symbolOffsets;
    const text = this.#symbolBytes.toString('utf8', words[symbol]!, words[symbol + 1]!);
    if (this.#texts.size >= TEXTS_KEPT) this.#texts.clear();
    this.#texts.set(symbol, text);
    return text;
  }

  /** Symbol of a string, or -1 when no label of the head has it. */
  symbol(text: string): number {
    const bytes = Buffer.from(text, 'utf8');
    const hash = hashBytes(bytes, 0, bytes.length, this.#control[INDEX_CONTROL.seed]!);
    const table = Atomics.load(this.#control, INDEX_CONTROL.symbolTable);
    return findShared(this.#tableWords(), table, hash, this.#symbolCount, (symbol) => {
      const { words } = this.#symbolOffsets;
      return bytes.compare(this.#symbolBytes, words[symbol]!, words[symbol + 1]!) === 0;
    });
  }

  /** Symbols there are as of `refresh`: their numbers are below it. */
  get symbolCount(): number {
    return this.#symbolCount;
  }

  /** Calls `visit` with the name and value symbols of each label of a series. */
  eachLabel(series: number, visit: (name: number, value: number) => void): void {
    const from = this.field(series, SERIES.labels);
    const to = from + 2 * this.field(series, SERIES.labelCount);
    const { words } = this.#labels;
    for (let i = from; i < to; i += 2) visit(words[i]!, words[i + 1]!);
  }

  /** Value symbol of a label of a series, or -1 when it has none of that name. */
  valueOf(series: number, name: number): number {
    const from = this.field(series, SERIES.labels);
    const to = from + 2 * this.field(series, SERIES.labelCount);
    const { words } = this.#labels;
    for (let i = from; i < to; i += 2) if (words[i] === name) return words[i + 1]!;
    return -1;
  }

  /** Numbers of the series that match all of `matchers`, ascending. */
  match(matchers: readonly CompiledMatcher[]): Uint32Array {
    const resolved = matchers
      .filter((matcher) => !matcher.matchesAll)
      .map((matcher) => this.#resolve(matcher));
    let best: Resolved | undefined;
    for (const one of resolved) {
      if (one.terms && (best?.terms === undefined || one.size < best.size)) best = one;
    }
    const candidates = best?.terms ? this.#union(best.terms) : allBelow(this.#count);
    const rest = resolved.filter((one) => one !== best);
    if (rest.length === 0) return candidates;
    let kept = 0;
    for (const series of candidates) {
      if (rest.every((one) => this.#accepts(one, series))) candidates[kept++] = series;
    }
    return candidates.subarray(0, kept);
  }

  /** Whether any of the series from number `from` on matches all of `matchers`. */
  matchesFrom(matchers: readonly CompiledMatcher[], from: number): boolean {
    const resolved = matchers.map((matcher) => this.#resolve(matcher));
    for (let series = from; series < this.#count; series++) {
      if (resolved.every((one) => this.#accepts(one, series))) return true;
    }
    return false;
  }

  /** Series there are as of `refresh`. */
  get count(): number {
    return this.#count;
  }

  #accepts(one: Resolved, series: number): boolean {
    const value = one.name < 0 ? -1 : this.valueOf(series, one.name);
    if (value < 0) return one.matcher.matchesEmpty;
    if (one.values) return one.values.has(value) !== one.matcher.negated;
    return this.#verdict(one.matcher, value);
  }

  #verdict(matcher: CompiledMatcher, symbol: number): boolean {
    let known = this.#verdicts.get(matcher);
    if (known === undefined || known.length <= symbol) {
      const grown = new Uint8Array(Math.max(this.#symbolCount, symbol + 1));
      if (known) grown.set(known);
      known = grown;
      this.#verdicts.delete(matcher);
      this.#verdicts.set(matcher, known);
      if (this.#verdicts.size > VERDICTS_KEPT) this.#verdicts.delete(this.#verdicts.keys().next().value!);
    }
    if (known[symbol] === 0) known[symbol] = matcher.matches(this.text(symbol)) ? YES : NO;
    return known[symbol] === YES;
  }

  #resolve(matcher: CompiledMatcher): Resolved {
    const name = this.symbol(matcher.name);
    const { accepts } = matcher;
    if (accepts.kind === 'literals') {
      const symbols = accepts.literals.map((literal) => this.symbol(literal));
      const values = new Set(symbols.filter((symbol) => symbol >= 0));
      if (matcher.matchesEmpty || matcher.negated) return { matcher, name, values, size: 0 };
      const terms = [...values].map((value) => this.#term(name, value)).filter((term) => term >= 0);
      return { matcher, name, values, terms, size: this.#size(terms) };
    }
    if (matcher.matchesEmpty) return { matcher, name, size: 0 };
    return { matcher, name, terms: this.#lazyTerms(name, matcher), size: this.#sizeOfName(name) };
  }

  /** Terms of the name whose value the matcher accepts, found only when this list is the one to be walked. */
  *#lazyTerms(name: number, matcher: CompiledMatcher): Generator<number> {
    const entry = this.#nameEntry(name);
    if (entry < 0) return;
    const words = this.#terms.words;
    for (let next = this.#names.words[entry + NAME.firstTerm]!; next !== 0; ) {
      const at = (next - 1) * TERM_STRIDE;
      if (at >= words.length) return;
      const value = words[at + TERM.value]!;
      if (value < this.#symbolCount && this.#verdict(matcher, value)) yield next - 1;
      next = words[at + TERM.next]!;
    }
  }

  /** An upper bound, not a count: literals, which are counted, are preferred. */
  #sizeOfName(name: number): number {
    return this.#nameEntry(name) < 0 ? 0 : this.#count;
  }

  #nameEntry(name: number): number {
    if (name < 0) return -1;
    const count = Atomics.load(this.#control, INDEX_CONTROL.names);
    this.#names.refresh();
    const { words } = this.#names;
    for (let at = 0; at < count * NAME_STRIDE; at += NAME_STRIDE) {
      if (words[at + NAME.symbol] === name) return at;
    }
    return -1;
  }

  #term(name: number, value: number): number {
    if (name < 0) return -1;
    const table = Atomics.load(this.#control, INDEX_CONTROL.termTable);
    const hash = hashPair(name, value, this.#control[INDEX_CONTROL.seed]!);
    const { words } = this.#terms;
    return findShared(this.#tableWords(), table, hash, words.length / TERM_STRIDE, (term) => {
      const at = term * TERM_STRIDE;
      return words[at + TERM.name] === name && words[at + TERM.value] === value;
    });
  }

  #size(terms: readonly number[]): number {
    let size = 0;
    for (const term of terms) size += this.#terms.words[term * TERM_STRIDE + TERM.count]!;
    return size;
  }

  #union(terms: Iterable<number>): Uint32Array {
    const seen = new Uint32Array((this.#count >>> 5) + 1);
    let size = 0;
    for (const term of terms) size += this.#mark(term, seen);
    const out = new Uint32Array(size);
    let at = 0;
    for (let word = 0; word < seen.length; word++) {
      for (let bits = seen[word]!; bits !== 0; bits &= bits - 1) {
        out[at++] = word * 32 + 31 - Math.clz32(bits & -bits);
      }
    }
    return out;
  }

  /** Sets the bits of a term's series. Terms of one name share no series, so the count of the union is the sum. */
  #mark(term: number, seen: Uint32Array): number {
    const limit = this.#count;
    const terms = this.#terms.words;
    const at = term * TERM_STRIDE;
    let left = terms[at + TERM.count]!;
    const first = terms[at + TERM.firstSeries]!;
    if (left === 0 || first >= limit) return 0;
    seen[first >>> 5]! |= 1 << (first & 31);
    let marked = 1;
    left--;
    const postings = this.#postings.words;
    for (let chunk = terms[at + TERM.firstChunk]!; left > 0; ) {
      const capacity = postings[chunk]!;
      for (let i = 0; i < capacity && left > 0; i++, left--) {
        const series = postings[chunk + CHUNK_HEADER + i]!;
        if (series >= limit) return marked;
        seen[series >>> 5]! |= 1 << (series & 31);
        marked++;
      }
      const next = postings[chunk + 1];
      if (!next) return marked;
      chunk = next - 1;
    }
    return marked;
  }

  /** A table may have moved beyond the view since `refresh`; call it after loading the table's place. */
  #tableWords(): Uint32Array {
    this.#tables.refresh();
    return this.#tables.words;
  }
}

interface Resolved {
  readonly matcher: CompiledMatcher;
  /** Symbol of the label's name, -1 when no series has it. */
  readonly name: number;
  /** Symbols of the literals that exist, for matchers made of literals. */
  readonly values?: ReadonlySet<number>;
  /** Terms whose postings together hold the result; absent when series without the label match. */
  readonly terms?: Iterable<number>;
  readonly size: number;
}

function allBelow(count: number): Uint32Array {
  const all = new Uint32Array(count);
  for (let i = 0; i < count; i++) all[i] = i;
  return all;
}
