import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import type { MetricMetadata } from '../../model/queryable.ts';
import type { SeriesRef, SourceId } from '../block.ts';
import type { Head } from '../head/head.ts';
import type { ScrapeSource } from '../head/scrape-source.ts';
import { NO_SLOT } from '../index/layout.ts';
import { Words } from '../words.ts';
import { type DefinitionVisitor, readDefinitions } from './definitions.ts';

/** Takes a series that is to be in the index: `symbols[0, length)` are its labels. */
type AddSeries = (
  ref: SeriesRef,
  source: SourceId,
  slot: number | undefined,
  symbols: Uint32Array,
  length: number,
) => void;

const NO_SYMBOL = 0xffffffff;
const MAX_WORD = 2 ** 32 - 1;

/**
 * The definitions of the log. Most series of a long-lived log are forgotten, and which ones is known only at its end: so it is read
 * twice, first for the last word on each series, some words a series, then for the labels of those that are needed. No series and
 * no label becomes an object on the way. Sources and metadata go to the head at once.
 */
export class DefinitionTable {
  readonly sources = new Map<SourceId, ScrapeSource>();
  /** Definitions read, superseded ones included. */
  read = 0;
  readonly #head: Head;
  readonly #bodies: Uint8Array[] = [];
  readonly #refs = new Words();
  readonly #sourceIds = new Words();
  readonly #slots = new Words();
  /** Place of each ref, once refs came that did not ascend. */
  #places: Map<number, number> | undefined;

  constructor(head: Head) {
    this.#head = head;
  }

  /** Takes in a row of definitions. @throws CorruptBlockError */
  take(body: Uint8Array): void {
    this.#bodies.push(body);
    const head = this.#head;
    const texts = new Texts(body);
    readDefinitions(body, {
      text: (from, to) => texts.add(from, to),
      source: (id, key) => {
        this.read++;
        if (!this.sources.has(id)) this.sources.set(id, head.addSource(id, texts.string(key)));
      },
      series: (ref, source, slot) => this.#series(ref, source, slot),
      slot: (ref, slot) => {
        this.read++;
        const place = this.#placeOf(ref);
        if (place >= 0) this.#slots.words[place] = slot ?? NO_SLOT;
      },
      metadata(metric, type, help, unit) {
        const metadata: MetricMetadata = { type, help: texts.string(help), unit: texts.string(unit) };
        head.metadata.set(texts.string(metric), metadata);
      },
      counters: (ref, source) => head.raiseCounters(ref, source),
    });
  }

  /** Calls `visit` with the last word on each series, by its place. */
  each(visit: (source: SourceId, slot: number | undefined) => void): void {
    for (let place = 0; place < this.#refs.length; place++) {
      visit(this.#sourceIds.words[place]! as SourceId, this.#slotOf(place));
    }
  }

  /**
   * Calls `add` by ascending ref with the series that `isNeeded` accepts, their labels put into the index of the head as symbols. The
   * array of symbols is used again.
   */
  addTo(
    isNeeded: (ref: SeriesRef, source: SourceId, slot: number | undefined) => boolean,
    add: AddSeries,
  ): void {
    const late: (() => void)[] = [];
    const done = new Uint8Array(this.#refs.length);
    const row = new Words();
    let next = 0;
    for (const body of this.#bodies) {
      const texts = new Texts(body);
      const ignored = (): void => {};
      const visitor: DefinitionVisitor = {
        text: (from, to) => texts.add(from, to),
        series: (ref, source, _slot, labels, length) => {
          // Nearly always it is the next one.
          const place = this.#refs.words[next] === ref ? next : this.#placeOf(ref);
          next = place + 1;
          if (place < 0 || done[place] === 1) return;
          done[place] = 1;
          const slot = this.#slotOf(place);
          if (!isNeeded(ref, source, slot)) return;
          row.length = 0;
          for (let i = 0; i < length; i++) row.push(texts.symbol(labels[i]!, this.#head));
          if (!this.#places) add(ref, source, slot, row.words, length);
          else {
            const symbols = row.array();
            late[place] = () => add(ref, source, slot, symbols, length);
          }
        },
        source: ignored,
        slot: ignored,
        metadata: ignored,
        counters: ignored,
      };
      try {
        readDefinitions(body, visitor);
      } catch (error) {
        // Told about when it was taken in; what stood before the damage counts.
        if (!(error instanceof CorruptBlockError)) throw error;
      }
    }
    const order = [...(this.#places ?? [])].sort(([a], [b]) => a - b);
    for (const [, place] of order) late[place]?.();
  }

  #series(ref: SeriesRef, source: SourceId, slot: number | undefined): void {
    if (ref > MAX_WORD || source > MAX_WORD) {
      throw new CorruptBlockError(`series ${ref} of source ${source}: expected numbers below 2^32`);
    }
    this.read++;
    this.#head.raiseCounters(ref + 1, 0);
    let place = this.#placeOf(ref);
    if (place < 0) {
      place = this.#refs.length;
      if (place > 0 && ref < this.#refs.words[place - 1]!) {
        this.#places ??= new Map(
          this.#refs
            .array()
            .entries()
            .map(([at, known]) => [known, at]),
        );
      }
      this.#places?.set(ref, place);
      this.#refs.push(ref);
      this.#sourceIds.push(source);
      this.#slots.push(slot ?? NO_SLOT);
    }
    this.#sourceIds.words[place] = source;
    this.#slots.words[place] = slot ?? NO_SLOT;
  }

  #slotOf(place: number): number | undefined {
    const slot = this.#slots.words[place]!;
    return slot === NO_SLOT ? undefined : slot;
  }

  /** Place of the series with this ref, or -1. */
  #placeOf(ref: number): number {
    if (this.#places) return this.#places.get(ref) ?? -1;
    const refs = this.#refs.words;
    let low = 0;
    let high = this.#refs.length - 1;
    if (high < 0 || ref > refs[high]!) return -1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = refs[middle]!;
      if (found === ref) return middle;
      if (found < ref) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

/** The texts of one row of definitions, by their numbers. */
class Texts {
  readonly #body: Uint8Array;
  readonly #from = new Words();
  readonly #to = new Words();
  readonly #symbols = new Words();

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  add(from: number, to: number): number {
    this.#from.push(from);
    this.#to.push(to);
    this.#symbols.push(NO_SYMBOL);
    return this.#from.length - 1;
  }

  string(text: number): string {
    const from = this.#from.words[text]!;
    const length = this.#to.words[text]! - from;
    return Buffer.from(this.#body.buffer, this.#body.byteOffset + from, length).toString('utf8');
  }

  symbol(text: number, { index }: Head): number {
    let symbol = this.#symbols.words[text]!;
    if (symbol === NO_SYMBOL) {
      symbol = index.symbolOf(this.#body, this.#from.words[text]!, this.#to.words[text]!);
      this.#symbols.words[text] = symbol;
    }
    return symbol;
  }
}
