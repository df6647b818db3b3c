import { type Labels, labelsFromSorted } from '../../model/labels.ts';
import type { SeriesRef } from '../block.ts';
import { hashPair, hashWords } from './hash.ts';
import { HashTable } from './hash-table.ts';
import {
  CHUNK_HEADER,
  INDEX_CONTROL,
  type IndexShared,
  NAME,
  NAME_STRIDE,
  NO_SLOT,
  SERIES,
  SERIES_STRIDE,
  TERM,
  TERM_STRIDE,
  usedBytes,
} from './layout.ts';
import { WordSlab } from './slab.ts';
import { SymbolWriter } from './symbol-writer.ts';

const FIRST_CHUNK = 4;
const LARGEST_CHUNK = 4096;
/** A power of two. */
const RECENT_TERMS = 4096;

/**
 * The series of the head: labels as rows of symbols, postings per label value, all in shared memory. Series are numbered 0, 1, 2, … in
 * order of their refs and only ever added. Written by the main thread; other threads read it with `IndexReader`.
 */
export class SeriesIndex {
  readonly shared: IndexShared;
  readonly #control: Int32Array;
  readonly #tables: WordSlab;
  readonly #symbols: SymbolWriter;
  readonly #labels: WordSlab;
  readonly #series: WordSlab;
  readonly #names: WordSlab;
  readonly #terms: WordSlab;
  readonly #postings: WordSlab;
  readonly #termTable: HashTable;
  readonly #byIdentity: HashTable;
  readonly #nameOf = new Map<number, number>();
  readonly #seed: number;
  /** Terms plus one, found lately, at the low bits of their values: the series of a target have most labels in common. */
  readonly #recentTerms = new Uint32Array(RECENT_TERMS);
  /** The symbols of `#interned`. */
  #row = new Uint32Array(128);
  #interned: Labels | undefined;
  #count: number;
  #termCount: number;

