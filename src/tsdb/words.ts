/** A growing column of unsigned words. */
export class Words {
  length = 0;
  words = new Uint32Array(256);
  readonly #charge: (bytes: number) => void;

  /** @param charge told of bytes before they are taken, and with a minus when they were given back */
  constructor(charge: (bytes: number) => void = () => {}) {
    this.#charge = charge;
  }

  push(word: number): void {
    if (this.length === this.words.length) {
      this.#charge(8 * this.length);
      const grown = new Uint32Array(2 * this.length);
      grown.set(this.words);
      this.#charge(-4 * this.length);
      this.words = grown;
    }
    this.words[this.length++] = word;
  }

  array(): Uint32Array {
    return this.words.slice(0, this.length);
  }
}
