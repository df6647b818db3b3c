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
