const MIN_WORD_BYTES = 8;

/**
 * Distinct texts of series, numbered from 0, and which one followed which. Texts are kept as eight-byte words, so that comparing one
 * with a line takes a step per word and makes no garbage: the words are compared as doubles, which text cannot fool, since a NaN
 * merely equals nothing, and a text with NUL bytes (±0) is made to match no line but found by its bytes.
 */
export class SeriesTexts {
  count = 0;
  /** Number of the series that the sink gave for a text. */
  series = new Uint32Array(256);
  /** Text that came after a text last time; itself at first. */
  next = new Uint32Array(256);
  lengths = new Uint32Array(256);
  /** First word of each text, and its last eight bytes. */
  starts = new Uint32Array(256);
  tails = new Float64Array(256);
  words = new Float64Array(4096);
  #bytes = new Uint8Array(this.words.buffer);
  #used = 0;
  /** Open addressing; 0 is free, otherwise a text's number + 1. */
  #table = new Uint32Array(1024);

  /** Whether line[at, …) starts with a text; the line must have as many bytes there. */
  matches(text: number, line: DataView, at: number): boolean {
    const length = this.lengths[text]!;
    const { words } = this;
    let word = this.starts[text]!;
    if (length < MIN_WORD_BYTES) {
      for (let i = 0, byte = word * 8; i < length; i++, byte++) {
        if (line.getUint8(at + i) !== this.#bytes[byte]) return false;
      }
      return true;
    }
    const end = at + length;
    for (let i = at; i + 8 <= end; i += 8, word++) {
      if (line.getFloat64(i, true) !== words[word]) return false;
    }
    return line.getFloat64(end - 8, true) === this.tails[text];
  }

  /** The number of a text, or -1. */
  find(line: Uint8Array, from: number, to: number): number {
    const mask = this.#table.length - 1;
    for (let slot = hashOf(line, from, to) & mask; ; slot = (slot + 1) & mask) {
      const text = this.#table[slot]! - 1;
      if (text < 0) return -1;
      if (this.lengths[text] === to - from && this.#equals(text, line, from)) return text;
    }
  }

  /** Adds a text that is not there yet. */
  add(line: Uint8Array, from: number, to: number, series: number): number {
    const length = to - from;
    const words = (length + 7) >> 3;
    if (this.#used + words > this.words.length) this.#growWords(words);
    if (this.count === this.lengths.length) this.#growTexts();
    const text = this.count++;
    this.#bytes.set(line.subarray(from, to), this.#used * 8);
    this.starts[text] = this.#used;
    this.lengths[text] = length;
    if (length >= MIN_WORD_BYTES) {
      const hasNul = line.subarray(from, to).includes(0);
      this.tails[text] = hasNul
        ? Number.NaN
        : new DataView(line.buffer, line.byteOffset).getFloat64(to - 8, true);
    }
    this.#used += words;
    this.series[text] = series;
    this.next[text] = text;
    if (2 * this.count > this.#table.length) this.#rehash();
    else this.#place(text, hashOf(line, from, to));
    return text;
  }

  #equals(text: number, line: Uint8Array, from: number): boolean {
    const start = this.starts[text]! * 8;
    for (let i = this.lengths[text]! - 1; i >= 0; i--) {
      if (this.#bytes[start + i] !== line[from + i]) return false;
    }
    return true;
  }

  #place(text: number, hash: number): void {
    const mask = this.#table.length - 1;
    let slot = hash & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = text + 1;
  }

  #rehash(): void {
    this.#table = new Uint32Array(this.#table.length * 2);
    for (let text = 0; text < this.count; text++) {
      const start = this.starts[text]! * 8;
      this.#place(text, hashOf(this.#bytes, start, start + this.lengths[text]!));
    }
  }

  #growWords(needed: number): void {
    const grown = new Float64Array(Math.max(this.words.length * 2, this.#used + needed));
    const bytes = new Uint8Array(grown.buffer);
    // As bytes: a NaN's bits would not be sure to survive as a number.
    bytes.set(this.#bytes.subarray(0, this.#used * 8));
    this.words = grown;
    this.#bytes = bytes;
  }

  #growTexts(): void {
    const doubled = (array: Uint32Array): Uint32Array<ArrayBuffer> => {
      const grown = new Uint32Array(array.length * 2);
      grown.set(array);
      return grown;
    };
    this.series = doubled(this.series);
    this.next = doubled(this.next);
    this.lengths = doubled(this.lengths);
    this.starts = doubled(this.starts);
    const tails = new Float64Array(this.tails.length * 2);
    new Uint8Array(tails.buffer).set(new Uint8Array(this.tails.buffer));
    this.tails = tails;
  }
}

function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = to - from;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x9e3779b1) >>> 7;
}
