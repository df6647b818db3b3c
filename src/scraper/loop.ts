import type { Clock, Timer } from '../clock.ts';
import { formatDuration } from '../model/duration.ts';
import type { ExpositionFormat } from './exposition-format.ts';
import type { ParkedJson } from './parked-series.ts';
import type { Rounds } from './rounds.ts';
import type { ScrapeMetrics } from './scrape-metrics.ts';
import type { Target } from './target.ts';
import type { TargetSamples } from './target-samples.ts';

/** Where the pages of a target come from. */
export interface PageSource {
  /** @param expectedBytes how long the page may be, from experience @throws Error saying why there is no page */
  fetch(signal: AbortSignal, expectedBytes: number): Promise<Page>;
}

export interface Page {
  readonly body: Uint8Array;
  readonly format: ExpositionFormat;
}

export interface LoopState {
  readonly health: 'unknown' | 'up' | 'down';
  /** Empty when the last scrape went well. */
  readonly lastError: string;
  /** Unix ms, 0 before the first. */
  readonly lastScrape: number;
  readonly lastDurationSeconds: number;
}

export interface ScrapeLoop {
  readonly state: LoopState;
  /**
   * Scrapes for the first time when it is `due` on the monotonic clock, then on a grid of the interval. What was due before is
   * scraped at once, and from its next place on the grid as all others.
   */
  start(due: number): void;
  /** Asks for the page once more, for somebody to look at; nothing of it is stored. @throws Error saying why there is none */
  look(): Promise<Page>;
  /** Cuts a scrape under way and stores nothing any more; resolves when that is certain, with whether there was one. */
  stop(): Promise<boolean>;
}

/** Work on one page before others run. */
const SLICE_MS = 5;
/** How far from its grid a scrape may start and still be stamped with the grid's time; at most a hundredth of the interval. */
const GRID_TOLERANCE_MS = 2;

/** Scrapes one target for as long as it runs. Nothing that a target does reaches further than its own rows. */
export function createScrapeLoop(deps: {
  readonly target: Target;
  readonly pages: PageSource;
  readonly samples: TargetSamples;
  readonly clock: Clock;
  readonly rounds: Rounds;
  readonly metrics: ScrapeMetrics;
  /** Told of a failure that differs from the last scrape's, and of the first success after failures. */
  readonly onChange: (failure: Error | undefined) => void;
  /** Told of every failure. */
  readonly onFailure?: (failure: Error) => void;
  /** Told of the first series that the budget has no room for, and that there is none any more. */
  readonly onParking: (parked: ParkedJson | undefined) => void;
  /** Told of every row before it is stored. */
  readonly onRow?: (timestamp: number) => void;
}): ScrapeLoop {
  const { target, pages, samples, clock, rounds, metrics } = deps;
  const { intervalMs, timeoutMs } = target;
  let state: LoopState = { health: 'unknown', lastError: '', lastScrape: 0, lastDurationSeconds: 0 };
  let timer: Timer | undefined;
  let isStopped = false;
  let grid = Number.NaN;
  let startedAt = 0;
  let wasParking = false;
  /** Used until it is aborted, not for one scrape only. */
  let cut = new AbortController();
  /** Gives up the page that is awaited, whatever those do that were told to stop. */
  let giveUp: ((reason: unknown) => void) | undefined;
  /** The scrape under way. */
  let underWay: Promise<void> | undefined;

  const scrapeTime = (): number => {
    const now = clock.now();
    const tolerance = Math.min(GRID_TOLERANCE_MS, intervalMs / 100);
    if (Number.isNaN(grid) || now < grid - tolerance) grid = now;
    grid += Math.floor((now - grid + tolerance) / intervalMs) * intervalMs;
    return Math.abs(now - grid) <= tolerance ? grid : now;
  };

  const lateError = (): Error =>
    new Error(
      `context deadline exceeded: no complete answer within ${formatDuration(timeoutMs)} (scrape_timeout)`,
    );

  const abort = (reason: Error): void => {
    cut.abort(reason);
    giveUp?.(reason);
  };
  const fetch = (): Promise<Page> => {
    if (cut.signal.aborted) cut = new AbortController();
    const { signal } = cut;
    return new Promise((resolve, reject) => {
      giveUp = reject;
      pages.fetch(signal, samples.expectPage()).then(resolve, reject);
    });
  };
  const read = async (page: Page): Promise<void> => {
    const { signal } = cut;
    let sliceFrom = clock.monotonic();
    const sliceOver = (): boolean => clock.monotonic() - sliceFrom >= SLICE_MS;
    for (const _ of samples.read(page.body, page.format, sliceOver)) {
      await new Promise(setImmediate);
      signal.throwIfAborted();
      sliceFrom = clock.monotonic();
    }
  };

  const store = (timestamp: number, durationSeconds: number, failure: Error | undefined): void => {
    const counts = { duplicates: 0, outOfBounds: 0, shadowed: 0, parked: 0, inconsistent: 0 };
    deps.onRow?.(timestamp);
    const isStored = failure
      ? samples.storeFailure(timestamp, durationSeconds, failure)
      : samples.store(timestamp, durationSeconds, counts);
    if (!isStored) metrics.skipped.inc();
    metrics.scraped(durationSeconds, samples.counts.scraped, counts, failure !== undefined);
    const isParking = samples.parkedCount > 0;
    if (isParking !== wasParking) {
      wasParking = isParking;
      deps.onParking(samples.parked);
    }
    if (failure) deps.onFailure?.(failure);
    if ((failure?.message ?? '') !== state.lastError) deps.onChange(failure);
    state = {
      health: failure ? 'down' : 'up',
      lastError: failure?.message ?? '',
      lastScrape: timestamp,
      lastDurationSeconds: durationSeconds,
    };
  };

  const scrape = async (due: number): Promise<void> => {
    const timestamp = scrapeTime();
    // Before its place in the interval: no measure of where the grid lies.
    if (due < startedAt) grid = Number.NaN;
    const started = clock.monotonic();
    const deadline = clock.after(timeoutMs, () => abort(lateError()));
    let failure: Error | undefined;
    rounds.begin();
    try {
      await read(await fetch());
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    }
    giveUp = undefined;
    deadline.cancel();
    if (!isStopped) {
      store(timestamp, (clock.monotonic() - started) / 1000, failure);
      const passed = Math.floor((clock.monotonic() - due) / intervalMs);
      if (passed > 1) metrics.skipped.inc(passed - 1);
      scrapeAt(due + Math.max(1, passed) * intervalMs);
    }
    rounds.end();
    underWay = undefined;
  };

  const scrapeAt = (due: number): void => {
    timer = rounds.at(due, () => {
      underWay = scrape(due);
    });
  };

  return {
    get state() {
      return state;
    },
    start(due) {
      startedAt = clock.monotonic();
      scrapeAt(due);
    },
    async look() {
      const given = new AbortController();
      const deadline = clock.after(timeoutMs, () => given.abort(lateError()));
      try {
        return await pages.fetch(given.signal, 0);
      } finally {
        deadline.cancel();
      }
    },
    async stop() {
      isStopped = true;
      timer?.cancel();
      if (!underWay) return false;
      abort(new Error('the target is no longer scraped'));
      await underWay;
      return true;
    },
  };
}
