/** A map from series refs (≥ 1) to numbers below 2^32, in typed arrays: 16 bytes a series however many there are. */
export class RefMap {
  #keys = new Uint32Array(256);
  #values = new Uint32Array(256);
  size = 0;

  get(ref: number): number | undefined {
    const mask = this.#keys.length - 1;
    for (let at = hash(ref) & mask; ; at = (at + 1) & mask) {
      if (this.#keys[at] === ref) return this.#values[at];
      if (this.#keys[at] === 0) return undefined;
    }
  }

  has(ref: number): boolean {
    return this.get(ref) !== undefined;
  }

  set(ref: number, value: number): void {
    if (2 * (this.size + 1) > this.#keys.length) this.#grow();
    if (put(this.#keys, this.#values, ref, value)) this.size++;
  }

  #grow(): void {
    const keys = new Uint32Array(this.#keys.length * 2);
    const values = new Uint32Array(this.#keys.length * 2);
    for (let at = 0; at < this.#keys.length; at++) {
      if (this.#keys[at] !== 0) put(keys, values, this.#keys[at]!, this.#values[at]!);
    }
    this.#keys = keys;
    this.#values = values;
  }
}

const hash = (ref: number): number => Math.imul(ref, 0x9e3779b1) >>> 7;

/** Whether the key is new. */
function put(keys: Uint32Array, values: Uint32Array, ref: number, value: number): boolean {
  const mask = keys.length - 1;
  let at = hash(ref) & mask;
  while (keys[at] !== 0 && keys[at] !== ref) at = (at + 1) & mask;
  const isNew = keys[at] === 0;
  keys[at] = ref;
  values[at] = value;
  return isNew;
}
