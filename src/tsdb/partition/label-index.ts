import { type Labels, labelsFromSorted } from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import type { SeriesEntry, SeriesRef, SourceId } from '../block.ts';
import { type CompiledMatcher, compileMatcher } from '../matching.ts';
import { RefMap } from './ref-map.ts';
import { identityOf, type StoredBlob } from './schema.ts';
import { decodeSeries } from './series-blob.ts';

/** Series of matched selectors that are remembered, of one partition. */
const MAX_REMEMBERED = 512;

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
  readonly #postings: Uint32Array;
  readonly #postingStarts: Uint32Array;
  readonly #numbers = new RefMap();
  /** What selectors matched before, the newest last. */
  readonly #matched = new Map<string, readonly SeriesEntry[]>();
  #remembered = 0;

  /** @throws CorruptBlockError when a blob is damaged */
  constructor(blobs: Iterable<StoredBlob>) {
    const built = collect(blobs);
    this.count = built.refs.length;
    this.#text = Buffer.concat(built.texts);
    this.#offsets = offsetsOf(built.texts);
    this.#names = Uint32Array.from(built.names);
    this.#values = Uint32Array.from(built.values);
    this.#refs = Uint32Array.from(built.refs);
    this.#sources = Uint32Array.from(built.sources);
    this.#starts = Uint32Array.from(built.starts);
    this.#rows = Uint32Array.from(built.rows);
    this.#names.forEach((name, label) => {
      const labels = this.#labelsOfName.get(name);
      if (labels) labels.push(label);
      else this.#labelsOfName.set(name, [label]);
    });
    this.#refs.forEach((ref, number) => void this.#numbers.set(ref, number));
    this.#postingStarts = new Uint32Array(this.#names.length + 1);
    for (const label of this.#rows) this.#postingStarts[label + 1]!++;
    for (let label = 0; label < this.#names.length; label++) {
      this.#postingStarts[label + 1]! += this.#postingStarts[label]!;
    }
    this.#postings = new Uint32Array(this.#rows.length);
    const next = this.#postingStarts.slice();
    for (let number = 0; number < this.count; number++) {
      for (let at = this.#starts[number]!; at < this.#starts[number + 1]!; at++) {
        this.#postings[next[this.#rows[at]!]!++] = number;
      }
    }
  }

  /** The series with a ref, if the partition has it. */
  entryOf(ref: number): SeriesEntry | undefined {
    const number = this.#numbers.get(ref);
    return number === undefined ? undefined : this.#entry(number);
  }

  /** Throws what `compileMatcher` throws. */
  match(matchers: readonly Matcher[]): readonly SeriesEntry[] {
    const key = matchers.map(({ name, op, value }) => `${op}${name}\xff${value}`).join('\xff\xff');
    const known = this.#matched.get(key);
    if (known) return known;
    const found = this.#match(matchers);
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

  #match(matchers: readonly Matcher[]): SeriesEntry[] {
    const resolved = matchers
      .map(compileMatcher)
      .filter((matcher) => !matcher.matchesAll)
      .map((matcher) => this.#resolve(matcher));
    const narrow = resolved
      .filter((one) => !one.matchesEmpty)
      .reduce<Resolved | undefined>((best, one) => (best && best.size <= one.size ? best : one), undefined);
    const rest = resolved.filter((one) => one !== narrow);
    const found: SeriesEntry[] = [];
    const consider = (number: number): void => {
      if (rest.every((one) => this.#accepts(one, number))) found.push(this.#entry(number));
    };
    if (narrow === undefined) {
      for (let number = 0; number < this.count; number++) consider(number);
    } else {
      for (const label of narrow.labels) {
        for (let at = this.#postingStarts[label]!; at < this.#postingStarts[label + 1]!; at++) {
          consider(this.#postings[at]!);
        }
      }
    }
    return found;
  }

  #resolve(matcher: CompiledMatcher): Resolved {
    const name = this.#nameSymbol(matcher.name);
    const accepted = new Uint8Array(this.#names.length);
    const labels: number[] = [];
    let size = 0;
    for (const label of name === undefined ? [] : this.#labelsOfName.get(name)!) {
      if (!this.#acceptsValue(matcher, this.#values[label]!)) continue;
      accepted[label] = 1;
      labels.push(label);
      size += this.#postingStarts[label + 1]! - this.#postingStarts[label]!;
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

interface Collected {
  readonly texts: Uint8Array[];
  readonly names: number[];
  readonly values: number[];
  readonly refs: number[];
  readonly sources: number[];
  readonly starts: number[];
  readonly rows: number[];
}

/** Gives equal strings and labels of different blobs the same numbers. */
function collect(blobs: Iterable<StoredBlob>): Collected {
  const symbolOf = new Map<string, number>();
  const labelOf = new Map<number, number>();
  const seen = new RefMap();
  const out: Collected = { texts: [], names: [], values: [], refs: [], sources: [], starts: [0], rows: [] };
  for (const { id, b } of blobs) {
    const symbols: number[] = [];
    decodeSeries(b, identityOf(id), {
      symbol(bytes) {
        const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
        let symbol = symbolOf.get(text);
        if (symbol === undefined) {
          symbol = symbolOf.size;
          symbolOf.set(text, symbol);
          out.texts.push(bytes.slice());
        }
        symbols.push(symbol);
      },
      series(ref, source, pairs, length) {
        if (seen.has(ref)) return;
        seen.set(ref, 1);
        for (let i = 0; i < length; i += 2) {
          const name = symbols[pairs[i]!]!;
          const value = symbols[pairs[i + 1]!]!;
          const key = name * 2 ** 26 + value;
          let label = labelOf.get(key);
          if (label === undefined) {
            label = labelOf.size;
            labelOf.set(key, label);
            out.names.push(name);
            out.values.push(value);
          }
          out.rows.push(label);
        }
        out.refs.push(ref);
        out.sources.push(source);
        out.starts.push(out.rows.length);
      },
    });
  }
  return out;
}

function offsetsOf(texts: readonly Uint8Array[]): Uint32Array {
  const offsets = new Uint32Array(texts.length + 1);
  texts.forEach((text, i) => {
    offsets[i + 1] = offsets[i]! + text.length;
  });
  return offsets;
}
