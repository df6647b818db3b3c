import { type ByteReader, type ByteWriter, unzigzag, zigzag } from './bytes.ts';

/**
 * What is stored of a run of integers: the distance from the smallest, from the one before, the step minus the neighbour column's
 * step (histogram buckets rise together), or the step minus the running mean of steps (a line has none left, and a counter's rate
 * drifts through the day), of itself or of the difference to the neighbour. Numbers reach the disk.
 */
export const Transform = {
  reference: 0,
  delta: 1,
  neighbour: 2,
  smoothed: 3,
  smoothedNeighbour: 4,
} as const;
export type Transform = (typeof Transform)[keyof typeof Transform];

/** Whether a stream is read with the integers of the column before. */
export const usesNeighbour = (transform: Transform): boolean =>
  transform === Transform.neighbour || transform === Transform.smoothedNeighbour;

/** Whether a stream keeps its first step apart. */
export const hasStep = (transform: Transform): boolean => transform >= Transform.smoothed;

/** Steps over which the running mean reaches. */
const MEAN_OVER = 16;

/** Residuals as 0 to 7 byte planes (all low bytes, then all second bytes, …) or as varints. */
export const VARINTS = 8;

export interface IntegerStream {
  readonly transform: Transform;
  /** Byte planes, or VARINTS. */
  readonly width: number;
  /** The smallest integer for `reference`, otherwise the first. */
  readonly base: number;
  /** The first step, where the transform has one (`hasStep`); otherwise 0. */
  readonly step: number;
}

/** In the order of preference. */
const CANDIDATES = [
  Transform.delta,
  Transform.neighbour,
  Transform.reference,
  Transform.smoothed,
  Transform.smoothedNeighbour,
] as const;

/** Room for residuals and statistics, kept by the encoder between columns. */
export class StreamScratch {
  residuals = new Float64Array(0);
  best = new Float64Array(0);
  readonly counts = new Uint32Array(256);
  /** Of the residuals looked at last. */
  readonly shape: Shape = { width: 0, cost: 0 };

  fit(count: number): void {
    if (this.residuals.length >= count) return;
    this.residuals = new Float64Array(count);
    this.best = new Float64Array(count);
  }
}

/**
 * Writes `integers` in the shape that looks smallest: after zstd when `packed`, as they are otherwise. `neighbour` holds the
 * integers of the column before, equally long. All magnitudes ≤ 2^48, at least one.
 */
export function writeIntegers(
  writer: ByteWriter,
  integers: Float64Array,
  count: number,
  neighbour: Float64Array | undefined,
  packed: boolean,
  scratch: StreamScratch,
): IntegerStream {
  scratch.fit(count);
  const { shape } = scratch;
  let transform: Transform = Transform.delta;
  let base = 0;
  let width = 0;
  let cost = Number.POSITIVE_INFINITY;
  let isRising = false;
  for (const candidate of CANDIDATES) {
    if (usesNeighbour(candidate) && neighbour === undefined) continue;
    if (hasStep(candidate) && !isRising) continue;
    const first = residualsOf(candidate, integers, count, neighbour, scratch.residuals);
    measureShape(scratch.residuals, count, packed, scratch.counts, shape);
    if (candidate === Transform.delta) isRising = mostlyRises(scratch.residuals, count);
    if (shape.cost < cost) {
      transform = candidate;
      base = first;
      ({ width, cost } = shape);
      const kept = scratch.best;
      scratch.best = scratch.residuals;
      scratch.residuals = kept;
      // What is not packed hardly gets smaller than a byte per row.
      if (width === 0 || (!packed && width === 1)) break;
    }
  }
  writeResiduals(writer, scratch.best, count, width);
  const step = hasStep(transform)
    ? firstStep(integers, usesNeighbour(transform) ? neighbour : undefined, count)
    : 0;
  return { transform, width, base, step };
}

/**
 * Reads what `writeIntegers` wrote into `out[at, at + count)`. `neighbour` is needed by transforms that use it only.
 * @throws CorruptBlockError when the bytes end early
 */
