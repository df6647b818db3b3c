import type { Clock, Timer } from '../clock.ts';
import type { ExpositionFormat } from './exposition-format.ts';
import type { ScrapeMetrics } from './scrape-metrics.ts';
import type { Target } from './target.ts';
import type { TargetSamples } from './target-samples.ts';

/** Where the pages of a target come from. */
export interface PageSource {
  /** @param expectedBytes how long the page may be, from experience @throws Error saying why there is no page */
  fetch(
    signal: AbortSignal,
    expectedBytes: number,
  ): Promise<{ readonly body: Uint8Array; readonly format: ExpositionFormat }>;
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
  /** Scrapes for the first time after `offsetMs`, then on a grid of the interval. */
  start(offsetMs: number): void;
  /** Cuts a scrape under way and stores nothing any more; resolves when that is certain. */
  stop(): Promise<void>;
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
  readonly metrics: ScrapeMetrics;
  /** Told of a failure that differs from the last scrape's, and of the first success after failures. */
  readonly onChange: (failure: Error | undefined) => void;
}): ScrapeLoop {
  const { target, pages, samples, clock, metrics } = deps;
  const { intervalMs, timeoutMs } = target;
  const stopped = new AbortController();
  let state: LoopState = { health: 'unknown', lastError: '', lastScrape: 0, lastDurationSeconds: 0 };
  let timer: Timer | undefined;
  let running: Promise<void> = Promise.resolve();
  let grid = Number.NaN;

  const scrapeTime = (): number => {
    const now = clock.now();
    const tolerance = Math.min(GRID_TOLERANCE_MS, intervalMs / 100);
    if (Number.isNaN(grid) || now < grid - tolerance) grid = now;
    grid += Math.floor((now - grid + tolerance) / intervalMs) * intervalMs;
    return Math.abs(now - grid) <= tolerance ? grid : now;
  };

  const scrape = async (timestamp: number): Promise<void> => {
    const started = clock.monotonic();
    const cut = new AbortController();
    const onStop = (): void => cut.abort(stopped.signal.reason);
    stopped.signal.addEventListener('abort', onStop, { once: true });
    const deadline = clock.after(timeoutMs, () =>
      cut.abort(new Error(`no complete answer within ${timeoutMs} ms (scrape_timeout)`)),
    );
    let failure: Error | undefined;
    metrics.inFlight.inc();
    try {
      const page = await Promise.race([pages.fetch(cut.signal, samples.expectPage()), reasonOf(cut.signal)]);
      let sliceFrom = clock.monotonic();
      const sliceOver = (): boolean => clock.monotonic() - sliceFrom >= SLICE_MS;
      for (const _ of samples.read(page.body, page.format, sliceOver)) {
        await new Promise(setImmediate);
        cut.signal.throwIfAborted();
        sliceFrom = clock.monotonic();
      }
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
    } finally {
      metrics.inFlight.dec();
      deadline.cancel();
      stopped.signal.removeEventListener('abort', onStop);
    }
    if (stopped.signal.aborted) return;

    const lastDurationSeconds = (clock.monotonic() - started) / 1000;
    const counts = { duplicates: 0, outOfBounds: 0, shadowed: 0 };
    const isStored = failure
      ? samples.storeFailure(timestamp, lastDurationSeconds, failure)
      : samples.store(timestamp, lastDurationSeconds, counts);
    if (!isStored) metrics.skipped.inc();
    metrics.scraped(lastDurationSeconds, samples.counts.scraped, counts, failure !== undefined);
    if ((failure?.message ?? '') !== state.lastError) deps.onChange(failure);
    state = {
      health: failure ? 'down' : 'up',
      lastError: failure?.message ?? '',
      lastScrape: timestamp,
      lastDurationSeconds,
    };
  };

  const scrapeAt = (due: number): void => {
    timer = clock.after(Math.max(0, due - clock.monotonic()), () => {
      running = scrape(scrapeTime()).then(() => {
        if (stopped.signal.aborted) return;
        const passed = Math.floor((clock.monotonic() - due) / intervalMs);
        if (passed > 1) metrics.skipped.inc(passed - 1);
        scrapeAt(due + Math.max(1, passed) * intervalMs);
      });
    });
  };

  return {
    get state() {
      return state;
    },
    start: (offsetMs) => scrapeAt(clock.monotonic() + offsetMs),
    stop() {
      timer?.cancel();
      stopped.abort(new Error('the target is no longer scraped'));
      return running;
    },
  };
}

/** Rejects with the signal's reason as soon as it is aborted, whatever those do that were told to stop. */
function reasonOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  );
}
