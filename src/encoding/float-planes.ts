import { wordsOf } from '../model/sample.ts';
import type { ByteReader, ByteWriter } from './bytes.ts';

const PLANES = 8;

/**
 * Writes doubles as eight byte planes, highest byte first, the upper two XORed with the value before: sign, exponent and leading
 * digits change little, and runs of zeros pack well. Works on bits alone, so every NaN keeps its payload.
 */
export function writeFloatPlanes(writer: ByteWriter, values: Float64Array): void {
  const count = values.length;
  const words = wordsOf(values);
  const planes = writer.reserve(PLANES * count);
  let before = 0;
  for (let i = 0; i < count; i++) {
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    const changed = high ^ before;
    before = high;
    planes[i] = changed >>> 24;
    planes[count + i] = changed >>> 16;
    planes[2 * count + i] = high >>> 8;
    planes[3 * count + i] = high;
    planes[4 * count + i] = low >>> 24;
    planes[5 * count + i] = low >>> 16;
    planes[6 * count + i] = low >>> 8;
    planes[7 * count + i] = low;
  }
}

/** Reads `count` doubles into `out[at, …)`. @throws CorruptBlockError when the bytes end early */
export function readFloatPlanes(reader: ByteReader, count: number, out: Float64Array, at: number): void {
  const bytes = reader.bytes;
  const p0 = reader.skip(PLANES * count);
  const p1 = p0 + count;
  const p2 = p1 + count;
  const p3 = p2 + count;
  const p4 = p3 + count;
  const p5 = p4 + count;
  const p6 = p5 + count;
  const p7 = p6 + count;
  const words = wordsOf(out);
  let upper = 0;
  let word = 2 * at;
  for (let i = 0; i < count; i++) {
    upper ^= (bytes[p0 + i]! << 24) | (bytes[p1 + i]! << 16);
    words[word] = (bytes[p4 + i]! << 24) | (bytes[p5 + i]! << 16) | (bytes[p6 + i]! << 8) | bytes[p7 + i]!;
    words[word + 1] = upper | (bytes[p2 + i]! << 8) | bytes[p3 + i]!;
    word += 2;
  }
}
