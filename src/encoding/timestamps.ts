import { ByteReader, ByteWriter } from './bytes.ts';
import { CorruptBlockError } from './corrupt-block.ts';
import { type Compression, FrameKind, frame, unframe } from './frame.ts';

/**
 * Packs the timestamps of a block: the first one, the usual interval, and how far each step is from it. Unix ms, whole,
 * strictly increasing, at least one. Layout: docs/formats/block.md.
 */
export function encodeTimestamps(
  timestamps: Float64Array,
  compression?: Compression,
  identity = 0,
): Uint8Array {
  const count = timestamps.length;
  const interval = usualInterval(timestamps);
  const writer = new ByteWriter(count + 32);
  writer.varint(count);
  writer.signed(timestamps[0]!);
  writer.varint(interval);
  for (let i = 1; i < count; i++) {
    const step = timestamps[i]! - timestamps[i - 1]!;
    if (!(step > 0)) throw new Error(`timestamps of a block do not increase at row ${i}`);
    writer.signed(step - interval);
  }
  return frame(FrameKind.timestamps, writer.view(), compression, identity);
}

/** @throws CorruptBlockError when the bytes are not a whole, strictly increasing column */
export function decodeTimestamps(bytes: Uint8Array, identity = 0): Float64Array {
  const reader = new ByteReader(unframe(FrameKind.timestamps, bytes, identity));
  const count = reader.varint();
  const first = reader.signed();
  const interval = reader.varint();
  // Each further timestamp takes at least a byte, so a wild count cannot make us allocate.
  if (count < 1 || count - 1 > reader.remaining) {
    throw new CorruptBlockError(`claims ${count} timestamps in ${reader.remaining} bytes`);
  }
  const timestamps = new Float64Array(count);
  timestamps[0] = first;
  let last = first;
  for (let i = 1; i < count; i++) {
    const step = interval + reader.signed();
    if (step <= 0) throw new CorruptBlockError(`timestamps do not increase at row ${i}`);
    last += step;
    timestamps[i] = last;
  }
  if (reader.remaining !== 0)
    throw new CorruptBlockError(`${reader.remaining} bytes after the last timestamp`);
  return timestamps;
}

/** The median step, which outages and late scrapes do not move. */
function usualInterval(timestamps: Float64Array): number {
  const steps = new Float64Array(timestamps.length - 1);
  for (let i = 0; i < steps.length; i++) steps[i] = timestamps[i + 1]! - timestamps[i]!;
  return steps.sort()[steps.length >> 1] ?? 0;
}
