import type { Labels } from './labels.ts';

const OFFSET_HIGH = 0xcbf29ce4;
const OFFSET_LOW = 0x84222325;
/** The prime is 2^40 + this; the power of two is a shift of the low half into the high one. */
const PRIME_LOW = 0x1b3;
const SEPARATOR = 0xff;
const TWO_32 = 0x1_0000_0000;

const encoder = new TextEncoder();

/**
 * Upstream's fingerprint of a label set: 64-bit FNV-1a over names and values in order, each followed by 0xff; 16 hex digits.
 * Alertmanager's API and the payload of its clients use it, so it is compared byte for byte. Kept as two halves of 32 bits, because
 * a BigInt would be made for each byte; every product stays below 2^53.
 */
export function fingerprint(labels: Labels): string {
  let high = OFFSET_HIGH;
  let low = OFFSET_LOW;
  const add = (byte: number): void => {
    const mixed = (low ^ byte) >>> 0;
    const product = mixed * PRIME_LOW;
    low = product >>> 0;
    high = (high * PRIME_LOW + (product - low) / TWO_32 + ((mixed << 8) >>> 0)) >>> 0;
  };
  for (const text of labels) {
    if (isAscii(text)) for (let i = 0; i < text.length; i++) add(text.charCodeAt(i));
    else for (const byte of encoder.encode(text)) add(byte);
    add(SEPARATOR);
  }
  return hex(high) + hex(low);
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

const hex = (half: number): string => half.toString(16).padStart(8, '0');
