import { expect, test } from 'vitest';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { formatLabels } from '../../model/labels.ts';
import { decodeGroups, encodeGroups } from './groups.ts';
import { LabelIndex } from './label-index.ts';
import { identityOf } from './schema.ts';
import { encodeSeries } from './series-blob.ts';
import { entry } from './testing.ts';

const SERIES = [entry(3, 1, { __name__: 'up', job: 'a' }), entry(9, 0, { __name__: 'up', über: 'ß' })];
const GROUPS = [
  { group: 0, timeline: 1, refs: [3, 4, 9] },
  { group: 1, timeline: 0, refs: [2] },
];

test('golden bytes of a series blob', () => {
  const blob = encodeSeries(SERIES, 0);
  expect(Buffer.from(blob).toString('hex')).toBe(
    '03010006085f5f6e616d655f5f027570036a6f62016105c3bc62657202c39f02060202000102030c010200010405003e8416',
  );
  const index = new LabelIndex([{ id: 1, b: Buffer.from(encodeSeries(SERIES, identityOf(1))) }]);
  expect(SERIES.map(({ ref }) => formatLabels(index.entryOf(ref)!.labels))).toEqual([
    '{__name__="up", job="a"}',
    '{__name__="up", "über"="ß"}',
  ]);
  expect(index.entryOf(4)).toBeUndefined();
});

test('golden bytes of a group blob', () => {
  const blob = encodeGroups(GROUPS, 0);
  expect(Buffer.from(blob).toString('hex')).toBe('0401000200010306020a01000104959b7b16');
  expect(decodeGroups(blob, 0)).toEqual(GROUPS);
});

test('identities tell rows apart', () => {
  const some = [[0], [1], [2 ** 26], [2 ** 26, 1], [1, 2 ** 26], [2 ** 32], [2 ** 33 + 1]].map((numbers) =>
    identityOf(...numbers),
  );
  expect(new Set(some).size).toBe(some.length);
  expect(identityOf(3, 1_767_312_000_000, 1_767_312_480_000)).toBe(331476910);
});

test.each([
  [
    'series',
    encodeSeries(SERIES, 5),
    (blob: Uint8Array) => void new LabelIndex([{ id: 5, b: Buffer.from(blob) }]),
  ],
  ['groups', encodeGroups(GROUPS, 5), (blob: Uint8Array) => void decodeGroups(blob, 5)],
])('damage anywhere in a %s blob is found', (_, blob, read) => {
  for (let length = 0; length < blob.length; length++) {
    expect(() => read(blob.subarray(0, length))).toThrow(CorruptBlockError);
  }
  for (let bit = 0; bit < blob.length * 8; bit++) {
    const damaged = blob.slice();
    damaged[bit >> 3]! ^= 1 << (bit & 7);
    expect(() => read(damaged), `bit ${bit}`).toThrow(CorruptBlockError);
  }
});
