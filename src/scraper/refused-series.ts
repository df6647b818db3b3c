import { type Labels, labelsKey } from '../model/labels.ts';

/** Most series remembered. */
const MAX_SERIES = 20_000;

/**
 * Series of pages that were refused since the last one that was not: those before an error, or within `sample_limit`. They have no slot,
 * but are not new with the next page: upstream counts a series in `scrape_series_added` when it is seen first, whatever becomes of its
 * page.
 */
export class RefusedSeries {
  readonly #keys = new Set<string>();

  has(labels: Labels): boolean {
    return this.#keys.size > 0 && this.#keys.has(labelsKey(labels));
  }

  add(series: readonly Labels[]): void {
    for (const labels of series) {
      if (this.#keys.size === MAX_SERIES) return;
      this.#keys.add(labelsKey(labels));
    }
  }

  /** A page was taken. */
  clear(): void {
    this.#keys.clear();
  }
}