  /** @param isKnown whether the series that the control block counts are there already: somebody's `parts` were put into these buffers */
  constructor(shared: IndexShared, isKnown = false) {
    this.shared = shared;
    const control = new Int32Array(shared.control);
    this.#control = control;
    this.#seed = control[INDEX_CONTROL.seed]!;
    this.#count = isKnown ? control[INDEX_CONTROL.series]! : 0;
    this.#termCount = isKnown ? control[INDEX_CONTROL.terms]! : 0;
    const used = isKnown ? usedBytes(control) : undefined;
    const slab = (name: Exclude<keyof IndexShared, 'control'>): WordSlab =>
      new WordSlab(shared[name], used ? used[name] / 4 : 0);
    const known = (word: 'termTable' | 'identityTable', count: number) =>
      isKnown ? { offset: control[INDEX_CONTROL[word]]!, used: count } : undefined;
    this.#tables = slab('tables');
    this.#symbols = new SymbolWriter(shared, this.#tables, isKnown);
    this.#labels = slab('labels');
    this.#series = slab('series');
    this.#names = slab('names');
    this.#terms = slab('terms');
    this.#postings = slab('postings');
    this.#termTable = new HashTable(
      this.#tables,
      (offset) => Atomics.store(this.#control, INDEX_CONTROL.termTable, offset),
      (term) => {
        const { words } = this.#terms;
        const at = term * TERM_STRIDE;
        return hashPair(words[at + TERM.name]!, words[at + TERM.value]!, this.#seed);
      },
      known('termTable', this.#termCount),
    );
    this.#byIdentity = new HashTable(
      this.#tables,
      () => {},
      (series) => {
        const { words } = this.#series;
        const at = series * SERIES_STRIDE;
        const from = words[at + SERIES.labels]!;
        const to = from + 2 * words[at + SERIES.labelCount]!;
        return hashWords(this.#labels.words, from, to, this.#seed ^ words[at + SERIES.source]!);
      },
      known('identityTable', this.#count),
    );
    for (let name = 0; name < this.#names.length; name += NAME_STRIDE) {
      this.#nameOf.set(this.#names.words[name + NAME.symbol]!, name);
    }
  }

  /**
   * All there is, as views of the buffers in the order of `usedBytes`, the control block first. Good until the next series is added; a
   * reader of these bytes makes an index of them with `isKnown`.
   */
  parts(): Uint8Array[] {
    const words = this.#control;
    words[INDEX_CONTROL.terms] = this.#termCount;
    words[INDEX_CONTROL.identityTable] = this.#byIdentity.offset;
    words[INDEX_CONTROL.symbolBytes] = this.#symbols.byteLength;
    words[INDEX_CONTROL.tableWords] = this.#tables.length;
    words[INDEX_CONTROL.labelWords] = this.#labels.length;
    words[INDEX_CONTROL.postingWords] = this.#postings.length;
    const parts = Object.entries(usedBytes(words)) as [keyof IndexShared, number][];
    return [
      new Uint8Array(this.shared.control),
      ...parts.map(([name, bytes]) => new Uint8Array(this.shared[name], 0, bytes)),
    ];
  }

  get count(): number {
    return this.#count;
  }

  /** The series of a source with these labels, or -1. Also notes the labels' symbols for an `add` that follows. */
  find(source: number, labels: Labels): number {
    const length = this.#intern(labels);
    const row = this.#row;
    const hash = hashWords(row, 0, length, this.#seed ^ source);
    return this.#byIdentity.find(hash, (series) => this.#isSame(series, source, row, length));
  }

  /** Adds a series that `find` did not find. `ref` must be above all earlier ones. */
  add(source: number, labels: Labels, ref: SeriesRef): number {
    const length = this.#intern(labels);
    return this.#append(hashWords(this.#row, 0, length, this.#seed ^ source), source, this.#row, length, ref);
  }

  /** The symbol of a text given as UTF-8, bytes[from, to); for `restore`. */
  symbolOf(bytes: Uint8Array, from: number, to: number): number {
    return this.#symbols.internBytes(bytes, from, to);
  }

  /**
   * Adds a series by the symbols of its labels, row[0, length); -1 when the source has one with these labels. `ref` must be above all
   * earlier ones.
   */
  restore(source: number, row: Uint32Array, length: number, ref: SeriesRef): number {
    const hash = hashWords(row, 0, length, this.#seed ^ source);
    const isSame = (series: number): boolean => this.#isSame(series, source, row, length);
    return this.#byIdentity.find(hash, isSame) >= 0 ? -1 : this.#append(hash, source, row, length, ref);
  }

  /**
   * Adds a series as another index has it, but for its slot and columns; returns its number here. Refs must ascend.
   * @param symbols for each symbol of the other index the one of this plus one, 0 where it is not known yet; long enough
   */
  adopt(other: SeriesIndex, series: number, symbols: Uint32Array): number {
    const at = series * SERIES_STRIDE;
    const words = other.#series.words;
    const from = words[at + SERIES.labels]!;
    const length = 2 * words[at + SERIES.labelCount]!;
    const source = words[at + SERIES.source]!;
    this.#interned = undefined;
    if (this.#row.length < length) this.#row = new Uint32Array(length * 2);
    const row = this.#row;
    for (let i = 0; i < length; i++) {
      const symbol = other.#labels.words[from + i]!;
      if (symbols[symbol] === 0) symbols[symbol] = other.#symbols.inOther(symbol, this.#symbols) + 1;
      row[i] = symbols[symbol]! - 1;
    }
    const hash = hashWords(row, 0, length, this.#seed ^ source);
    return this.#append(hash, source, row, length, words[at + SERIES.ref]! as SeriesRef);
  }

  get symbolCount(): number {
    return this.#control[INDEX_CONTROL.symbols]!;
  }

  /** Makes room for so many series at once. */
  reserve(series: number): void {
    this.#byIdentity.reserve(series);
  }

  /** Makes room for as much as another index has: a table that grows takes the time of all that is in it. */
  reserveAs(other: SeriesIndex): void {
    this.#byIdentity.reserve(other.#count);
    this.#termTable.reserve(other.#termCount);
    this.#symbols.reserve(other.symbolCount);
  }

  refOf(series: number): SeriesRef {
    return this.#series.words[series * SERIES_STRIDE + SERIES.ref]! as SeriesRef;
  }

  sourceOf(series: number): number {
    return this.#series.words[series * SERIES_STRIDE + SERIES.source]!;
  }

  slotOf(series: number): number {
    return this.#series.words[series * SERIES_STRIDE + SERIES.slot]!;
  }

  setSlot(series: number, slot: number): void {
    this.#series.words[series * SERIES_STRIDE + SERIES.slot] = slot;
  }

  /** Number of the series' own-time columns plus one, 0 for none. */
  ownOf(series: number): number {
    return this.#series.words[series * SERIES_STRIDE + SERIES.own]!;
  }

  setOwn(series: number, own: number): void {
    this.#series.words[series * SERIES_STRIDE + SERIES.own] = own;
  }

  /** The series with this ref, or -1. */
  byRef(ref: number): number {
    return seriesByRef(this.#series.words, this.#count, ref);
  }

  labelsOf(series: number): Labels {
    const { words } = this.#series;
    const at = series * SERIES_STRIDE;
    const from = words[at + SERIES.labels]!;
    const to = from + 2 * words[at + SERIES.labelCount]!;
    const flat: string[] = [];
    for (let i = from; i < to; i++) flat.push(this.#symbols.text(this.#labels.words[i]!));
    return labelsFromSorted(flat);
  }

  #intern(labels: Labels): number {
    if (this.#interned === labels) return labels.length;
    this.#interned = labels;
    if (this.#row.length < labels.length) this.#row = new Uint32Array(labels.length * 2);
    for (let i = 0; i < labels.length; i++) this.#row[i] = this.#symbols.intern(labels[i]!);
    return labels.length;
  }

  #append(hash: number, source: number, row: Uint32Array, length: number, ref: SeriesRef): number {
    const start = this.#labels.allocate(length);
    const labels = this.#labels.words;
    for (let i = 0; i < length; i++) labels[start + i] = row[i]!;
    const at = this.#series.allocate(SERIES_STRIDE);
    const { words } = this.#series;
    words[at + SERIES.ref] = ref;
    words[at + SERIES.source] = source;
    words[at + SERIES.labels] = start;
    words[at + SERIES.labelCount] = length / 2;
    words[at + SERIES.slot] = NO_SLOT;
    const series = this.#count++;
    this.#byIdentity.insert(hash, series);
    for (let i = 0; i < length; i += 2) this.#post(row[i]!, row[i + 1]!, series);
    Atomics.store(this.#control, INDEX_CONTROL.series, this.#count);
    return series;
  }

  #isSame(series: number, source: number, row: Uint32Array, length: number): boolean {
    const { words } = this.#series;
    const at = series * SERIES_STRIDE;
    if (words[at + SERIES.source] !== source || 2 * words[at + SERIES.labelCount]! !== length) return false;
    const from = words[at + SERIES.labels]!;
    const rows = this.#labels.words;
    for (let i = 0; i < length; i++) if (rows[from + i] !== row[i]) return false;
    return true;
  }

  #post(name: number, value: number, series: number): void {
    const recent = value & (RECENT_TERMS - 1);
    const known = this.#recentTerms[recent]! - 1;
    if (known >= 0 && this.#isTerm(known, name, value)) {
      this.#appendPosting(known * TERM_STRIDE, series);
      return;
    }
    const hash = hashPair(name, value, this.#seed);
    const found = this.#termTable.find(hash, (term) => this.#isTerm(term, name, value));
    this.#recentTerms[recent] = (found < 0 ? this.#termCount : found) + 1;
    if (found < 0) this.#addTerm(hash, name, value, series);
    else this.#appendPosting(found * TERM_STRIDE, series);
  }

  #isTerm(term: number, name: number, value: number): boolean {
    const at = term * TERM_STRIDE;
    return this.#terms.words[at + TERM.name] === name && this.#terms.words[at + TERM.value] === value;
  }

  #addTerm(hash: number, name: number, value: number, series: number): void {
    const term = this.#termCount++;
    const at = this.#terms.allocate(TERM_STRIDE);
    const { words } = this.#terms;
    words[at + TERM.name] = name;
    words[at + TERM.value] = value;
    words[at + TERM.firstSeries] = series;
    words[at + TERM.count] = 1;
    this.#termTable.insert(hash, term);
    const known = this.#nameOf.get(name);
    const entry = known ?? this.#names.allocate(NAME_STRIDE);
    const names = this.#names.words;
    if (known === undefined) {
      this.#nameOf.set(name, entry);
      names[entry + NAME.symbol] = name;
      names[entry + NAME.firstTerm] = term + 1;
      Atomics.store(this.#control, INDEX_CONTROL.names, this.#nameOf.size);
    } else {
      words[names[entry + NAME.lastTerm]! * TERM_STRIDE + TERM.next] = term + 1;
    }
    names[entry + NAME.lastTerm] = term;
  }

  #appendPosting(at: number, series: number): void {
    const count = this.#terms.words[at + TERM.count]!;
    let chunk = this.#terms.words[at + TERM.lastChunk]!;
    const used = this.#terms.words[at + TERM.lastUsed]!;
    if (count === 1 || used === this.#postings.words[chunk]) {
      const capacity = count === 1 ? FIRST_CHUNK : Math.min(2 * this.#postings.words[chunk]!, LARGEST_CHUNK);
      const next = this.#postings.allocate(CHUNK_HEADER + capacity);
      this.#postings.words[next] = capacity;
      if (count === 1) this.#terms.words[at + TERM.firstChunk] = next;
      else this.#postings.words[chunk + 1] = next + 1;
      chunk = next;
      this.#terms.words[at + TERM.lastChunk] = chunk;
      this.#terms.words[at + TERM.lastUsed] = 0;
    }
    const place = this.#terms.words[at + TERM.lastUsed]!++;
    this.#postings.words[chunk + CHUNK_HEADER + place] = series;
    this.#terms.words[at + TERM.count] = count + 1;
  }
}

/** Binary search: refs ascend. */
export function seriesByRef(words: Uint32Array, count: number, ref: number): number {
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = words[middle * SERIES_STRIDE + SERIES.ref]!;
    if (found === ref) return middle;
    if (found < ref) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
