import type { Clock } from '../clock.ts';
import type { ScrapeAppender } from '../model/appender.ts';
import { type Labels, labelsKey } from '../model/labels.ts';
import type { Target } from './target.ts';

/**
 * Sources of targets that are gone while another target, of any job, has their labels. What they had becomes stale just before what
 * there is instead, so that nobody sees it missing in between; or at once, when no target has these labels.
 */
export class Succession {
  readonly #clock: Clock;
  readonly #labelsInUse: () => Iterable<Labels>;
  /** By the labels. */
  readonly #left = new Map<string, { readonly key: string; readonly source: ScrapeAppender }>();
  #changes = 0;

  /** @param labelsInUse those of all targets that are scraped now */
  constructor(clock: Clock, labelsInUse: () => Iterable<Labels>) {
    this.#clock = clock;
    this.#labelsInUse = labelsInUse;
  }

  /** Changes which targets there are. What leaves meanwhile is looked at when the last such change under way is done. */
  async during(change: () => Promise<unknown>): Promise<void> {
    this.#changes++;
    try {
      await change();
    } finally {
      this.#changes--;
      if (this.#changes === 0) this.#settle();
    }
  }

  /** A target is gone, and its source, with all it had, is handed over. */
  leave(target: Target, source: ScrapeAppender): void {
    const labels = labelsKey(target.labels);
    if (this.#left.has(labels)) end(source, this.#clock.now());
    else this.#left.set(labels, { key: target.key, source });
  }

  /** The source of this key is wanted again: what it had ends now, if it waits here. */
  claim(key: string): void {
    for (const [labels, left] of this.#left) if (left.key === key) this.#end(labels, this.#clock.now());
  }

  /** A target with these labels is about to have a row. */
  succeed(labels: Labels, timestamp: number): void {
    if (this.#left.size > 0) this.#end(labelsKey(labels), timestamp - 1);
  }

  #settle(): void {
    if (this.#left.size === 0) return;
    const inUse = new Set<string>();
    for (const labels of this.#labelsInUse()) inUse.add(labelsKey(labels));
    for (const labels of [...this.#left.keys()]) if (!inUse.has(labels)) this.#end(labels, this.#clock.now());
  }

  #end(labels: string, timestamp: number): void {
    const left = this.#left.get(labels);
    if (!left) return;
    this.#left.delete(labels);
    end(left.source, timestamp);
  }
}

function end(source: ScrapeAppender, timestamp: number): void {
  source.markAllStale(timestamp);
  source.close();
}
