import { WireError } from './wire-error.ts';

/** Output between two yields of the decoder: some 2 ms of work. */
const STEP_BYTES = 1024 * 1024;
/** The encoder's window; offsets fit two bytes. */
const BLOCK_BYTES = 65_536;
const HASH_BITS = 14;

/**
 * Decodes a snappy block (not the framing format), yielding now and then so that a caller can slice the work. The declared length
 * is checked against `maxBytes` before anything is allocated. Format: google/snappy, format_description.txt.
 * @throws WireError naming the limit, or what is wrong with the bytes
 */
export function* snappyDecoding(input: Uint8Array, maxBytes: number): Generator<void, Uint8Array> {
  const { length, offset } = declaredLength(input);
  if (length > maxBytes) {
    throw new WireError(`snappy: the block declares ${length} bytes, at most ${maxBytes} are accepted`);
  }
  // Two bytes of a copy make at most 64, so a length beyond that cannot be true.
  if (length > input.length * 64) {
    throw new WireError(`snappy: ${input.length} bytes cannot decode to the declared ${length}`);
  }
  const output = new Uint8Array(length);
  let at = offset;
  let to = 0;
  let pauseAt = STEP_BYTES;
  while (at < input.length) {
    const tag = input[at++]!;
    if ((tag & 3) === 0) {
      let size = (tag >> 2) + 1;
      if (size > 60) {
        const extra = size - 60;
        if (at + extra > input.length) throw truncated(at);
        size = littleEndian(input, at, extra) + 1;
        at += extra;
      }
      if (at + size > input.length) throw truncated(at);
      if (to + size > length) throw tooLong(length);
      if (size <= 16) for (let i = 0; i < size; i++) output[to + i] = input[at + i]!;
      else output.set(input.subarray(at, at + size), to);
      at += size;
      to += size;
    } else {
      const extra = (tag & 3) === 3 ? 4 : tag & 3;
      if (at + extra > input.length) throw truncated(at);
      const isShort = extra === 1;
      const size = isShort ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      const back = isShort ? ((tag >> 5) << 8) | input[at]! : littleEndian(input, at, extra);
      at += extra;
      if (back === 0 || back > to) {
        throw new WireError(`snappy: a copy from ${back} bytes back at output byte ${to}`);
      }
      if (to + size > length) throw tooLong(length);
      // A copy may overlap its own output: byte by byte is what the format means.
      for (let i = 0; i < size; i++) output[to + i] = output[to - back + i]!;
      to += size;
    }
    if (to >= pauseAt) {
      yield;
      pauseAt = to + STEP_BYTES;
    }
  }
  if (to !== length) throw new WireError(`snappy: expected ${length} bytes as declared, got ${to}`);
  return output;
}

/** Decodes a snappy block at once. @throws WireError */
export function decodeSnappy(input: Uint8Array, maxBytes: number): Uint8Array {
  const decoding = snappyDecoding(input, maxBytes);
  for (;;) {
    const step = decoding.next();
    if (step.done) return step.value;
  }
}

/** Encodes a snappy block: greedy matches of four bytes and more within 64 KiB. */
export function encodeSnappy(input: Uint8Array): Uint8Array {
  const output = new Uint8Array(10 + input.length + Math.ceil(input.length / 6) + 32);
  const table = new Int32Array(1 << HASH_BITS);
  let to = 0;
  for (let rest = input.length; ; rest = Math.floor(rest / 128)) {
    output[to++] = rest < 128 ? rest : (rest % 128) | 128;
    if (rest < 128) break;
  }
  for (let start = 0; start < input.length; start += BLOCK_BYTES) {
    to = encodeBlock(input, start, Math.min(input.length, start + BLOCK_BYTES), output, to, table);
  }
  return output.slice(0, to);
}

function encodeBlock(
  input: Uint8Array,
  start: number,
  end: number,
  output: Uint8Array,
  outputAt: number,
  table: Int32Array,
): number {
  table.fill(-1);
  let to = outputAt;
  let literalFrom = start;
  let at = start;
  while (at + 4 <= end) {
    const word = wordAt(input, at);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const candidate = table[slot]!;
    table[slot] = at;
    if (candidate < 0 || wordAt(input, candidate) !== word) {
      // The longer nothing matches, the faster it is passed over.
      at += 1 + ((at - literalFrom) >> 5);
      continue;
    }
    let size = 4;
    while (at + size < end && input[candidate + size] === input[at + size]) size++;
    to = emitLiteral(input, literalFrom, at, output, to);
    to = emitCopy(at - candidate, size, output, to);
    at += size;
    literalFrom = at;
  }
  return emitLiteral(input, literalFrom, end, output, to);
}

function emitLiteral(input: Uint8Array, from: number, end: number, output: Uint8Array, at: number): number {
  const size = end - from;
  if (size === 0) return at;
  let to = at;
  const last = size - 1;
  if (last < 60) output[to++] = last << 2;
  else if (last < 256) {
    output[to++] = 60 << 2;
    output[to++] = last;
  } else {
    output[to++] = 61 << 2;
    output[to++] = last & 255;
    output[to++] = last >> 8;
  }
  output.set(input.subarray(from, end), to);
  return to + size;
}

function emitCopy(back: number, length: number, output: Uint8Array, at: number): number {
  let to = at;
  for (let rest = length; rest > 0; ) {
    const size = Math.min(rest, 64);
    output[to++] = ((size - 1) << 2) | 2;
    output[to++] = back & 255;
    output[to++] = back >> 8;
    rest -= size;
  }
  return to;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

function declaredLength(input: Uint8Array): { length: number; offset: number } {
  let length = 0;
  for (let i = 0; i < 5; i++) {
    const byte = input[i];
    if (byte === undefined) throw new WireError('snappy: expected a length, got the end of the body');
    length += (byte & 127) * 128 ** i;
    if (byte < 128) return { length, offset: i + 1 };
  }
  throw new WireError('snappy: expected a length of at most 5 bytes');
}

const truncated = (at: number): WireError =>
  new WireError(`snappy: the block ends within an element at byte ${at}`);
const tooLong = (length: number): WireError =>
  new WireError(`snappy: the block decodes to more than the declared ${length} bytes`);
