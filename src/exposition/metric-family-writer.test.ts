import { expect, test } from 'vitest';
import type { Histogram } from '../model/histogram.ts';
import { metricFamilyPage, type SentFamily } from '../testing/metric-family-page.ts';
import { type PageSample, writeMetricFamilies } from './metric-family-writer.ts';
import { ProtobufReader } from './remote/protobuf.ts';

const native: Histogram = {
  schema: -1,
  count: 7,
  sum: 18.5,
  zeroThreshold: 0.001,
  zeroCount: 1,
  positiveSpans: [{ offset: -3, length: 2 }],
  positiveBuckets: [2, 3],
  negativeSpans: [{ offset: 1, length: 1 }],
  negativeBuckets: [1],
  customValues: [],
  counterResetHint: 'unknown',
};
const sample = (name: string, value: number | Histogram, labels: string[] = []): PageSample =>
  typeof value === 'number'
    ? { name, labels, timestamp: 1000, value }
    : { name, labels, timestamp: 1000, value: value.sum, histogram: value };

/** A page as nested lists of its fields, so that their order does not matter; `inner` says which fields are messages. */
type Tree = readonly (readonly [field: number, value: number | string | Tree])[];
function tree(bytes: Uint8Array, inner: readonly string[], path = ''): Tree {
  const reader = new ProtobufReader(bytes);
  const fields: [number, number | string | Tree][] = [];
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    const here = `${path}${field}`;
    if (reader.wire === 0) fields.push([field, reader.varint()]);
    else if (reader.wire === 1) fields.push([field, reader.double()]);
    else {
      const length = reader.length();
      const at = reader.take(length);
      const body = bytes.subarray(at, at + length);
      fields.push([
        field,
        inner.includes(here) ? tree(body, inner, `${here}.`) : Buffer.from(body).toString(),
      ]);
    }
  }
  return fields.sort(([a], [b]) => a - b);
}
const MESSAGES = ['4', '4.1', '4.5', '4.7', '4.7.3', '4.7.9', '4.7.12'];

function families(page: Uint8Array): Tree[] {
  const reader = new ProtobufReader(page);
  const list: Tree[] = [];
  while (reader.position < reader.end) {
    const length = reader.varint();
    const at = reader.take(length);
    list.push(tree(page.subarray(at, at + length), MESSAGES));
  }
  return list;
}
/** The same as somebody else writes it: packed lists aside, which are not used here. */
const written = (list: readonly SentFamily[]): Tree[] => families(metricFamilyPage(list));

test('floats are untyped, with their labels and times', () => {
  const page = writeMetricFamilies([
    sample('up', 1, ['job', 'a', 'instance', '']),
    sample('up', 0.5, ['job', 'b']),
    sample('später', -1),
  ]);
  expect(families(page)).toEqual([
    [
      [1, 'up'],
      [3, 3],
      [
        4,
        [
          [
            1,
            [
              [1, 'job'],
              [2, 'a'],
            ],
          ],
          [
            1,
            [
              [1, 'instance'],
              [2, ''],
            ],
          ],
          [5, [[1, 1]]],
          [6, 1000],
        ],
      ],
      [
        4,
        [
          [
            1,
            [
              [1, 'job'],
              [2, 'b'],
            ],
          ],
          [5, [[1, 0.5]]],
          [6, 1000],
        ],
      ],
    ],
    [
      [1, 'später'],
      [3, 3],
      [
        4,
        [
          [5, [[1, -1]]],
          [6, 1000],
        ],
      ],
    ],
  ]);
  expect(families(page).at(-1)).toEqual(
    written([{ name: 'später', type: 'untyped', metrics: [{ value: -1, timestamp: 1000 }] }])[0],
  );
});

test('histograms have floating-point counts; floats, counters and gauges of one name are families of their own', () => {
  const page = writeMetricFamilies([
    sample('h', 1),
    sample('h', native, ['job', 'a']),
    sample('h', { ...native, counterResetHint: 'gauge' }),
  ]);
  const histogram = [
    [2, 18.5],
    [4, 7],
    // sint32: -1.
    [5, 1],
    [6, 0.001],
    [8, 1],
    [
      9,
      [
        [1, 2],
        [2, 1],
      ],
    ],
    [11, 1],
    [
      12,
      [
        [1, 5],
        [2, 2],
      ],
    ],
    [14, 2],
    [14, 3],
  ];
  expect(families(page)).toEqual([
    [
      [1, 'h'],
      [3, 3],
      [
        4,
        [
          [5, [[1, 1]]],
          [6, 1000],
        ],
      ],
    ],
    [
      [1, 'h'],
      [3, 4],
      [
        4,
        [
          [
            1,
            [
              [1, 'job'],
              [2, 'a'],
            ],
          ],
          [6, 1000],
          [7, histogram],
        ],
      ],
    ],
    [
      [1, 'h'],
      [3, 5],
      [
        4,
        [
          [6, 1000],
          [7, histogram],
        ],
      ],
    ],
  ]);
});

test('one without observations is marked as native, one with custom buckets is a classic one', () => {
  const empty: Histogram = {
    ...native,
    count: 0,
    sum: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [],
    positiveBuckets: [],
    negativeSpans: [],
    negativeBuckets: [],
  };
  const custom: Histogram = {
    ...empty,
    schema: -53,
    count: 6,
    sum: 9,
    positiveSpans: [
      { offset: 0, length: 1 },
      { offset: 1, length: 1 },
    ],
    positiveBuckets: [2, 4],
    customValues: [0.1, 0.5],
  };
  const [first, second] = families(writeMetricFamilies([sample('empty', empty), sample('custom', custom)]));
  expect(first!.find(([field]) => field === 4)![1]).toEqual([
    [6, 1000],
    [
      7,
      [
        [2, 0],
        [4, 0],
        [5, 1],
        [6, 0],
        [8, 0],
        [12, []],
      ],
    ],
  ]);
  expect(second!.find(([field]) => field === 4)![1]).toEqual([
    [6, 1000],
    [
      7,
      [
        [2, 9],
        [
          3,
          [
            [2, 0.1],
            [4, 2],
          ],
        ],
        [
          3,
          [
            [2, 0.5],
            [4, 2],
          ],
        ],
        [
          3,
          [
            [2, Number.POSITIVE_INFINITY],
            [4, 6],
          ],
        ],
        [4, 6],
      ],
    ],
  ]);
});
