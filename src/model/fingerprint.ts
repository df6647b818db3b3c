import type { Labels } from './labels.ts';

const OFFSET = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;
const SEPARATOR = 0xff;

const encoder = new TextEncoder();

/**
 * Upstream's fingerprint of a label set: 64-bit FNV-1a over names and values in order, each followed by 0xff; 16 hex digits.
 * Alertmanager's API and the payload of its clients use it, so it is compared byte for byte.
 */
export function fingerprint(labels: Labels): string {
  let hash = OFFSET;
  for (const text of labels) {
    for (const byte of encoder.encode(text)) hash = ((hash ^ BigInt(byte)) * PRIME) & MASK;
    hash = ((hash ^ BigInt(SEPARATOR)) * PRIME) & MASK;
  }
  return hash.toString(16).padStart(16, '0');
}
