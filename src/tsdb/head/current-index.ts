import { IndexReader } from '../index/index-reader.ts';
import { HEAD_CONTROL, type HeadShared } from './layout.ts';

/** Main may have died within a change: looked at again after this long. */
const CHANGE_WAIT_MS = 1;

/**
 * The index as it is now, for one reader of any thread. An earlier one stays readable, as it was when the next one took its place, until
 * main begins the one after that (series-renewal.ts).
 */
export class CurrentIndex {
  readonly #shared: HeadShared;
  readonly #control: Int32Array;
  #reader: IndexReader | undefined;

  constructor(shared: HeadShared) {
    this.#shared = shared;
    this.#control = new Int32Array(shared.control);
  }

  /** Its reader, the same one until another index takes its place; to be refreshed. */
  get(): IndexReader {
    const generation = this.#settled();
    if (this.#reader?.generation !== generation) {
      this.#reader = new IndexReader(this.#shared.indexes[generation & 1]!, generation);
    }
    return this.#reader!;
  }

  /** Whether a reader that `get` gave is of the index that is current still. */
  isCurrent({ generation }: IndexReader): boolean {
    return Atomics.load(this.#control, HEAD_CONTROL.indexGeneration) === 2 * generation;
  }

  #settled(): number {
    for (;;) {
      const generation = Atomics.load(this.#control, HEAD_CONTROL.indexGeneration);
      if (generation % 2 === 0) return generation / 2;
      Atomics.wait(this.#control, HEAD_CONTROL.indexGeneration, generation, CHANGE_WAIT_MS);
    }
  }
}
