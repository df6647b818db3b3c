/**
 * Byte planes: all lowest bytes of a run of words, then all second bytes, and so on. Each plane has statistics of its own, so each is
 * judged on its own: one that is noise is better stored as it is than shuffled in with what packs well.
 */

/** Bytes that the tables of an entropy coder cost; a plane that gains less is left alone. */
const TABLE_BYTES = 64;

/** Bits that an ideal coder of single bytes needs for bytes[from, from + count). `counts` has 256 places and is overwritten. */
export function entropyBits(bytes: Uint8Array, from: number, count: number, counts: Uint32Array): number {
  counts.fill(0);
  for (let i = from; i < from + count; i++) counts[bytes[i]!]!++;
  let bits = 0;
  for (let i = 0; i < 256; i++) {
    const times = counts[i]!;
    if (times > 0) bits -= times * Math.log2(times / count);
  }
  return bits;
}

/** Which of `width` planes packing would not shrink: bit p for plane p. */
export function noisyPlanes(planes: Uint8Array, width: number, count: number, counts: Uint32Array): number {
  let mask = 0;
  for (let plane = 0; plane < width; plane++) {
    const from = plane * count;
    if (entropyBits(planes, from, count, counts) / 8 + TABLE_BYTES < count) continue;
    // Bytes may be diverse and yet come in runs, which packing finds.
    let repeats = 0;
    for (let i = from + 1; i < from + count; i++) if (planes[i] === planes[i - 1]) repeats++;
    if (repeats * 16 < count) mask |= 1 << plane;
  }
  return mask;
}

/** Number of planes in a mask. */
export function planesIn(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}
