import { compareLabels, type Labels } from '../../model/labels.ts';
import type { SeriesSamples } from '../../model/queryable.ts';
import { wordsOf } from '../../model/sample.ts';
import { createCrc32c } from './crc32c.ts';
import { ProtobufWriter, WIRE } from './protobuf.ts';
import { encodeSnappy } from './snappy.ts';
import { CHUNK_SAMPLES, encodeXorChunk } from './xor-chunk.ts';

/** A frame of streamed chunks is closed when it has grown to this. */
const FRAME_BYTES = 1024 * 1024;
const XOR = 1;

export type ReadResults = readonly (readonly SeriesSamples[])[];

/**
 * A prometheus.ReadResponse of raw samples, snappy-compressed. Native histograms are left out.
 * @param charge told of bytes before they are used; throws when they are too many
 */
export function writeSamplesResponse(results: ReadResults, charge: (bytes: number) => void): Uint8Array {
  const response = new ProtobufWriter();
  const result = new ProtobufWriter();
  const series = new ProtobufWriter();
  const sample = new ProtobufWriter();
  for (const list of results) {
    result.clear();
    for (const one of sorted(list)) {
      series.clear();
      writeLabels(series, one.labels, sample);
      const words = wordsOf(one.values);
      for (let i = 0; i < one.timestamps.length; i++) {
        if (one.histograms?.[i]) continue;
        sample.clear();
        sample.doubleWords(1, words[2 * i]!, words[2 * i + 1]!);
        sample.number(2, one.timestamps[i]!);
        series.bytes(2, sample.view());
      }
      charge(series.length);
      result.bytes(1, series.view());
    }
    charge(result.length);
    response.bytes(1, result.view());
  }
  charge(response.length);
  return encodeSnappy(response.view());
}

/**
 * Streamed prometheus.ChunkedReadResponse frames: length, CRC-32C, message; not compressed. Native histograms are left out.
 * @param charge told of bytes before they are used; throws when they are too many
 */
export function writeChunkedResponse(results: ReadResults, charge: (bytes: number) => void): Uint8Array {
  const crc32c = createCrc32c();
  const stream = new ProtobufWriter();
  const frame = new ProtobufWriter();
  const series = new ProtobufWriter();
  const scratch = new ProtobufWriter();
  const checksum = new Uint8Array(4);
  results.forEach((list, queryIndex) => {
    const flush = (): void => {
      frame.bytes(1, series.view());
      frame.number(2, queryIndex);
      charge(frame.length);
      stream.varint(frame.length);
      new DataView(checksum.buffer).setUint32(0, crc32c(frame.view()));
      stream.raw(checksum);
      stream.raw(frame.view());
      frame.clear();
    };
    for (const one of sorted(list)) {
      const floats = floatsOf(one);
      if (floats.timestamps.length === 0) continue;
      series.clear();
      writeLabels(series, one.labels, scratch);
      const words = wordsOf(floats.values);
      for (let from = 0; from < floats.timestamps.length; from += CHUNK_SAMPLES) {
        const to = Math.min(floats.timestamps.length, from + CHUNK_SAMPLES);
        if (series.length > FRAME_BYTES) {
          flush();
          series.clear();
          writeLabels(series, one.labels, scratch);
        }
        scratch.clear();
        scratch.number(1, floats.timestamps[from]!);
        scratch.number(2, floats.timestamps[to - 1]!);
        scratch.number(3, XOR);
        scratch.bytes(4, encodeXorChunk(floats.timestamps, words, from, to));
        series.bytes(2, scratch.view());
      }
      flush();
    }
  });
  return stream.finish();
}

const sorted = (list: readonly SeriesSamples[]): SeriesSamples[] =>
  [...list].sort((a, b) => compareLabels(a.labels, b.labels));

function writeLabels(into: ProtobufWriter, labels: Labels, scratch: ProtobufWriter): void {
  for (let i = 0; i < labels.length; i += 2) {
    scratch.clear();
    scratch.string(1, labels[i]!);
    scratch.string(2, labels[i + 1]!);
    into.tag(1, WIRE.bytes);
    into.varint(scratch.length);
    into.raw(scratch.view());
  }
}

/** The samples that are not native histograms. */
function floatsOf(series: SeriesSamples): { timestamps: Float64Array; values: Float64Array } {
  const { timestamps, values, histograms } = series;
  if (!histograms) return { timestamps, values: values };
  const kept: number[] = [];
  for (let i = 0; i < timestamps.length; i++) if (!histograms[i]) kept.push(i);
  const source = wordsOf(values);
  const result = { timestamps: new Float64Array(kept.length), values: new Float64Array(kept.length) };
  const words = wordsOf(result.values);
  kept.forEach((from, to) => {
    result.timestamps[to] = timestamps[from]!;
    words[2 * to] = source[2 * from]!;
    words[2 * to + 1] = source[2 * from + 1]!;
  });
  return result;
}
