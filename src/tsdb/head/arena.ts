import { growSlab, sharedSlab } from '../index/slab.ts';

/** Address space for the samples of the head. */
const MAX_ARENA_BYTES = 2 ** 33;

export const createArenaBuffer = (): SharedArrayBuffer => sharedSlab(1 << 16, MAX_ARENA_BYTES);

/** Views of the arena: `words` are the halves of `floats`. */
export interface ArenaView {
  readonly floats: Float64Array;
  readonly words: Uint32Array;
}

/** The arena as another thread sees it. */
export class ArenaReader {
  readonly #buffer: SharedArrayBuffer;
  /** The views as of the last `view`. */
  last: ArenaView;

  constructor(buffer: SharedArrayBuffer) {
    this.#buffer = buffer;
    this.last = viewOf(buffer);
  }

  /** Views of all there is by now. */
  view(): ArenaView {
    if (this.#buffer.byteLength >= this.last.floats.byteLength + 8) this.last = viewOf(this.#buffer);
    return this.last;
  }
}

function viewOf(buffer: SharedArrayBuffer): ArenaView {
  const floats = new Float64Array(buffer, 0, buffer.byteLength >>> 3);
  return { floats, words: new Uint32Array(buffer, 0, floats.length * 2) };
}

/**
 * Hands out blocks of one growable shared buffer, in units of 8 bytes. Main allocates and frees; other threads read by offset. Freed
 * blocks are used again by blocks of the same size class, so nobody may trust a block's bytes without checking its owner's version.
 * `floats` and `words` are remade when the buffer grows: do not keep them.
 */
export class Arena {
  readonly buffer: SharedArrayBuffer;
  floats: Float64Array;
  words: Uint32Array;
  /** What rings should keep to: beyond it they give up their oldest rows instead of growing. */
  readonly limitBytes: number;
  readonly #free = new Map<number, number[]>();
  #used = 0;
  #freed = 0;

  constructor(buffer: SharedArrayBuffer, limitBytes = Number.POSITIVE_INFINITY) {
    this.buffer = buffer;
    this.limitBytes = limitBytes;
    this.floats = new Float64Array(buffer, 0, buffer.byteLength >>> 3);
    this.words = new Uint32Array(buffer, 0, this.floats.length * 2);
  }

  /** Bytes in use by blocks. */
  get usedBytes(): number {
    return (this.#used - this.#freed) * 8;
  }

  /** Returns the offset of at least `units` units; their content is undefined. @throws Error when the address space is spent */
  allocate(units: number): number {
    const size = sizeClass(units);
    const reused = this.#free.get(size)?.pop();
    if (reused !== undefined) {
      this.#freed -= size;
      return reused;
    }
    const offset = this.#used;
    if ((offset + size) * 8 > this.buffer.byteLength) {
      growSlab(this.buffer, (offset + size) * 8);
      const length = Math.floor(this.buffer.byteLength / 8);
      this.floats = new Float64Array(this.buffer, 0, length);
      this.words = new Uint32Array(this.buffer, 0, length * 2);
    }
    this.#used += size;
    return offset;
  }

  /** `units` as it was asked for. */
  free(offset: number, units: number): void {
    const size = sizeClass(units);
    this.#freed += size;
    const list = this.#free.get(size);
    if (list) list.push(offset);
    else this.#free.set(size, [offset]);
  }
}

/** Rounds up to the next of eight steps per doubling. */
function sizeClass(units: number): number {
  if (units <= 8) return 8;
  const step = 2 ** Math.max(0, 28 - Math.clz32(units - 1));
  return Math.ceil(units / step) * step;
}
