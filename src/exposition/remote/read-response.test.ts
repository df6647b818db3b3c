import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Histogram } from '../../model/histogram.ts';
import { labelsFromObject } from '../../model/labels.ts';
import { isStaleAt, wordsOf, writeStaleAt } from '../../model/sample.ts';
import { createCrc32c } from './crc32c.ts';
import { ProtobufReader, ProtobufWriter } from './protobuf.ts';
import { parseReadRequest } from './read-request.ts';
import { writeChunkedResponse, writeSamplesResponse } from './read-response.ts';
import { decodeSnappy } from './snappy.ts';
import { readWriteRequestV1 } from './write-request.ts';
import { encodeXorChunk } from './xor-chunk.ts';

type Point = readonly [number, number | 'stale' | readonly [low: number, high: number]];

const series = (name: string, points: readonly Point[]) => {
  const values = Float64Array.from(points, ([, value]) => (typeof value === 'number' ? value : 0));
  points.forEach(([, value], i) => {
    if (value === 'stale') writeStaleAt(wordsOf(values), i);
    else if (typeof value === 'object') wordsOf(values).set(value, 2 * i);
  });
  return {
    labels: labelsFromObject({ __name__: name, job: 'a' }),
    timestamps: Float64Array.from(points, ([time]) => time),
    values,
  };
};

const show = (words: Uint32Array, i: number, values: Float64Array): number | string =>
  Number.isNaN(values[i]!)
    ? `value ${((BigInt(words[2 * i + 1]!) << 32n) | BigInt(words[2 * i]!)).toString(16)}`
    : values[i]!;

/** Reads an XOR chunk bit by bit, as its description says; slow and plain. */
function decodeXor(bytes: Uint8Array): [number, number | string][] {
  let bit = 0;
  const read = (count: number): bigint => {
    let value = 0n;
    for (let i = 0; i < count; i++, bit++) {
      value = (value << 1n) | BigInt((bytes[bit >> 3]! >> (7 - (bit & 7))) & 1);
    }
    return value;
  };
  const uvarint = (): bigint => {
    for (let value = 0n, shift = 0n; ; shift += 7n) {
      const byte = read(8);
      value |= (byte & 127n) << shift;
      if (byte < 128n) return value;
    }
  };
  const prefixes: [ones: number, width: number][] = [
    [0, 0],
    [1, 14],
    [2, 17],
    [3, 20],
    [4, 64],
  ];
  const points: [number, number | string][] = [];
  const count = Number(read(16));
  let time = 0n;
  let delta = 0n;
  let value = 0n;
  let leading = 0;
  let trailing = 0;
  for (let i = 0; i < count; i++) {
    if (i === 0) {
      const raw = uvarint();
      time = raw & 1n ? -((raw + 1n) >> 1n) : raw >> 1n;
      value = read(64);
    } else {
      if (i === 1) delta = uvarint();
      else {
        let ones = 0;
        while (ones < 4 && read(1) === 1n) ones++;
        const width = prefixes[ones]![1];
        let dod = width === 0 ? 0n : read(width);
        // Of n bits, the largest positive number is 2^(n-1) here.
        if (width === 64 ? dod >= 1n << 63n : width > 0 && dod > 1n << BigInt(width - 1))
          dod -= 1n << BigInt(width);
        delta += dod;
      }
      time += delta;
      if (read(1) === 1n) {
        if (read(1) === 1n) {
          leading = Number(read(5));
          const significant = Number(read(6)) || 64;
          trailing = 64 - leading - significant;
        }
        value ^= read(64 - leading - trailing) << BigInt(trailing);
      }
    }
    const out = new BigUint64Array([value]);
    points.push([Number(time), show(new Uint32Array(out.buffer), 0, new Float64Array(out.buffer))]);
  }
  return points;
}

test('XOR chunks decode to the same times and bits', () => {
  const point = fc.tuple(
    fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 2 ** 40 }), fc.constant(15_000)),
    fc.oneof(
      fc.double({ noNaN: true }),
      fc.integer({ min: 0, max: 50 }),
      fc.constant('stale' as const),
      fc.tuple(fc.integer({ min: 1, max: 0xffffffff }), fc.constantFrom(0x7ff00000, 0x7ff80000, 0xfff80abc)),
    ),
  );
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 120 }), (steps) => {
      let time = 1_700_000_000_000;
      const points = steps.map(([step, value]) => [(time += step), value] as const);
      const one = series('m', points);
      expect(decodeXor(encodeXorChunk(one.timestamps, wordsOf(one.values), 0, points.length))).toEqual(
        points.map(([at], i) => [at, show(wordsOf(one.values), i, one.values)]),
      );
    }),
  );
});

test('samples are written in upstream’s messages, staleness markers bit by bit', () => {
  const b = series('b', [
    [1000, 1.5],
    [2000, 'stale'],
  ]);
  const body = writeSamplesResponse([[b, series('a', [[1, 0]])]], () => {});
  const reader = new ProtobufReader(decodeSnappy(body, 10_000));
  expect(reader.next()).toBe(1);
  const length = reader.length();
  const at = reader.take(length);
  // A query result holds series under the same field as a write request.
  const read: unknown[] = [];
  for (const item of readWriteRequestV1(reader.bytes.subarray(at, at + length))) {
    if (item.kind !== 'series') continue;
    read.push([
      item.labels,
      [...item.timestamps.slice(0, item.count)],
      Array.from({ length: item.count }, (_, i) => Number(isStaleAt(item.words, i))),
    ]);
  }
  expect(read).toEqual([
    [['__name__', 'a', 'job', 'a'], [1], [0]],
    [
      ['__name__', 'b', 'job', 'a'],
      [1000, 2000],
      [0, 1],
    ],
  ]);
});

