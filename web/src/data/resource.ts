import { type ReadonlySignal, signal } from '@preact/signals';
import type { PageClock } from '../clock.ts';

/** Something fetched again and again. A failed refresh keeps the last answer and says since when it is old. */
export interface Resource<T> {
  readonly data: ReadonlySignal<T | undefined>;
  readonly error: ReadonlySignal<Error | undefined>;
  /** When `data` came, Unix ms. */
  readonly fetchedAt: ReadonlySignal<number | undefined>;
  /** Fetches now, with a new way to do it if given; an answer still under way is dropped. */
  refresh(load?: Load<T>): Promise<void>;
  dispose(): void;
}

export type Load<T> = (signal: AbortSignal) => Promise<T>;

/** How soon an empty answer is asked for again, and how often: the minute in which a monitor that has just started gets its first samples. */
const EMPTY_RETRY_MS = 3000;
const EMPTY_RETRIES = 20;

export function createResource<T>(clock: PageClock, initialLoad: Load<T>): Resource<T> {
  const data = signal<T | undefined>(undefined);
  const error = signal<Error | undefined>(undefined);
  const fetchedAt = signal<number | undefined>(undefined);
  let load = initialLoad;
  let running: AbortController | undefined;

  return {
    data,
    error,
    fetchedAt,
    async refresh(nextLoad) {
      if (nextLoad) load = nextLoad;
      running?.abort();
      const controller = new AbortController();
      running = controller;
      try {
        const answer = await load(controller.signal);
        if (controller.signal.aborted) return;
        data.value = answer;
        error.value = undefined;
        fetchedAt.value = clock.now();
      } catch (problem) {
        if (controller.signal.aborted) return;
        error.value = problem instanceof Error ? problem : new Error(String(problem));
      } finally {
        if (running === controller) running = undefined;
      }
    },
    dispose() {
      running?.abort();
      running = undefined;
    },
  };
}

/** Asks again soon while the answers are empty, for a minute. @returns a function that ends it */
export function retryWhileEmpty<T>(
  clock: PageClock,
  resource: Resource<T>,
  isEmpty: (answer: T) => boolean,
): () => void {
  let left = EMPTY_RETRIES;
  let cancel: (() => void) | undefined;
  const stop = resource.data.subscribe((answer) => {
    cancel?.();
    cancel = undefined;
    if (answer === undefined || left === 0 || !isEmpty(answer)) return;
    cancel = clock.after(EMPTY_RETRY_MS, () => {
      left--;
      void resource.refresh();
    });
  });
  return () => {
    cancel?.();
    stop();
  };
}