export function readIntegers(
  reader: ByteReader,
  stream: IntegerStream,
  count: number,
  neighbour: Float64Array | undefined,
  out: Float64Array,
  at: number,
): void {
  const { transform, width, base, step } = stream;
  const end = at + count;
  if (width === 0 && (transform === Transform.delta || transform === Transform.reference)) {
    out.fill(base, at, end);
    return;
  }
  if (width === 1 && transform === Transform.delta) {
    readByteDeltas(reader.bytes, reader.skip(count), base, count, out, at);
    return;
  }
  readResiduals(reader, count, width, out, at);
  switch (transform) {
    case Transform.reference:
      for (let i = at; i < end; i++) out[i] = out[i]! + base;
      return;
    case Transform.delta: {
      let value = base;
      for (let i = at; i < end; i++) {
        const coded = out[i]!;
        value += coded < 0x80000000 ? (coded >>> 1) ^ -(coded & 1) : unzigzag(coded);
        out[i] = value;
      }
      return;
    }
    case Transform.neighbour: {
      if (neighbour === undefined) throw new Error('a neighbour stream was read without its neighbour');
      let gap = base - neighbour[0]!;
      for (let i = at; i < end; i++) {
        const coded = out[i]!;
        gap += coded < 0x80000000 ? (coded >>> 1) ^ -(coded & 1) : unzigzag(coded);
        out[i] = neighbour[i - at]! + gap;
      }
      return;
    }
    case Transform.smoothed:
      readSmoothed(base, step, out, at, end);
      return;
    case Transform.smoothedNeighbour: {
      if (neighbour === undefined) throw new Error('a neighbour stream was read without its neighbour');
      readSmoothed(base - neighbour[0]!, step, out, at, end);
      for (let i = at; i < end; i++) out[i] = out[i]! + neighbour[i - at]!;
      return;
    }
  }
}

/** Residuals in `out` become integers; the sum of the last steps takes them exactly as `smoothedResiduals` did. */
function readSmoothed(base: number, step: number, out: Float64Array, at: number, end: number): void {
  let value = base;
  let sum = step * MEAN_OVER;
  out[at] = base;
  for (let i = at + 1; i < end; i++) {
    const coded = out[i]!;
    const residual = coded < 0x80000000 ? (coded >>> 1) ^ -(coded & 1) : unzigzag(coded);
    const mean = Math.floor(sum / MEAN_OVER);
    value += mean + residual;
    sum += residual;
    out[i] = value;
  }
}

/** The commonest column in one pass: steps that fit in a byte. */
function readByteDeltas(
  bytes: Uint8Array,
  from: number,
  base: number,
  count: number,
  out: Float64Array,
  at: number,
): void {
  let value = base;
  for (let i = 0; i < count; i++) {
    const coded = bytes[from + i]!;
    value += (coded >>> 1) ^ -(coded & 1);
    out[at + i] = value;
  }
}

/** Non-negative residuals of a transform; returns its base. The first residual of a difference is 0. */
function residualsOf(
  transform: Transform,
  integers: Float64Array,
  count: number,
  neighbour: Float64Array | undefined,
  out: Float64Array,
): number {
  const first = integers[0]!;
  out[0] = 0;
  switch (transform) {
    case Transform.reference: {
      let least = first;
      for (let i = 1; i < count; i++) if (integers[i]! < least) least = integers[i]!;
      for (let i = 0; i < count; i++) out[i] = integers[i]! - least;
      return least;
    }
    case Transform.delta:
      for (let i = 1; i < count; i++) out[i] = zigzag(integers[i]! - integers[i - 1]!);
      return first;
    case Transform.neighbour: {
      let gap = first - neighbour![0]!;
      for (let i = 1; i < count; i++) {
        const next = integers[i]! - neighbour![i]!;
        out[i] = zigzag(next - gap);
        gap = next;
      }
      return first;
    }
    case Transform.smoothed:
    case Transform.smoothedNeighbour:
      smoothedResiduals(integers, count, usesNeighbour(transform) ? neighbour : undefined, out);
      return first;
  }
}

/** Whether nearly all steps that are not 0 go up: a counter. */
function mostlyRises(residuals: Float64Array, count: number): boolean {
  let moved = 0;
  let fell = 0;
  for (let i = 1; i < count; i++) {
    const coded = residuals[i]!;
    if (coded === 0) continue;
    moved++;
    if (coded % 2 === 1) fell++;
  }
  return 2 * moved > count && 8 * fell < moved;
}

function firstStep(integers: Float64Array, neighbour: Float64Array | undefined, count: number): number {
  if (count < 2) return 0;
  const step = integers[1]! - integers[0]!;
  return neighbour === undefined ? step : step - (neighbour[1]! - neighbour[0]!);
}

/** The sum over the last steps decays by its mean with each step, so the mean follows the rate and both sides compute the same. */
function smoothedResiduals(
  integers: Float64Array,
  count: number,
  neighbour: Float64Array | undefined,
  out: Float64Array,
): void {
  let sum = firstStep(integers, neighbour, count) * MEAN_OVER;
  for (let i = 1; i < count; i++) {
    const own = integers[i]! - integers[i - 1]!;
    const step = neighbour === undefined ? own : own - (neighbour[i]! - neighbour[i - 1]!);
    const residual = step - Math.floor(sum / MEAN_OVER);
    out[i] = zigzag(residual);
    sum += residual;
  }
}