test('streamed frames carry length, checksum and query index', () => {
  const points = Array.from({ length: 300 }, (_, i) => [i * 1000, i] as const);
  const body = writeChunkedResponse([[], [series('m', points)]], () => {});
  const reader = new ProtobufReader(body);
  const length = reader.varint();
  const checksum = new DataView(body.buffer, body.byteOffset).getUint32(reader.take(4));
  const at = reader.take(length);
  expect(reader.position).toBe(body.length);
  expect(createCrc32c()(body.subarray(at, at + length))).toBe(checksum);
  const frame = new ProtobufReader(body, at, at + length);
  const chunks: number[] = [];
  let queryIndex = 0;
  for (let field = frame.next(); field !== 0; field = frame.next()) {
    if (field === 2) {
      queryIndex = frame.varint();
      continue;
    }
    const size = frame.length();
    const inner = new ProtobufReader(body, frame.take(size), frame.position);
    for (let f = inner.next(); f !== 0; f = inner.next()) {
      if (f === 2) {
        const chunkSize = inner.length();
        const chunk = new ProtobufReader(body, inner.take(chunkSize), inner.position);
        for (let g = chunk.next(); g !== 0; g = chunk.next()) {
          if (g !== 4) chunk.skip();
          else {
            const bytes = chunk.length();
            const start = chunk.take(bytes);
            chunks.push(decodeXor(body.subarray(start, start + bytes)).length);
          }
        }
      } else inner.skip();
    }
  }
  expect({ chunks, queryIndex }).toEqual({ chunks: [120, 120, 60], queryIndex: 1 });
});

test('a series of floats, integer and float histograms has samples and chunks of each', () => {
  const histogram: Histogram = {
    schema: 0,
    count: 3,
    sum: 4.5,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [{ offset: 0, length: 1 }],
    positiveBuckets: [3],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [],
    counterResetHint: 'unknown',
  };
  const mixed = {
    ...series('m', [
      [1, 1],
      [2, 4.5],
      [3, 4.5],
      [4, 'stale'],
      [5, 2],
    ]),
    histograms: [undefined, histogram, { ...histogram, isFloat: true as const }, undefined, undefined],
  };
  const samples = new ProtobufReader(
    decodeSnappy(
      writeSamplesResponse([[mixed]], () => {}),
      10_000,
    ),
  );
  samples.next();
  const length = samples.length();
  const at = samples.take(length);
  const kinds: unknown[] = [];
  for (const item of readWriteRequestV1(samples.bytes.subarray(at, at + length))) {
    if (item.kind === 'series') kinds.push([...item.timestamps.slice(0, item.count)]);
    else if (item.kind === 'histogram') kinds.push([item.timestamp, item.histogram]);
  }
  expect(kinds).toEqual([
    [2, histogram],
    [3, { ...histogram, isFloat: true }],
    [1, 4, 5],
  ]);
  const body = writeChunkedResponse([[mixed]], () => {});
  const frame = new ProtobufReader(body);
  frame.varint();
  frame.take(4);
  frame.next();
  const seriesLength = frame.length();
  const one = new ProtobufReader(body, frame.position, frame.position + seriesLength);
  const encodings: [encoding: number, from: number, to: number][] = [];
  for (let field = one.next(); field !== 0; field = one.next()) {
    if (field !== 2) {
      one.skip();
      continue;
    }
    const size = one.length();
    const start = one.take(size);
    const chunk = new ProtobufReader(body, start, start + size);
    const numbers = [0, 0, 0, 0];
    for (let g = chunk.next(); g !== 0; g = chunk.next()) {
      if (g === 4) chunk.skip();
      else numbers[g] = chunk.varint();
    }
    encodings.push([numbers[3]!, numbers[1]!, numbers[2]!]);
  }
  expect(encodings).toEqual([
    [1, 1, 1],
    [2, 2, 2],
    [3, 3, 3],
    [1, 4, 5],
  ]);
});

test('CRC-32C of the customary check text', () => {
  expect(createCrc32c()(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
});

test('a read request is read, bounds made half-open, the first known response type taken', () => {
  const matcher = new ProtobufWriter();
  matcher.number(1, 2);
  matcher.string(2, 'job');
  matcher.string(3, 'a.*');
  const query = new ProtobufWriter();
  query.number(1, 1000);
  query.number(2, 5000);
  query.bytes(3, matcher.finish());
  const request = new ProtobufWriter();
  request.bytes(1, query.finish());
  request.bytes(2, Uint8Array.from([9, 1, 0]));
  expect(parseReadRequest(request.finish())).toEqual({
    queries: [{ matchers: [{ name: 'job', op: '=~', value: 'a.*' }], range: { from: 1000, to: 5001 } }],
    responseType: 'chunks',
  });
  const unknown = new ProtobufWriter();
  unknown.bytes(2, Uint8Array.from([9]));
  expect(() => parseReadRequest(unknown.finish())).toThrow('response types');
  expect(() => parseReadRequest(Uint8Array.from([10, 50, 1]))).toThrow('protobuf: expected 50 bytes');
});
