import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codePoint } from '../testing/code-point.ts';
import { fingerprint } from './fingerprint.ts';
import { labelsFromObject, labelsFromSorted } from './labels.ts';

test.each([
  [{}, 'cbf29ce484222325'],
  [{ alertname: 'HighLoad', instance: 'web-1' }, 'd9397f3d9fd97cf5'],
  [{ 'name with é': '日本 🚒' }, '34748a421ccc8445'],
])('fingerprint of %j', (labels, expected) => {
  expect(fingerprint(labelsFromObject(labels))).toBe(expected);
});

test('two halves give what 64 bits give', () => {
  const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: codePoint, maxLength: 20 }));
  fc.assert(
    fc.property(fc.array(text, { maxLength: 20 }), (flat) => {
      expect(fingerprint(labelsFromSorted(flat))).toBe(slowly(flat));
    }),
    { numRuns: 500 },
  );
});

/** The same in 64-bit arithmetic. */
function slowly(texts: readonly string[]): string {
  let hash = 0xcbf29ce484222325n;
  for (const text of texts) {
    for (const byte of [...new TextEncoder().encode(text), 0xff]) {
      hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
    }
  }
  return hash.toString(16).padStart(16, '0');
}
