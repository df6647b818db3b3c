import type { QueryBudget } from '../../model/queryable.ts';
import type { Room } from '../../model/room.ts';

/** Attempts that follow one another at once: a change takes main microseconds. */
const AT_ONCE = 64;

/** How long the reader sleeps before a further one, ms, and how often: main may have lost its core in the middle of a change. */
const SLEEP_MS = 5;
const MAX_SLEEPS = 2000;

/**
 * Attempts at a read that main may disturb. A word holds the version of what is read, odd while it changes. Whoever is disturbed again and
 * again sleeps between attempts: where two threads share a core, main must get it to be done.
 */
export class Attempts {
  readonly #versions: Int32Array;
  readonly #what: string;
  /** Place of the version in the words. */
  readonly #at: number;
  #failed = 0;

  /** @param what kept changing, should it never end */
  constructor(versions: Int32Array, at: number, what: string) {
    this.#versions = versions;
    this.#at = at;
    this.#what = what;
  }

  /** The version to read at: even. @throws Error after ten seconds of sleep */
  next(): number {
    for (;;) {
      if (this.#failed > AT_ONCE) this.#sleep();
      this.#failed++;
      const version = Atomics.load(this.#versions, this.#at);
      if (version % 2 === 0) return version;
    }
  }

  /** Whether nothing was disturbed since `next` gave the version. */
  isUndisturbed(version: number): boolean {
    return Atomics.load(this.#versions, this.#at) === version;
  }

  #sleep(): void {
    if (this.#failed > AT_ONCE + MAX_SLEEPS) throw new Error(`${this.#what} kept changing while it was read`);
    const version = Atomics.load(this.#versions, this.#at);
    Atomics.wait(this.#versions, this.#at, version, SLEEP_MS);
  }
}

/** What one attempt at a copy takes, so that the next one takes it in its place. */
export class Takings {
  readonly #budget: QueryBudget;
  readonly #room: Room;
  #bytes = 0;
  #samples = 0;
  #floats: Float64Array | undefined;

  constructor(budget: QueryBudget, room: Room) {
    this.#budget = budget;
    this.#room = room;
  }

  /** Gives back what the attempt before was charged. */
  begin(): void {
    if (this.#bytes > 0) this.#budget.bytes(-this.#bytes);
    if (this.#samples > 0) this.#budget.samples(-this.#samples);
    this.#bytes = 0;
    this.#samples = 0;
  }

  samples(count: number): void {
    this.#samples += count;
    this.#budget.samples(count);
  }

  bytes(count: number): void {
    this.#bytes += count;
    this.#budget.bytes(count);
  }

  /** Room for the copy, which is one piece. */
  floats(count: number): Float64Array {
    if (!this.#floats || this.#floats.length < count) this.#floats = this.#room.floats(count);
    return this.#floats;
  }
}
