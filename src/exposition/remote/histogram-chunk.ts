import {
  CUSTOM_BUCKETS_SCHEMA,
  type Histogram,
  hasFloatCounts,
  sameNumbers,
  sameSpans,
} from '../../model/histogram.ts';
import { BitWriter } from './bit-writer.ts';
import { writeXored, type XorWindow } from './xor-chunk.ts';

/** First byte after the count of samples: what is known about counter resets. */
const HEADER = { unknown: 0, reset: 0x80, not_reset: 0x40, gauge: 0xc0 } as const;

/** A field of the histograms over time, written as its XOR with the value before. */
class XorField {
  readonly #window: XorWindow = { leading: 0xff, trailing: 0 };
  readonly #words = new Uint32Array(2);
  readonly #float = new Float64Array(this.#words.buffer);

  writeFirst(bits: BitWriter, value: number): void {
    this.#float[0] = value;
    bits.write(this.#words[1]!, 32);
    bits.write(this.#words[0]!, 32);
  }

  write(bits: BitWriter, value: number): void {
    const low = this.#words[0]!;
    const high = this.#words[1]!;
    this.#float[0] = value;
    writeXored(bits, this.#window, (low ^ this.#words[0]!) >>> 0, (high ^ this.#words[1]!) >>> 0);
  }
}

/**
 * How many histograms from `from` on, before `to`, fit into one chunk: those of the same kind with the same buckets, of which only the first may
 * be a counter reset, since a chunk cannot say so of another.
 */
export function chunkLength(
  histograms: readonly (Histogram | undefined)[],
  from: number,
  to: number,
): number {
  let end = from + 1;
  while (end < to && goesOn(histograms[end - 1]!, histograms[end])) end++;
  return end - from;
}

function goesOn(before: Histogram, next: Histogram | undefined): next is Histogram {
  if (next === undefined || next.schema !== before.schema || next.zeroThreshold !== before.zeroThreshold) {
    return false;
  }
  if (hasFloatCounts(next) !== hasFloatCounts(before)) return false;
  const isGauge = next.counterResetHint === 'gauge';
  if (isGauge !== (before.counterResetHint === 'gauge') || next.counterResetHint === 'reset') return false;
  if (!sameSpans(before.positiveSpans, next.positiveSpans)) return false;
  if (!sameSpans(before.negativeSpans, next.negativeSpans)) return false;
  if (!sameNumbers(before.customValues, next.customValues)) return false;
  return isGauge || !hasReset(before, next);
}

const hasReset = (before: Histogram, next: Histogram): boolean =>
  next.count < before.count ||
  next.zeroCount < before.zeroCount ||
  next.positiveBuckets.some((count, i) => count < before.positiveBuckets[i]!) ||
  next.negativeBuckets.some((count, i) => count < before.negativeBuckets[i]!);

/**
 * Encodes the histograms [from, to), which `chunkLength` found to go together, as upstream's chunk of float histograms. At most 65,535.
 */
export function encodeFloatHistogramChunk(
  timestamps: Float64Array,
  histograms: readonly (Histogram | undefined)[],
  from: number,
  to: number,
): Uint8Array {
  const first = histograms[from]!;
  const buckets = first.positiveBuckets.length + first.negativeBuckets.length;
  const bits = beginChunk(first, to - from);
  const fields = Array.from({ length: 3 + buckets }, () => new XorField());
  let delta = 0;
  for (let i = from; i < to; i++) {
    const { count, zeroCount, sum, positiveBuckets, negativeBuckets } = histograms[i]!;
    // Not an array of numbers, which would not keep the bits of a sum that is none.
    const values = Float64Array.of(count, zeroCount, sum, ...positiveBuckets, ...negativeBuckets);
    if (i === from) {
      bits.varbitSigned(timestamps[i]!);
      values.forEach((value, field) => void fields[field]!.writeFirst(bits, value));
      continue;
    }
    const step = timestamps[i]! - timestamps[i - 1]!;
    if (i === from + 1) bits.varbitUnsigned(step);
    else bits.varbitSigned(step - delta);
    delta = step;
    values.forEach((value, field) => void fields[field]!.write(bits, value));
  }
  return bits.finish();
}

/**
 * The same as upstream's chunk of integer histograms: counts as they are, then what they grew by, then how much more or less that was; the
 * counts of buckets as differences between neighbours before that.
 */
export function encodeIntegerHistogramChunk(
  timestamps: Float64Array,
  histograms: readonly (Histogram | undefined)[],
  from: number,
  to: number,
): Uint8Array {
  const first = histograms[from]!;
  const bits = beginChunk(first, to - from);
  const sum = new XorField();
  const width = 2 + first.positiveBuckets.length + first.negativeBuckets.length;
  const counts = new Float64Array(width);
  const growths = new Float64Array(width);
  const now = new Float64Array(width);
  let timeGrowth = 0;
  for (let i = from; i < to; i++) {
    const histogram = histograms[i]!;
    integersOf(histogram, now);
    if (i === from) {
      bits.varbitSigned(timestamps[i]!);
      bits.varbitUnsigned(now[0]!);
      bits.varbitUnsigned(now[1]!);
      sum.writeFirst(bits, histogram.sum);
      for (let field = 2; field < width; field++) bits.varbitSigned(now[field]!);
      counts.set(now);
      continue;
    }
    const timeStep = timestamps[i]! - timestamps[i - 1]!;
    if (i === from + 1) bits.varbitUnsigned(timeStep);
    else bits.varbitSigned(timeStep - timeGrowth);
    timeGrowth = timeStep;
    for (let field = 0; field < width; field++) {
      // The sum stands between the counts and the buckets.
      if (field === 2) sum.write(bits, histogram.sum);
      const growth = now[field]! - counts[field]!;
      bits.varbitSigned(growth - growths[field]!);
      growths[field] = growth;
      counts[field] = now[field]!;
    }
    if (width === 2) sum.write(bits, histogram.sum);
  }
  return bits.finish();
}

/** Count, count of the zero bucket, and each bucket's count less that of the bucket before it. */
function integersOf(
  { count, zeroCount, positiveBuckets, negativeBuckets }: Histogram,
  out: Float64Array,
): void {
  out[0] = count;
  out[1] = zeroCount;
  let at = 2;
  for (const buckets of [positiveBuckets, negativeBuckets]) {
    let before = 0;
    for (const bucket of buckets) {
      out[at++] = bucket - before;
      before = bucket;
    }
  }
}

/** What both kinds of chunks begin with; room for `count` histograms like the first. */
function beginChunk(first: Histogram, count: number): BitWriter {
  const buckets = first.positiveBuckets.length + first.negativeBuckets.length;
  const spans = first.positiveSpans.length + first.negativeSpans.length;
  const bits = new BitWriter(64 + 18 * spans + 9 * first.customValues.length + count * 11 * (4 + buckets));
  bits.write(count, 16);
  bits.write(HEADER[first.counterResetHint], 8);
  writeLayout(bits, first);
  return bits;
}

function writeLayout(bits: BitWriter, histogram: Histogram): void {
  writeZeroThreshold(bits, histogram.zeroThreshold);
  bits.varbitSigned(histogram.schema);
  for (const spans of [histogram.positiveSpans, histogram.negativeSpans]) {
    bits.varbitUnsigned(spans.length);
    for (const { offset, length } of spans) {
      bits.varbitUnsigned(length);
      bits.varbitSigned(offset);
    }
  }
  if (histogram.schema !== CUSTOM_BUCKETS_SCHEMA) return;
  bits.varbitUnsigned(histogram.customValues.length);
  for (const bound of histogram.customValues) writeBound(bits, bound);
}

/** Powers of two from 2^-243 to 2^10 take a byte. */
function writeZeroThreshold(bits: BitWriter, threshold: number): void {
  if (threshold === 0) {
    bits.write(0, 8);
    return;
  }
  const exponent = Math.round(Math.log2(threshold));
  if (threshold === 2 ** exponent && exponent >= -243 && exponent <= 10) {
    bits.write(exponent + 244, 8);
    return;
  }
  bits.write(255, 8);
  new XorField().writeFirst(bits, threshold);
}

/** Bounds of up to three decimals as whole thousandths, others as they are after a bit that the former never begin with. */
function writeBound(bits: BitWriter, bound: number): void {
  const thousandths = bound * 1000;
  const rounded = Math.round(thousandths);
  if (thousandths >= 0 && thousandths <= MAX_THOUSANDTHS && rounded / 1000 === bound) {
    bits.varbitUnsigned(rounded + 1);
    return;
  }
  bits.write(0, 1);
  new XorField().writeFirst(bits, bound);
}

const MAX_THOUSANDTHS = 33_554_430;
