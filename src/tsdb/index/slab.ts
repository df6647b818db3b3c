/** Bytes a slab may grow to. Only address space is reserved; memory is taken page by page as it is written. */
const MAX_SLAB_BYTES = 2 ** 30;

export const sharedSlab = (initialBytes: number, maxBytes = MAX_SLAB_BYTES): SharedArrayBuffer =>
  new SharedArrayBuffer(initialBytes, { maxByteLength: maxBytes });

/** Makes room for `byteLength` bytes in total, by doubling. @throws Error when the reserve is spent */
export function growSlab(buffer: SharedArrayBuffer, byteLength: number): void {
  if (byteLength <= buffer.byteLength) return;
  if (byteLength > buffer.maxByteLength) {
    throw new Error(`shared memory: ${byteLength} bytes needed, ${buffer.maxByteLength} reserved`);
  }
  buffer.grow(Math.min(Math.max(byteLength, buffer.byteLength * 2), buffer.maxByteLength));
}

/** 32-bit words that one thread appends to and others read. `words` is remade when the buffer grows: do not keep it. */
export class WordSlab {
  readonly buffer: SharedArrayBuffer;
  words: Uint32Array;
  length: number;
  /** Words before this one may hold what an earlier slab in the same buffer left. */
  readonly #usedBefore: number;

  /** @param length words that are in use already */
  constructor(buffer: SharedArrayBuffer, length = 0) {
    this.buffer = buffer;
    this.words = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
    this.length = length;
    this.#usedBefore = this.words.length;
  }

  /** Appends `count` zeroed words and returns where they start. */
  allocate(count: number): number {
    const start = this.length;
    this.length += count;
    if (this.length > this.words.length) {
      growSlab(this.buffer, this.length * 4);
      this.words = new Uint32Array(this.buffer, 0, this.buffer.byteLength >>> 2);
    }
    if (start < this.#usedBefore) this.words.fill(0, start, Math.min(this.length, this.#usedBefore));
    return start;
  }
}

/** Bytes that one thread appends to and others read. */
export class ByteSlab {
  readonly buffer: SharedArrayBuffer;
  bytes: Buffer;
  length: number;

  /** @param length bytes that are in use already */
  constructor(buffer: SharedArrayBuffer, length = 0) {
    this.buffer = buffer;
    this.bytes = Buffer.from(buffer, 0, buffer.byteLength);
    this.length = length;
  }

  /** Appends `source[from, to)`. */
  append(source: Uint8Array, from: number, to: number): void {
    const needed = this.length + to - from;
    if (needed > this.bytes.length) {
      growSlab(this.buffer, needed);
      this.bytes = Buffer.from(this.buffer, 0, this.buffer.byteLength);
    }
    this.bytes.set(source.subarray(from, to), this.length);
    this.length = needed;
  }
}

/** The words of a slab as another thread sees them; `refresh` before reading what was published since. */
export class WordView {
  readonly buffer: SharedArrayBuffer;
  words: Uint32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Uint32Array(buffer, 0, buffer.byteLength >>> 2);
  }

  refresh(): void {
    if (this.buffer.byteLength !== this.words.byteLength) {
      this.words = new Uint32Array(this.buffer, 0, this.buffer.byteLength >>> 2);
    }
  }
}
