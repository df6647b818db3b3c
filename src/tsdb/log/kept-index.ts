import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import { ByteWriter } from '../../encoding/bytes.ts';
import type { Head } from '../head/head.ts';
import { createIndexShared, INDEX_LAYOUT, type IndexShared, NO_SLOT, usedBytes } from '../index/layout.ts';
import { growSlab } from '../index/slab.ts';
import { definitionWriter } from './definitions.ts';

/** Which definitions a log has: their number, the row of the last one, and a checksum over all. */
export interface DefinitionsMark {
  readonly rows: number;
  readonly lastSeq: number;
  readonly crc: number;
}

/** The index of the head as a process left it. */
export interface KeptIndex {
  readonly shared: IndexShared;
  /** The definitions it was made of. */
  readonly mark: DefinitionsMark;
  /** Whether it has the series that only exemplars name. */
  readonly hasExemplars: boolean;
  /** Sources in the order of their places, metadata and counters, as a row of definitions. */
  readonly definitions: Uint8Array;
  /** Definitions that the log has, superseded ones included. */
  readonly definitionCount: number;
}

/** Below this many series the log alone is read as fast, and a small directory stays small. */
const FEWEST_SERIES = 10_000;

const MAGIC = 0x58494c42;
/** Words of the head of the file: see docs/formats/kept-index.md. */
const FIELD = {
  magic: 0,
  layout: 1,
  crc: 2,
  rows: 3,
  lastSeqLow: 4,
  lastSeqHigh: 5,
  definitionsCrc: 6,
  definitionCount: 7,
  hasExemplars: 8,
  definitionBytes: 9,
} as const;
const FIELDS = 10;

export const keptIndexFile = (dir: string): string => path.join(dir, 'cache', 'series-index');

/**
 * Leaves the index to the next start, or removes what was left before where that start had better read the log: when there are few
 * series, when many of them are forgotten, or when the definitions are due to be written anew. Call it when the log has all that the head has.
 * @throws SystemError when it cannot be written; nothing is left then
 */
export function keepIndex(
  file: string,
  head: Head,
  log: {
    readonly mark: DefinitionsMark;
    /** Definitions that it has, superseded ones included. */
    readonly definitionCount: number;
    readonly fewestSeries?: number | undefined;
  },
): void {
  const { mark, definitionCount, fewestSeries = FEWEST_SERIES } = log;
  fs.rmSync(file, { force: true });
  if (
    head.index.count < fewestSeries ||
    !isMostlyAlive(head) ||
    isOvergrown(definitionCount, head.index.count)
  ) {
    return;
  }
  const definitions = otherDefinitions(head);
  const parts = [...head.index.parts(), definitions];
  const fields = new Uint32Array(FIELDS);
  fields[FIELD.magic] = MAGIC;
  fields[FIELD.layout] = INDEX_LAYOUT;
  fields[FIELD.rows] = mark.rows;
  fields[FIELD.lastSeqLow] = mark.lastSeq >>> 0;
  fields[FIELD.lastSeqHigh] = Math.floor(mark.lastSeq / 2 ** 32);
  fields[FIELD.definitionsCrc] = mark.crc;
  fields[FIELD.definitionCount] = definitionCount;
  fields[FIELD.hasExemplars] = head.exemplars.capacity > 0 ? 1 : 0;
  fields[FIELD.definitionBytes] = definitions.length;
  const bytes = new Uint8Array(fields.buffer);
  fields[FIELD.crc] = checksum(bytes, parts);
  const temporary = `${file}.tmp`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    const fd = fs.openSync(temporary, 'w', 0o600);
    try {
      for (const part of [bytes, ...parts]) writeAll(fd, part);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Reads what was left, into shared memory of its own and without holding the thread up. Undefined when there is none, when a program
 * with another layout left it, or when it is damaged: then the log is read. Whether the log has the same definitions still is for who
 * opens it to see (`isOf`).
 */
export async function readKeptIndex(file: string): Promise<KeptIndex | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, 'r');
    return await read(handle);
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

/** @param wantsExemplars whether series that only exemplars name are needed */
export const isOf = (kept: KeptIndex, mark: DefinitionsMark, wantsExemplars: boolean): boolean =>
  kept.mark.rows === mark.rows &&
  kept.mark.lastSeq === mark.lastSeq &&
  kept.mark.crc === mark.crc &&
  (kept.hasExemplars || !wantsExemplars);

async function read(file: FileHandle): Promise<KeptIndex | undefined> {
  const fields = new Uint32Array(FIELDS);
  const bytes = new Uint8Array(fields.buffer);
  const shared = createIndexShared(0);
  const control = new Uint8Array(shared.control);
  const start = bytes.length + control.length;
  const { size } = await file.stat();
  if (size < start) return undefined;
  await Promise.all([readAll(file, bytes, 0), readAll(file, control, bytes.length)]);
  if (fields[FIELD.magic] !== MAGIC || fields[FIELD.layout] !== INDEX_LAYOUT) return undefined;
  const used = Object.entries(usedBytes(new Int32Array(shared.control))) as [keyof IndexShared, number][];
  const definitions = new Uint8Array(fields[FIELD.definitionBytes]!);
  if (size !== used.reduce((sum, [, length]) => sum + length, start + definitions.length)) return undefined;
  const parts: Uint8Array[] = used.map(([name, length]) => {
    growSlab(shared[name], length);
    return new Uint8Array(shared[name], 0, length);
  });
  parts.push(definitions);
  let at = start;
  await Promise.all(
    parts.map((part) => {
      at += part.length;
      return readAll(file, part, at - part.length);
    }),
  );
  if (checksum(bytes, [control, ...parts]) !== fields[FIELD.crc]) return undefined;
  return {
    shared,
    definitions,
    definitionCount: fields[FIELD.definitionCount]!,
    hasExemplars: fields[FIELD.hasExemplars] === 1,
    mark: {
      rows: fields[FIELD.rows]!,
      lastSeq: fields[FIELD.lastSeqHigh]! * 2 ** 32 + fields[FIELD.lastSeqLow]!,
      crc: fields[FIELD.definitionsCrc]!,
    },
  };
}

/** Whether three quarters of the series have a place in a ring or had samples with their own times. */
function isMostlyAlive({ index }: Head): boolean {
  let alive = 0;
  for (let series = 0; series < index.count; series++) {
    if (index.slotOf(series) !== NO_SLOT || index.ownOf(series) > 0) alive++;
  }
  return 4 * alive >= 3 * index.count;
}

/** Whether so many definitions are mostly superseded ones. */
export const isOvergrown = (definitions: number, series: number): boolean => definitions > 2 * series + 1000;

function otherDefinitions(head: Head): Uint8Array {
  const out = new ByteWriter(1 << 12);
  const write = definitionWriter(out);
  write.counters(head.counters.ref, head.counters.source);
  for (const source of head.sources()) write.source(source.id, source.key);
  for (const [metric, metadata] of head.metadata) write.metadata(metric, metadata);
  return out.view();
}

/** Over the head of the file, its checksum counted as 0, and the parts after it. */
function checksum(fields: Uint8Array, parts: readonly Uint8Array[]): number {
  const counted = fields.slice();
  counted.fill(0, 4 * FIELD.crc, 4 * FIELD.crc + 4);
  return parts.reduce((crc, part) => crc32(part, crc), crc32(counted));
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += fs.writeSync(fd, bytes, at, bytes.length - at);
}

/** @throws Error when the file ends before */
async function readAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, at, bytes.length - at, position + at);
    if (bytesRead === 0) throw new Error('the file ends within the index');
    at += bytesRead;
  }
}
