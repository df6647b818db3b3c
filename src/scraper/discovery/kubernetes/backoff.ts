const FIRST_MS = 800;
const MOST_MS = 30_000;

/** Waiting times that double, with as much again at random, so that many clients do not come back at once. */
export class Backoff {
  #nextMs = FIRST_MS;

  next(): number {
    const wait = this.#nextMs;
    this.#nextMs = Math.min(MOST_MS, wait * 2);
    return wait * (1 + Math.random());
  }

  reset(): void {
    this.#nextMs = FIRST_MS;
  }
}
