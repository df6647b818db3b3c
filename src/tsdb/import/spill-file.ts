import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BUFFER_NUMBERS = 128 * 1024;

/**
 * Columns of doubles on disk, in a file without a name: nothing of it is left when the process ends, however that comes about.
 * Places are counted in numbers.
 */
export class SpillFile {
  readonly #descriptor: number;
  readonly #buffer = new Float64Array(BUFFER_NUMBERS);
  #buffered = 0;
  #written = 0;

  /** @param directory an existing one on the disk where the result will be */
  constructor(directory: string) {
    const file = join(directory, `.import-${randomUUID()}.spill`);
    this.#descriptor = openSync(file, 'wx+', 0o600);
    unlinkSync(file);
  }

  get length(): number {
    return this.#written + this.#buffered;
  }

  /** Stores numbers, bits unchanged, and gives their place. */
  append(numbers: Float64Array): number {
    const place = this.length;
    if (this.#buffered + numbers.length > BUFFER_NUMBERS) this.#flush();
    if (numbers.length > BUFFER_NUMBERS) {
      this.#write(numbers);
    } else {
      this.#buffer.set(numbers, this.#buffered);
      this.#buffered += numbers.length;
    }
    return place;
  }

  /** Fills `out` with the numbers from `place` on. */
  read(place: number, out: Float64Array): void {
    if (place + out.length > this.#written) this.#flush();
    const bytes = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
    for (let at = 0; at < bytes.length; ) {
      const count = readSync(this.#descriptor, bytes, at, bytes.length - at, place * 8 + at);
      if (count === 0) throw new Error(`the spill file ends before number ${place + out.length}`);
      at += count;
    }
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #flush(): void {
    this.#write(this.#buffer.subarray(0, this.#buffered));
    this.#buffered = 0;
  }

  #write(numbers: Float64Array): void {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(this.#descriptor, bytes, at, bytes.length - at, this.#written * 8 + at);
    }
    this.#written += numbers.length;
  }
}
