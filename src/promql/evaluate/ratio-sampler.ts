import type { Labels } from '../../model/labels.ts';

const MASK = (1n << 64n) - 1n;
const PRIME1 = 0x9e3779b185ebca87n;
const PRIME2 = 0xc2b2ae3d27d4eb4fn;
const PRIME3 = 0x165667b19e3779f9n;
const PRIME4 = 0x85ebca77c2b2ae63n;
const PRIME5 = 0x27d4eb2f165667c5n;
const SPACE = 2 ** 64;

/**
 * Whether limit_ratio keeps a series. Each label set has a place in [0, 1) by its hash; a ratio r ≥ 0 keeps the places below
 * r, a negative one those from 1 + r on, so that r and r - 1 share out all series.
 */
export function isSampled(labels: Labels, ratio: number): boolean {
  const place = Number(xxHash64(encodeLabels(labels))) / SPACE;
  return ratio >= 0 ? place < ratio : place >= 1 + ratio;
}

const encoder = new TextEncoder();

/** Names and values in turn, each behind its length, as upstream hashes label sets. */
function encodeLabels(labels: Labels): Uint8Array {
  const bytes: number[] = [];
  for (const text of labels) {
    const encoded = encoder.encode(text);
    if (encoded.length < 255) bytes.push(encoded.length);
    else bytes.push(255, encoded.length & 0xff, (encoded.length >> 8) & 0xff, encoded.length >> 16);
    for (const byte of encoded) bytes.push(byte);
  }
  return new Uint8Array(bytes);
}

const rotate = (value: bigint, bits: bigint): bigint => ((value << bits) | (value >> (64n - bits))) & MASK;
const round = (state: bigint, input: bigint): bigint =>
  (rotate((state + input * PRIME2) & MASK, 31n) * PRIME1) & MASK;

/** XXH64 with seed 0 after Collet's specification. */
function xxHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = bytes.length;
  let at = 0;
  let hash: bigint;
  if (length >= 32) {
    const lanes = [(PRIME1 + PRIME2) & MASK, PRIME2, 0n, -PRIME1 & MASK];
    for (; at + 32 <= length; at += 32) {
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i]!, view.getBigUint64(at + 8 * i, true));
    }
    hash =
      (rotate(lanes[0]!, 1n) + rotate(lanes[1]!, 7n) + rotate(lanes[2]!, 12n) + rotate(lanes[3]!, 18n)) &
      MASK;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * PRIME1 + PRIME4) & MASK;
  } else hash = PRIME5;
  hash = (hash + BigInt(length)) & MASK;
  for (; at + 8 <= length; at += 8) {
    hash = (rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * PRIME1 + PRIME4) & MASK;
  }
  if (at + 4 <= length) {
    hash =
      (rotate(hash ^ ((BigInt(view.getUint32(at, true)) * PRIME1) & MASK), 23n) * PRIME2 + PRIME3) & MASK;
    at += 4;
  }
  for (; at < length; at++) {
    hash = (rotate(hash ^ ((BigInt(bytes[at]!) * PRIME5) & MASK), 11n) * PRIME1) & MASK;
  }
  hash = ((hash ^ (hash >> 33n)) * PRIME2) & MASK;
  hash = ((hash ^ (hash >> 29n)) * PRIME3) & MASK;
  return hash ^ (hash >> 32n);
}