interface Shape {
  width: number;
  /** Expected bits. */
  cost: number;
}

/**
 * How to lay residuals out and what that will cost. For what zstd will pack, the cost is the entropy of the small ones plus the
 * bits of the large ones, which ranks transforms as packing does.
 */
function measureShape(
  residuals: Float64Array,
  count: number,
  packed: boolean,
  counts: Uint32Array,
  shape: Shape,
): void {
  let greatest = 0;
  let varintBytes = 0;
  for (let i = 0; i < count; i++) {
    const value = residuals[i]!;
    if (value > greatest) greatest = value;
    varintBytes += value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 8;
  }
  if (greatest === 0) {
    shape.width = 0;
    shape.cost = 0;
    return;
  }
  const width = byteWidth(greatest);
  const planeBytes = width * count;
  if (packed) {
    shape.width = width > 1 && varintBytes < 1.25 * count ? VARINTS : width;
    shape.cost = residualBits(residuals, count, counts);
  } else {
    shape.width = varintBytes < planeBytes ? VARINTS : width;
    shape.cost = 8 * Math.min(varintBytes, planeBytes);
  }
}

function residualBits(residuals: Float64Array, count: number, counts: Uint32Array): number {
  counts.fill(0);
  let bits = 0;
  for (let i = 0; i < count; i++) {
    const value = residuals[i]!;
    if (value < 192) {
      counts[value]!++;
    } else {
      // Large ones are told apart by their length; the bits below the leading one are noise.
      const length =
        value < 0x100000000 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 0x100000000));
      counts[192 + length]!++;
      bits += length - 1;
    }
  }
  for (let i = 0; i < 256; i++) {
    const times = counts[i]!;
    if (times > 0) bits -= times * Math.log2(times / count);
  }
  return bits;
}

function byteWidth(greatest: number): number {
  let width = 1;
  for (let limit = 256; greatest >= limit; limit *= 256) width++;
  return width;
}

function writeResiduals(writer: ByteWriter, residuals: Float64Array, count: number, width: number): void {
  if (width === VARINTS) {
    for (let i = 0; i < count; i++) writer.varint(residuals[i]!);
    return;
  }
  const planes = writer.reserve(width * count);
  const low = Math.min(width, 4);
  for (let i = 0; i < count; i++) {
    const value = residuals[i]!;
    let rest = value >>> 0;
    for (let plane = 0; plane < low; plane++) {
      planes[plane * count + i] = rest;
      rest >>>= 8;
    }
    if (width > 4) {
      let high = Math.floor(value / 0x100000000);
      for (let plane = 4; plane < width; plane++) {
        planes[plane * count + i] = high;
        high >>>= 8;
      }
    }
  }
}

function readResiduals(
  reader: ByteReader,
  count: number,
  width: number,
  out: Float64Array,
  at: number,
): void {
  if (width === VARINTS) {
    readVarints(reader, count, out, at);
    return;
  }
  const bytes = reader.bytes;
  const p0 = reader.skip(width * count);
  const p1 = p0 + count;
  const p2 = p1 + count;
  const p3 = p2 + count;
  if (width === 0) {
    out.fill(0, at, at + count);
  } else if (width === 1) {
    for (let i = 0; i < count; i++) out[at + i] = bytes[p0 + i]!;
  } else if (width === 2) {
    for (let i = 0; i < count; i++) out[at + i] = bytes[p0 + i]! | (bytes[p1 + i]! << 8);
  } else if (width === 3) {
    for (let i = 0; i < count; i++) {
      out[at + i] = bytes[p0 + i]! | (bytes[p1 + i]! << 8) | (bytes[p2 + i]! << 16);
    }
  } else {
    for (let i = 0; i < count; i++) {
      const low =
        (bytes[p0 + i]! | (bytes[p1 + i]! << 8) | (bytes[p2 + i]! << 16) | (bytes[p3 + i]! << 24)) >>> 0;
      let high = 0;
      for (let plane = width - 1; plane >= 4; plane--) high = (high << 8) | bytes[p0 + plane * count + i]!;
      out[at + i] = high * 0x100000000 + low;
    }
  }
}

function readVarints(reader: ByteReader, count: number, out: Float64Array, at: number): void {
  const bytes = reader.bytes;
  const end = reader.end;
  for (let i = 0; i < count; i++) {
    const position = reader.position;
    if (position < end && bytes[position]! < 128) {
      out[at + i] = bytes[position]!;
      reader.position = position + 1;
    } else {
      out[at + i] = reader.varint();
    }
  }
}
