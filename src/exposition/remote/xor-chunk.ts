import { BitWriter } from './bit-writer.ts';

/** Samples in one chunk: upstream's own size. */
export const CHUNK_SAMPLES = 120;

/**
 * Encodes samples [from, to) as upstream's XOR chunk (Pelkonen et al., "Gorilla", VLDB 2015, with upstream's bit widths), the payload
 * of streamed remote read. At most 65,535 samples; `words` are the 32-bit halves of the values, so that NaN payloads survive.
 */
export function encodeXorChunk(
  timestamps: Float64Array,
  words: Uint32Array,
  from: number,
  to: number,
): Uint8Array {
  const bits = new BitWriter(16 + (to - from) * 20);
  bits.write(to - from, 16);
  let previousDelta = 0;
  const window: XorWindow = { leading: 0xff, trailing: 0 };
  for (let i = from; i < to; i++) {
    const low = words[2 * i]!;
    const high = words[2 * i + 1]!;
    if (i === from) {
      bits.signedVarint(timestamps[i]!);
      bits.write(high, 32);
      bits.write(low, 32);
      continue;
    }
    const delta = timestamps[i]! - timestamps[i - 1]!;
    if (i === from + 1) bits.unsignedVarint(delta);
    else writeDeltaOfDelta(bits, delta - previousDelta);
    previousDelta = delta;

    writeXored(bits, window, (low ^ words[2 * i - 2]!) >>> 0, (high ^ words[2 * i - 1]!) >>> 0);
  }
  return bits.finish();
}

/** Which bits of a series of values the last XOR had; `leading` 0xff: none yet. */
export interface XorWindow {
  leading: number;
  trailing: number;
}

/** Writes the XOR of a value with the one before, given as its two halves. */
export function writeXored(bits: BitWriter, window: XorWindow, low: number, high: number): void {
  if (low === 0 && high === 0) {
    bits.write(0, 1);
    return;
  }
  bits.write(1, 1);
  const zerosAhead = Math.min(31, high !== 0 ? Math.clz32(high) : 32 + Math.clz32(low));
  const zerosBehind = low !== 0 ? trailingZeros(low) : 32 + trailingZeros(high);
  if (window.leading !== 0xff && zerosAhead >= window.leading && zerosBehind >= window.trailing) {
    bits.write(0, 1);
  } else {
    window.leading = zerosAhead;
    window.trailing = zerosBehind;
    bits.write(1, 1);
    bits.write(zerosAhead, 5);
    // 64 significant bits do not fit six: written as 0, which cannot occur otherwise.
    bits.write((64 - zerosAhead - zerosBehind) & 63, 6);
  }
  writeMiddle(bits, low, high, window.leading, window.trailing);
}

function writeDeltaOfDelta(bits: BitWriter, dod: number): void {
  if (dod === 0) bits.write(0, 1);
  else if (dod >= -8191 && dod <= 8192) {
    bits.write(0b10, 2);
    bits.write(dod & 0x3fff, 14);
  } else if (dod >= -65_535 && dod <= 65_536) {
    bits.write(0b110, 3);
    bits.write(dod & 0x1ffff, 17);
  } else if (dod >= -524_287 && dod <= 524_288) {
    bits.write(0b1110, 4);
    bits.write(dod & 0xfffff, 20);
  } else {
    bits.write(0b1111, 4);
    bits.write(Math.floor(dod / 2 ** 32) >>> 0, 32);
    bits.write(dod >>> 0, 32);
  }
}

/** Bits `leading` to `64 - trailing` of a 64-bit word. */
function writeMiddle(bits: BitWriter, low: number, high: number, leading: number, trailing: number): void {
  const highCount = Math.min(32, 64 - trailing) - leading;
  if (highCount > 0) {
    const shift = trailing > 32 ? trailing - 32 : 0;
    bits.write(high >>> shift, highCount);
  }
  // At most 31 zeros ahead are counted, so all of the low word above its trailing zeros is wanted.
  if (trailing < 32) bits.write(low >>> trailing, 32 - trailing);
}

const trailingZeros = (word: number): number => 31 - Math.clz32(word & -word);
