import type { WrittenExemplar } from '../exposition/parser.ts';
import type { Appender, ScrapeAppender } from '../model/appender.ts';
import type { Exemplar } from '../model/exemplar.ts';
import { type Labels, labelsOf } from '../model/labels.ts';
import type { LineExemplar } from './page-groups.ts';
import type { PageHistogram, PageSamples } from './page-samples.ts';
import { FIRST_PENDING, isLeftOut } from './series-ids.ts';

/** Most exemplars taken from one page; an exporter that has more shows those that are new by and by. */
const MAX_EXEMPLARS = 20_000;

/** Samples and exemplars further ahead than this are not taken, as upstream. */
export const MAX_AHEAD_MS = 10 * 60_000;

/** The exemplars that are new on the page under way. */
export class PageExemplars {
  #lines: LineExemplar[] = [];

  add(line: number, written: { exemplar(): WrittenExemplar }): void {
    if (this.#lines.length < MAX_EXEMPLARS) this.#lines.push({ line, exemplar: written.exemplar() });
  }

  clear(): void {
    this.#lines = [];
  }

  /** Lets those of lines that became histograms go to these. */
  divide(toHistograms: (lines: LineExemplar[]) => LineExemplar[]): void {
    this.#lines = toHistograms(this.#lines);
  }

  /** Stores them with the row of `now`, which is open. @param pending labels of series without a slot */
  store(
    page: { readonly samples: PageSamples; readonly histograms: readonly PageHistogram[] },
    to: {
      readonly source: ScrapeAppender;
      readonly appender: Appender;
      readonly pending: readonly Labels[];
      readonly honorTimestamps: boolean;
    },
    now: number,
  ): void {
    const storeOne = (id: number, written: WrittenExemplar, lineTime: number): void => {
      if (isLeftOut(id)) return;
      const exemplar = exemplarOf(written, to.honorTimestamps ? lineTime : Number.NaN);
      if (exemplar.timestamp !== undefined && exemplar.timestamp > now + MAX_AHEAD_MS) return;
      if (id >= 0) to.source.exemplar(id, exemplar);
      else {
        const timestamp = exemplar.timestamp ?? now;
        to.appender.exemplar(to.pending[FIRST_PENDING - id]!, { ...exemplar, timestamp });
      }
    };
    const { series, timestamp: times } = page.samples;
    for (const { line, exemplar } of this.#lines)
      storeOne(series[line]!, exemplar, times?.[line] ?? Number.NaN);
    for (const { series: slot, exemplars, timestamp: ownTime } of page.histograms) {
      for (const exemplar of exemplars) storeOne(slot, exemplar, ownTime);
    }
    this.clear();
  }
}

/** @param lineTime of its line, Unix ms, where that counts; NaN without */
function exemplarOf({ labels: flat, value, timestamp: own }: WrittenExemplar, lineTime: number): Exemplar {
  const labels = labelsOf(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!] as const] : [])));
  const timestamp = Number.isNaN(own) ? lineTime : own;
  return Number.isNaN(timestamp) ? { labels, value } : { labels, value, timestamp };
}
