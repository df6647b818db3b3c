import type { AppendOutcome, SampleAppender } from '../model/appender.ts';
import { type Labels, labelsKey } from '../model/labels.ts';
import { MAX_AHEAD_MS } from './page-exemplars.ts';

/** Series of a target that bring their own timestamps: they are in no row, and become stale only if that is wanted. */
export class OwnTimes {
  readonly #appender: SampleAppender;
  readonly #becomesStale: boolean;
  /** Those of the last page by their key, where they may become stale, and of the page under way. */
  #before = new Map<string, Labels>();
  #now = new Map<string, Labels>();

  /** @param becomesStale `track_timestamps_staleness` */
  constructor(appender: SampleAppender, becomesStale: boolean) {
    this.#appender = appender;
    this.#becomesStale = becomesStale;
  }

  /** Stores a sample of the page of `now`. False when its time is one that the store does not take. */
  store(
    labels: Labels,
    timestamp: number,
    now: number,
    append: (appender: SampleAppender) => AppendOutcome,
  ): boolean {
    const outcome = timestamp > now + MAX_AHEAD_MS ? 'too_new' : append(this.#appender);
    if (this.#becomesStale) this.#now.set(labelsKey(labels), labels);
    return outcome === 'ok' || outcome === 'duplicate';
  }

  /** The page of `now` is stored, or there is none: what it has not becomes stale. */
  end(now: number): void {
    for (const [key, labels] of this.#before)
      if (!this.#now.has(key)) this.#appender.appendStale(labels, now);
    this.#before = this.#now;
    this.#now = new Map();
  }
}
