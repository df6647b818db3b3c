/** MurmurHash3's 32-bit mixing over bytes[from, to), after Austin Appleby (public domain). */
export function hashBytes(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let hash = seed;
  let at = from;
  for (; at + 4 <= to; at += 4) {
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash = mixWord(hash, word);
  }
  let tail = 0;
  for (let shift = 0; at < to; at++, shift += 8) tail |= bytes[at]! << shift;
  return finish(mixWord(hash, tail), to - from);
}

/** Hash of words[from, to). */
export function hashWords(words: Uint32Array, from: number, to: number, seed: number): number {
  let hash = seed;
  for (let i = from; i < to; i++) hash = mixWord(hash, words[i]!);
  return finish(hash, to - from);
}

export const hashPair = (a: number, b: number, seed: number): number =>
  finish(mixWord(mixWord(seed, a), b), 2);

function mixWord(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  const mixed = hash ^ Math.imul(k, 0x1b873593);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number, length: number): number {
  let h = hash ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
