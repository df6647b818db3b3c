/** Work on main in one go, ms. */
const SLICE_MS = 4;

export interface Slicer {
  isDue(): boolean;
  pause(): Promise<void>;
}

/**
 * Lets the loop turn once a slice of work is done. For work whose size the other side chooses.
 * @param now monotonic ms
 */
export function createSlicer(now: () => number): Slicer {
  let startedAt = now();
  return {
    isDue: () => now() - startedAt >= SLICE_MS,
    async pause() {
      await new Promise((resolve) => setImmediate(resolve));
      startedAt = now();
    },
  };
}
