import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ByteReader, ByteWriter } from './bytes.ts';
import { CorruptBlockError } from './corrupt-block.ts';

/** What a stored blob holds; its first byte. Values reach the disk and are never reused. */
export const FrameKind = {
  columns: 1,
  timestamps: 2,
  series: 3,
  groups: 4,
  /** Columns with start timestamps, and the same with histograms too. */
  startedColumns: 5,
  nativeColumns: 6,
  logRecords: 16,
  logDefinitions: 17,
  logExemplars: 18,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** How bytes are compressed: not at all, or with a zstd level when the body is at least `atLeast` bytes long. */
export interface Compression {
  readonly level: number;
  readonly atLeast: number;
}

const VERSION = 1;
const PLAIN = 0;
const ZSTD = 1;
const CRC_BYTES = 4;
/** No blob of ours unpacks to more; a larger claim is damage, not a reason to allocate. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

/**
 * Puts the envelope of docs/formats/block.md around a body: kind, version, compression, CRC. The checksum starts from `identity`, 32
 * bits that say which row the blob belongs to, so that a blob found in another's place is noticed too.
 */
export function frame(
  kind: FrameKind,
  body: Uint8Array,
  compression: Compression | undefined,
  identity: number,
): Uint8Array {
  const packed =
    compression && body.length >= compression.atLeast ? pack(body, compression.level) : undefined;
  const writer = new ByteWriter(Math.min(body.length, packed?.length ?? body.length) + 16);
  writer.u8(kind);
  writer.u8(VERSION);
  if (packed) {
    writer.u8(ZSTD);
    writer.varint(body.length);
    writer.bytes(packed);
  } else {
    writer.u8(PLAIN);
    writer.bytes(body);
  }
  writer.u32(crc32(writer.view(), identity));
  return writer.view().slice();
}

/**
 * Checks an envelope and returns its body, a view of `bytes` when it was not compressed.
 * @throws CorruptBlockError when anything about it is not as `frame` writes it
 */
export function unframe(kind: FrameKind, bytes: Uint8Array, identity: number): Uint8Array {
  const reader = new ByteReader(bytes, 0, checkFrame(bytes, identity));
  const foundKind = reader.u8();
  if (foundKind !== kind) throw new CorruptBlockError(`expected a blob of kind ${kind}, found ${foundKind}`);
  const version = reader.u8();
  if (version !== VERSION) {
    throw new CorruptBlockError(
      `expected format version ${VERSION}, found ${version}: written by a newer belfry`,
    );
  }
  const compression = reader.u8();
  if (compression === PLAIN) return reader.take(reader.remaining);
  if (compression !== ZSTD) throw new CorruptBlockError(`unknown compression ${compression}`);
  const length = reader.varint();
  return unpack(reader.take(reader.remaining), length);
}

/** Checks the checksum of a blob; gives the place of its end, where the checksum stands. @throws CorruptBlockError */
export function checkFrame(bytes: Uint8Array, identity: number): number {
  // What SQLite gives of a damaged page may be of any type.
  if (!(bytes instanceof Uint8Array)) throw new CorruptBlockError('expected a blob, found another value');
  if (bytes.length < 3 + CRC_BYTES) {
    throw new CorruptBlockError(`expected at least ${3 + CRC_BYTES} bytes, found ${bytes.length}`);
  }
  const end = bytes.length - CRC_BYTES;
  const stored = new ByteReader(bytes, end).u32();
  const computed = crc32(bytes.subarray(0, end), identity);
  if (stored !== computed) {
    throw new CorruptBlockError(`checksum is ${hex(computed)}, expected ${hex(stored)}`);
  }
  return end;
}

/** A blob for another row: the same but for its checksum. @throws CorruptBlockError when the blob is not that of the row `from` */
export function reframe(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const end = checkFrame(bytes, from);
  const copy = new Uint8Array(bytes);
  new DataView(copy.buffer).setUint32(end, crc32(copy.subarray(0, end), to), true);
  return copy;
}

/** Compresses with zstd; undefined when that gains nothing. @param shortestMatch bytes, 3 to 7; 0 leaves it to the level */
export function pack(bytes: Uint8Array, level: number, shortestMatch = 0): Uint8Array | undefined {
  const packed = zstdCompressSync(bytes, {
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_minMatch]: shortestMatch },
  });
  return packed.length + 4 < bytes.length ? packed : undefined;
}

/** Undoes `pack`. @throws CorruptBlockError when the result is not `length` bytes long */
export function unpack(packed: Uint8Array, length: number): Uint8Array {
  if (length > MAX_BODY_BYTES) throw new CorruptBlockError(`claims to unpack to ${length} bytes`);
  const bytes = decompress(packed, length);
  if (bytes.length !== length) {
    throw new CorruptBlockError(`expected ${length} bytes unpacked, found ${bytes.length}`);
  }
  return bytes;
}

function decompress(packed: Uint8Array, length: number): Uint8Array {
  try {
    return zstdDecompressSync(packed, {
      chunkSize: Math.max(64, length),
      maxOutputLength: Math.max(64, length),
    });
  } catch (error) {
    throw new CorruptBlockError(`does not unpack: ${(error as Error).message}`);
  }
}

const hex = (value: number): string => value.toString(16).padStart(8, '0');
