import { hashBytes } from './hash.ts';
import { HashTable } from './hash-table.ts';
import { INDEX_CONTROL, type IndexShared } from './layout.ts';
import { ByteSlab, WordSlab } from './slab.ts';

/** Strings whose symbol is remembered by JavaScript string; label names and the values of whole targets come again and again. */
const RECENT_LIMIT = 2048;

const encoder = new TextEncoder();

/** Names and values of labels as numbers. Each distinct string is kept once, as UTF-8 in shared memory. */
export class SymbolWriter {
  readonly #bytes: ByteSlab;
  readonly #offsets: WordSlab;
  readonly #table: HashTable;
  readonly #control: Int32Array;
  readonly #seed: number;
  readonly #recent = new Map<string, number>();
  #scratch = new Uint8Array(1024);
  #count: number;

  /** @param isKnown whether the symbols that the control block counts are there already */
  constructor(shared: IndexShared, tables: WordSlab, isKnown: boolean) {
    const control = new Int32Array(shared.control);
    this.#control = control;
    this.#seed = control[INDEX_CONTROL.seed]!;
    this.#count = isKnown ? control[INDEX_CONTROL.symbols]! : 0;
    this.#bytes = new ByteSlab(shared.symbolBytes, isKnown ? control[INDEX_CONTROL.symbolBytes]! : 0);
    this.#offsets = new WordSlab(shared.symbolOffsets, this.#count + 1);
    this.#table = new HashTable(
      tables,
      (offset) => Atomics.store(this.#control, INDEX_CONTROL.symbolTable, offset),
      (symbol) => {
        const { words } = this.#offsets;
        return hashBytes(this.#bytes.bytes, words[symbol]!, words[symbol + 1]!, this.#seed);
      },
      isKnown ? { offset: control[INDEX_CONTROL.symbolTable]!, used: this.#count } : undefined,
    );
  }

  reserve(symbols: number): void {
    this.#table.reserve(symbols);
  }

  get byteLength(): number {
    return this.#bytes.length;
  }

  intern(text: string): number {
    const known = this.#recent.get(text);
    if (known !== undefined) return known;
    if (this.#scratch.length < text.length * 3) this.#scratch = new Uint8Array(text.length * 4);
    const { written } = encoder.encodeInto(text, this.#scratch);
    const symbol = this.internBytes(this.#scratch, 0, written);
    if (this.#recent.size >= RECENT_LIMIT) this.#recent.clear();
    this.#recent.set(text, symbol);
    return symbol;
  }

  text(symbol: number): string {
    const { words } = this.#offsets;
    return this.#bytes.bytes.toString('utf8', words[symbol]!, words[symbol + 1]!);
  }

  /** The symbol that another writer has for the text of one of these. */
  inOther(symbol: number, other: SymbolWriter): number {
    const { words } = this.#offsets;
    return other.internBytes(this.#bytes.bytes, words[symbol]!, words[symbol + 1]!);
  }

  /** The symbol of a text given as UTF-8, source[from, to). */
  internBytes(source: Uint8Array, from: number, to: number): number {
    const hash = hashBytes(source, from, to, this.#seed);
    const found = this.#table.find(hash, (symbol) => this.#equals(symbol, source, from, to));
    if (found >= 0) return found;
    const symbol = this.#count++;
    this.#bytes.append(source, from, to);
    const end = this.#offsets.allocate(1);
    this.#offsets.words[end] = this.#bytes.length;
    this.#table.insert(hash, symbol);
    Atomics.store(this.#control, INDEX_CONTROL.symbols, this.#count);
    return symbol;
  }

  #equals(symbol: number, source: Uint8Array, from: number, to: number): boolean {
    const { words } = this.#offsets;
    const start = words[symbol]!;
    if (words[symbol + 1]! - start !== to - from) return false;
    const { bytes } = this.#bytes;
    for (let i = from; i < to; i++) if (bytes[start + i - from] !== source[i]) return false;
    return true;
  }
}
