import { type Labels, labelsKey } from '../model/labels.ts';
import type { PageHistogram, PageSamples } from './page-samples.ts';
import type { PageCounts } from './scrape-reports.ts';
import { CONVERTED, DROPPED, FIRST_PENDING, PARKED } from './series-ids.ts';

/** How many samples of a page count as scraped, and how many relabelling left. */
export function tally(
  { count, series }: Pick<PageSamples, 'count' | 'series'>,
  histograms: readonly PageHistogram[],
): Pick<PageCounts, 'scraped' | 'kept'> {
  let scraped = count + histograms.length;
  let dropped = 0;
  for (let i = 0; i < count; i++) {
    if (series[i] === DROPPED) dropped++;
    else if (series[i] === CONVERTED) scraped--;
  }
  for (const sample of histograms) if (sample.series === DROPPED) dropped++;
  return { scraped, kept: scraped - dropped };
}

/**
 * New series among the first `limit` samples that would be stored; undefined when there are no more samples than that. As upstream, a
 * line that says a series once more counts only with a time of its own.
 * @param page labels of the series without a slot, and whether times on the page count
 */
export function askedWithin(
  limit: number,
  { count, series, timestamp: times }: PageSamples,
  histograms: readonly PageHistogram[],
  page: { readonly pending: readonly Labels[]; readonly honorTimestamps: boolean },
): Labels[] | undefined {
  const asked: Labels[] = [];
  const seen = new Set<number | string>();
  let stored = 0;
  const take = (id: number, time: number): boolean => {
    if (id === DROPPED || id === CONVERTED) return true;
    const isPending = id <= FIRST_PENDING;
    const labels = isPending ? page.pending[FIRST_PENDING - id]! : undefined;
    const key = labels ? labelsKey(labels) : id;
    const isNew = id === PARKED || !seen.has(key);
    if (!isNew && (Number.isNaN(time) || !page.honorTimestamps)) return true;
    if (++stored > limit) return false;
    seen.add(key);
    if (labels && isNew) asked.push(labels);
    return true;
  };
  for (let i = 0; i < count; i++) if (!take(series[i]!, times ? times[i]! : Number.NaN)) return asked;
  for (const { series: id, timestamp } of histograms) if (!take(id, timestamp)) return asked;
  return undefined;
}
