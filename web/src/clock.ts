/** The only place of the page that reads the time or arms a timer. */
export interface PageClock {
  /** Unix ms. */
  now(): number;
  /** @returns a function that stops it */
  every(intervalMs: number, fire: () => void): () => void;
  /** @returns a function that stops it */
  after(delayMs: number, fire: () => void): () => void;
}

export const browserClock: PageClock = {
  now: () => Date.now(),
  every(intervalMs, fire) {
    const handle = setInterval(fire, intervalMs);
    return () => clearInterval(handle);
  },
  after(delayMs, fire) {
    const handle = setTimeout(fire, delayMs);
    return () => clearTimeout(handle);
  },
};
