import { wordsOf } from '../model/sample.ts';
import { entropyBits } from './byte-planes.ts';

/** Bytes of a double, and planes of a run of them. */
export const FLOAT_PLANES = 8;

/**
 * How doubles that are no scaled integers are spread over eight byte planes, lowest byte first. `xored`: as they are, the upper two
 * bytes XORed with those of the value before. `stepped`: the bits as a 64-bit integer, the zigzag step from the value before; for sums
 * that grow, where one step has fewer digits than the sum. Both work on bits alone, so every NaN keeps its payload. Numbers reach
 * the disk.
 */
export const FloatCoding = { xored: 0, stepped: 1 } as const;
export type FloatCoding = (typeof FloatCoding)[keyof typeof FloatCoding];

/** The coding whose planes an entropy coder would shrink most. `planes` and `other` have room for 8 bytes per value. */
export function writeFloats(
  values: Float64Array,
  planes: Uint8Array,
  other: Uint8Array,
  counts: Uint32Array,
): FloatCoding {
  writeXored(values, other);
  writeStepped(values, planes);
  if (costOf(planes, values.length, counts) < costOf(other, values.length, counts))
    return FloatCoding.stepped;
  planes.set(other.subarray(0, FLOAT_PLANES * values.length));
  return FloatCoding.xored;
}

/** Reads `count` doubles from planes at the start of `planes` into `out[at, …)`. */
export function readFloats(
  coding: FloatCoding,
  planes: Uint8Array,
  count: number,
  out: Float64Array,
  at: number,
): void {
  const words = wordsOf(out);
  if (coding === FloatCoding.xored) readXored(planes, count, words, 2 * at);
  else readStepped(planes, count, words, 2 * at);
}

/** Planes in the plain way, for what is not packed. */
export function writeXored(values: Float64Array, planes: Uint8Array): void {
  const words = wordsOf(values);
  const count = values.length;
  let before = 0;
  for (let i = 0; i < count; i++) {
    const high = words[2 * i + 1]!;
    const upper = (high ^ before) & 0xffff0000;
    before = high;
    spread(planes, count, i, words[2 * i]!, upper | (high & 0xffff));
  }
}

function writeStepped(values: Float64Array, planes: Uint8Array): void {
  const words = wordsOf(values);
  const count = values.length;
  let lowBefore = 0;
  let highBefore = 0;
  for (let i = 0; i < count; i++) {
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    const stepLow = (low - lowBefore) | 0;
    const stepHigh = (high - highBefore - (low < lowBefore ? 1 : 0)) | 0;
    const sign = stepHigh >> 31;
    spread(planes, count, i, (stepLow << 1) ^ sign, ((stepHigh << 1) | (stepLow >>> 31)) ^ sign);
    lowBefore = low;
    highBefore = high;
  }
}

function readXored(planes: Uint8Array, count: number, words: Uint32Array, at: number): void {
  const [p1, p2, p3, p4, p5, p6, p7] = [1, 2, 3, 4, 5, 6, 7].map((plane) => plane * count) as Offsets;
  let upper = 0;
  for (let i = 0, word = at; i < count; i++, word += 2) {
    upper ^= (planes[p6 + i]! << 16) | (planes[p7 + i]! << 24);
    words[word] = planes[i]! | (planes[p1 + i]! << 8) | (planes[p2 + i]! << 16) | (planes[p3 + i]! << 24);
    words[word + 1] = upper | planes[p4 + i]! | (planes[p5 + i]! << 8);
  }
}

function readStepped(planes: Uint8Array, count: number, words: Uint32Array, at: number): void {
  const [p1, p2, p3, p4, p5, p6, p7] = [1, 2, 3, 4, 5, 6, 7].map((plane) => plane * count) as Offsets;
  let low = 0;
  let high = 0;
  for (let i = 0, word = at; i < count; i++, word += 2) {
    const codedLow = planes[i]! | (planes[p1 + i]! << 8) | (planes[p2 + i]! << 16) | (planes[p3 + i]! << 24);
    const codedHigh =
      planes[p4 + i]! | (planes[p5 + i]! << 8) | (planes[p6 + i]! << 16) | (planes[p7 + i]! << 24);
    const sign = -(codedLow & 1);
    const stepLow = (((codedLow >>> 1) | (codedHigh << 31)) ^ sign) >>> 0;
    const sum = low + stepLow;
    high = (high + ((codedHigh >>> 1) ^ sign) + (sum >= 0x100000000 ? 1 : 0)) | 0;
    low = sum >>> 0;
    words[word] = low;
    words[word + 1] = high;
  }
}

type Offsets = [number, number, number, number, number, number, number];

function spread(planes: Uint8Array, count: number, i: number, low: number, high: number): void {
  for (let plane = 0; plane < 4; plane++) {
    planes[plane * count + i] = low >>> (8 * plane);
    planes[(plane + 4) * count + i] = high >>> (8 * plane);
  }
}

function costOf(planes: Uint8Array, count: number, counts: Uint32Array): number {
  let bits = 0;
  for (let plane = 0; plane < FLOAT_PLANES; plane++)
    bits += entropyBits(planes, plane * count, count, counts);
  return bits;
}
