import { type Labels, labelsKey } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import type { HeadReader } from './head/head-reader.ts';
import type { HeadSelection } from './head/head-selection.ts';
import type { IndexReader } from './index/index-reader.ts';
import type { CompiledMatcher } from './matching.ts';

/** New series that are tried against a known selector one by one; with more of them it is matched anew. */
const TRIED_SINGLY = 2000;

/** What a selector finds in the head, as of the index with `count` series. */
export interface KnownSelection {
  readonly selection: HeadSelection;
  /** Whether no two of its series have the same labels, as a target's do that moved to another job. */
  readonly isDistinct: boolean;
}

/**
 * Selectors of the head resolved once and kept, with the labels of their series: rules and dashboards ask the same again and again while
 * the index hardly changes. For one thread; what is kept is good for every view, because series keep their numbers and
 * labels as long as their index.
 */
export class HeadSelections {
  readonly #known = new Map<string, { count: number; readonly known: KnownSelection }>();
  readonly #maxSeries: number;
  #series = 0;
  #labels: (Labels | undefined)[] = [];
  #labelsKept = 0;
  #generation = 0;

  /** @param maxSeries kept at most, those of several selectors counted again: 4 bytes each, and about 150 for labels */
  constructor(maxSeries: number) {
    this.#maxSeries = maxSeries;
  }

  /** What the matchers find in the reader's view. */
  of(
    head: HeadReader,
    matchers: readonly Matcher[],
    compile: (matchers: readonly Matcher[]) => readonly CompiledMatcher[],
  ): KnownSelection {
    const { index } = head;
    this.#follow(index);
    const key = keyOf(matchers);
    const entry = this.#known.get(key);
    if (entry && this.#isCurrent(entry, index, matchers, compile)) return entry.known;
    if (entry) this.#forget(key, entry.known);
    const selection = head.selection(index.match(compile(matchers)));
    const known = { selection, isDistinct: this.#areDistinct(index, selection) };
    if (selection.size <= this.#maxSeries / 2) {
      this.#series += selection.size;
      this.#known.set(key, { count: index.count, known });
      for (const [oldest, { known: old }] of this.#known) {
        if (this.#series <= this.#maxSeries) break;
        this.#forget(oldest, old);
      }
    }
    return known;
  }

  labelsOf(index: IndexReader, series: number): Labels {
    this.#follow(index);
    const known = this.#labels[series];
    if (known) return known;
    const labels = index.labelsOf(series);
    if (this.#maxSeries === 0) return labels;
    if (this.#labelsKept >= this.#maxSeries) {
      this.#labels = [];
      this.#labelsKept = 0;
    }
    while (this.#labels.length < series) this.#labels.push(undefined);
    this.#labels[series] = labels;
    this.#labelsKept++;
    return labels;
  }

  /** What is kept names series by the numbers of one generation. */
  #follow({ generation }: IndexReader): void {
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#known.clear();
    this.#series = 0;
    this.#labels = [];
    this.#labelsKept = 0;
  }

  #isCurrent(
    entry: { count: number },
    index: IndexReader,
    matchers: readonly Matcher[],
    compile: (matchers: readonly Matcher[]) => readonly CompiledMatcher[],
  ): boolean {
    if (entry.count === index.count) return true;
    // Another reader of the thread may have seen more of the index than this one.
    if (entry.count > index.count || index.count - entry.count > TRIED_SINGLY) return false;
    if (index.matchesFrom(compile(matchers), entry.count)) return false;
    entry.count = index.count;
    return true;
  }

  #forget(key: string, { selection }: KnownSelection): void {
    this.#known.delete(key);
    this.#series -= selection.size;
  }

  #areDistinct(index: IndexReader, { own, rings }: HeadSelection): boolean {
    // The series of one ring are.
    if (rings.length + Math.sign(own.length) < 2) return true;
    const keys = new Set<string>();
    let size = 0;
    for (const list of [own, ...rings.map(({ series }) => series)]) {
      size += list.length;
      for (const series of list) keys.add(labelsKey(this.labelsOf(index, series)));
    }
    return keys.size === size;
  }
}

const keyOf = (matchers: readonly Matcher[]): string => {
  let key = '';
  for (const { name, op, value } of matchers) key += `${name}\xff${op}${value}\xff`;
  return key;
};
