import { hasFloatCounts } from '../../model/histogram.ts';
import { compareLabels, type Labels } from '../../model/labels.ts';
import type { SeriesSamples } from '../../model/queryable.ts';
import { wordsOf } from '../../model/sample.ts';
import { createCrc32c } from './crc32c.ts';
import { chunkLength, encodeFloatHistogramChunk, encodeIntegerHistogramChunk } from './histogram-chunk.ts';
import { histogramMessage } from './histogram-message.ts';
import { ProtobufWriter } from './protobuf.ts';
import { encodeSnappy } from './snappy.ts';
import { CHUNK_SAMPLES, encodeXorChunk } from './xor-chunk.ts';

/** A frame of streamed chunks is closed when it has grown to this. */
const FRAME_BYTES = 1024 * 1024;
/** Upstream's numbers of the encodings. */
const XOR = 1;
const HISTOGRAM = 2;
const FLOAT_HISTOGRAM = 3;

export type ReadResults = readonly (readonly SeriesSamples[])[];

/**
 * A prometheus.ReadResponse of raw samples and histograms, snappy-compressed.
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
        const histogram = one.histograms?.[i];
        if (histogram) {
          series.bytes(4, histogramMessage(histogram, one.timestamps[i]!, 0));
          continue;
        }
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
 * Streamed prometheus.ChunkedReadResponse frames: length, CRC-32C, message; not compressed. Histograms are in chunks of integer or of float
 * histograms, where they differ in their buckets each in one of its own.
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
      const { timestamps, histograms } = one;
      if (timestamps.length === 0) continue;
      series.clear();
      writeLabels(series, one.labels, scratch);
      const words = wordsOf(one.values);
      for (let from = 0; from < timestamps.length; ) {
        const most = Math.min(timestamps.length, from + CHUNK_SAMPLES);
        const native = histograms?.[from];
        const to = native ? from + chunkLength(histograms!, from, most) : endOfFloats(histograms, from, most);
        if (series.length > FRAME_BYTES) {
          flush();
          series.clear();
          writeLabels(series, one.labels, scratch);
        }
        scratch.clear();
        scratch.number(1, timestamps[from]!);
        scratch.number(2, timestamps[to - 1]!);
        if (!native) {
          scratch.number(3, XOR);
          scratch.bytes(4, encodeXorChunk(timestamps, words, from, to));
        } else if (hasFloatCounts(native)) {
          scratch.number(3, FLOAT_HISTOGRAM);
          scratch.bytes(4, encodeFloatHistogramChunk(timestamps, histograms!, from, to));
        } else {
          scratch.number(3, HISTOGRAM);
          scratch.bytes(4, encodeIntegerHistogramChunk(timestamps, histograms!, from, to));
        }
        series.bytes(2, scratch.view());
        from = to;
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
    into.bytes(1, scratch.view());
  }
}

/** Where the run of floats that begins at `from` ends, at `most` at the latest. */
function endOfFloats(histograms: SeriesSamples['histograms'], from: number, most: number): number {
  if (!histograms) return most;
  let to = from + 1;
  while (to < most && histograms[to] === undefined) to++;
  return to;
}
