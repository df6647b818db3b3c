import type { Exemplar } from '../model/exemplar.ts';
import type { ExemplarPlace } from '../tsdb/head/exemplar-reader.ts';
import type { SourceTail } from '../tsdb/tail.ts';

export type TimedExemplar = Exemplar & { readonly timestamp: number };

/**
 * Exemplars of an endpoint that wait for a sample of their series, which they go out with: receivers of remote write 2.0 take none by
 * themselves. The first look says where they begin; nothing is remembered beyond the process.
 */
export class PendingExemplars {
  /** By ref of the series; those that have waited longest first. */
  readonly #waiting = new Map<number, TimedExemplar[]>();
  readonly #capacity: number;
  #place: ExemplarPlace | undefined;
  #count = 0;
  /** Given up because too many waited. */
  lost = 0;

  /** @param capacity how many may wait */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get count(): number {
    return this.#count;
  }

  /** Looks for new ones, in a view of the store: those of its samples are there. */
  follow(tail: Pick<SourceTail, 'exemplars'>): void {
    this.#place = tail.exemplars(this.#place, (ref, exemplar) => {
      const list = this.#waiting.get(ref);
      if (list) list.push(exemplar);
      else this.#waiting.set(ref, [exemplar]);
      this.#count++;
    });
    for (const ref of this.#waiting.keys()) {
      if (this.#count <= this.#capacity) return;
      this.lost += this.take(ref).length;
    }
  }

  /** Those of a series, which wait no longer. */
  take(ref: number): readonly TimedExemplar[] {
    const list = this.#waiting.get(ref);
    if (!list) return NONE;
    this.#waiting.delete(ref);
    this.#count -= list.length;
    return list;
  }
}

const NONE: readonly TimedExemplar[] = [];
