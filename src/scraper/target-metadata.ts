import type { MetricType } from '../exposition/parser.ts';
import type { Appender } from '../model/appender.ts';
import type { MetricMetadata } from '../model/queryable.ts';

/** Most metric families of a target whose metadata is kept: a target that makes up names must not fill the memory. */
const MAX_FAMILIES = 10_000;
/** Pages for which the metadata of a family is kept that is gone; upstream's number. */
const KEPT_PAGES = 10;

const NO_METADATA: MetricMetadata = { type: 'unknown', help: '', unit: '' };

/**
 * What a target says about its metric families. A page that is recognised does not say it again, so once in a while, after pages
 * that were not, the families on the page are counted: those that are missing are forgotten 11 pages later unless they come back.
 */
export class TargetMetadata {
  readonly families = new Map<string, MetricMetadata>();
  /** Families whose metadata changed with the page under way. */
  readonly #described = new Set<string>();
  /** Families that were not there, and the number of the page on which. */
  readonly #missing = new Map<string, number>();
  #page = 0;
  #lookedAt = 0;
  #hasChanged = false;
  /** Whether nothing was known before the page under way: then all there is is on it. */
  #isFirst = true;
  /** Whether a family was refused: those of a page are to be told again. */
  #wasFull = false;

  /** To be called before a page is read. */
  start(): void {
    this.#isFirst = this.families.size === 0;
  }

  describe(family: string, part: { help: string } | { type: MetricType } | { unit: string }): void {
    if (this.#missing.size > 0) this.#missing.delete(family);
    const before = this.families.get(family);
    this.#hasChanged ||= before === undefined;
    if (before === undefined && this.families.size >= MAX_FAMILIES) {
      this.#wasFull = true;
      return;
    }
    const metadata: MetricMetadata = { ...NO_METADATA, ...before, ...part };
    const { type, help, unit } = metadata;
    // Protobuf tells it again with every page.
    if (before?.type === type && before.help === help && before.unit === unit) return;
    this.families.set(family, metadata);
    this.#described.add(family);
  }

  /** To be called when a page is read. Once all of a family is known: a type that comes after the help would be noted as a change of it. */
  tell(appender: Pick<Appender, 'metadata'>): void {
    for (const family of this.#described) appender.metadata(family, this.families.get(family)!);
    this.#described.clear();
  }

  /** Counts a page that was read. @param hasChanged whether it may have other families than the one before */
  pageRead(hasChanged: boolean): void {
    this.#page++;
    if (this.#isFirst && !this.#wasFull) this.#hasChanged = false;
    else this.#hasChanged ||= hasChanged;
    if (this.#missing.size === 0) return;
    for (const [family, page] of this.#missing) {
      if (this.#page - page <= KEPT_PAGES) continue;
      this.#missing.delete(family);
      this.families.delete(family);
    }
  }

  /** Whether the families of the page just read are to be counted. */
  get isCountDue(): boolean {
    return this.#hasChanged && this.#page - this.#lookedAt > KEPT_PAGES;
  }

  /** @param present the families of the page just read, each told again since */
  count(present: ReadonlySet<string>): void {
    this.#lookedAt = this.#page;
    this.#hasChanged = this.#wasFull;
    this.#wasFull = false;
    for (const family of this.families.keys()) {
      if (!present.has(family) && !this.#missing.has(family)) this.#missing.set(family, this.#page);
    }
  }
}
