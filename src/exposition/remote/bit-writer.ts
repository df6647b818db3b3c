/** Bits after a run of so many ones; a value of 0 has none. */
const VARBIT_WIDTHS = [0, 3, 6, 9, 12, 18, 25, 56] as const;

/** Bits, the highest of a number first, as upstream's chunks have them. */
export class BitWriter {
  #bytes: Uint8Array;
  #bit = 0;

  constructor(sizeBytes: number) {
    this.#bytes = new Uint8Array(sizeBytes + 16);
  }

  /** The low `count` (≤ 32) bits of `value`, the highest first. */
  write(value: number, count: number): void {
    for (let rest = count; rest > 0; ) {
      const free = 8 - (this.#bit & 7);
      const now = Math.min(free, rest);
      const part = (value >>> (rest - now)) & ((1 << now) - 1);
      this.#bytes[this.#bit >> 3]! |= part << (free - now);
      this.#bit += now;
      rest -= now;
    }
  }

  unsignedVarint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.write((rest % 128) | 128, 8);
      rest = Math.floor(rest / 128);
    }
    this.write(rest, 8);
  }

  /** Zigzag, as Go's binary.PutVarint. */
  signedVarint(value: number): void {
    this.unsignedVarint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  /** Upstream's integers of variable bits: a run of ones says how many bits follow. */
  varbitSigned(value: number): void {
    for (const [prefix, width] of VARBIT_WIDTHS.entries()) {
      if (width === 0 ? value !== 0 : value < 1 - 2 ** (width - 1) || value > 2 ** (width - 1)) continue;
      this.#varbit(prefix, width, value);
      return;
    }
    this.#varbit(VARBIT_WIDTHS.length, 64, value);
  }

  varbitUnsigned(value: number): void {
    for (const [prefix, width] of VARBIT_WIDTHS.entries()) {
      if (value >= 2 ** width) continue;
      this.#varbit(prefix, width, value);
      return;
    }
    this.#varbit(VARBIT_WIDTHS.length, 64, value);
  }

  #varbit(prefix: number, width: number, value: number): void {
    for (let i = 0; i < prefix; i++) this.write(1, 1);
    if (prefix < VARBIT_WIDTHS.length) this.write(0, 1);
    if (width > 32) this.write(Math.floor(value / 2 ** 32), width - 32);
    if (width > 0) this.write(value, Math.min(32, width));
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, (this.#bit + 7) >> 3);
  }
}
