import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { threadId } from 'node:worker_threads';
import { type Clock, every, type Timer } from '../clock.ts';

/** Gives the system what the C library has got back and keeps, of all threads. @returns false when that cannot be done here */
export type ReturnFreed = () => boolean;

/** What of a shared object's format (ELF, 64 bits, little-endian) is needed to name one function. */
const ELF = {
  headerBytes: 64,
  segmentBytes: 56,
  symbolBytes: 24,
  relocationBytes: 24,
  sharedObject: 3,
  readWrite: 6,
  /** Kinds of segments. */
  load: 1,
  dynamic: 2,
  stack: 0x6474e551,
  globalFunction: 0x12,
} as const;
/** Tags of the dynamic section. */
const TAG = {
  hash: 4,
  strings: 5,
  symbols: 6,
  relocations: 7,
  relocationBytes: 8,
  relocationSize: 9,
  stringBytes: 10,
  symbolSize: 11,
  initArray: 25,
  initArrayBytes: 27,
} as const;
/** By processor: how the format calls it, and a relocation that is the address of a symbol. */
const PROCESSORS: Readonly<Record<string, { machine: number; address: number } | undefined>> = {
  x64: { machine: 62, address: 1 },
  arm64: { machine: 183, address: 257 },
};
/** Aligned for pages of any size. */
const ALIGNMENT = 0x10000;

/**
 * A shared object without code: all it says is that the C library's `malloc_trim` is to be called when it is loaded. Node has no call for
 * it.
 * @returns undefined for a processor that is not known
 */
export function trimmer(processor: string): Buffer | undefined {
  const known = PROCESSORS[processor];
  if (!known) return undefined;
  const strings = Buffer.from('\0malloc_trim\0\0\0\0', 'latin1');
  const segments = 3;
  const symbolsAt = ELF.headerBytes + segments * ELF.segmentBytes;
  const hashAt = symbolsAt + 2 * ELF.symbolBytes;
  const hashBytes = 5 * 4;
  const stringsAt = hashAt + hashBytes + 4;
  const relocationsAt = stringsAt + strings.length;
  const initArrayAt = relocationsAt + ELF.relocationBytes;
  const dynamicAt = initArrayAt + 8;
  const dynamic = [
    [TAG.hash, hashAt],
    [TAG.strings, stringsAt],
    [TAG.stringBytes, strings.length],
    [TAG.symbols, symbolsAt],
    [TAG.symbolSize, ELF.symbolBytes],
    [TAG.relocations, relocationsAt],
    [TAG.relocationBytes, ELF.relocationBytes],
    [TAG.relocationSize, ELF.relocationBytes],
    [TAG.initArray, initArrayAt],
    [TAG.initArrayBytes, 8],
    [0, 0],
  ] as const;
  const size = dynamicAt + dynamic.length * 16;
  const file = Buffer.alloc(size);
  const words = (at: number, values: readonly number[]): void => {
    for (const [i, value] of values.entries()) file.writeBigUInt64LE(BigInt(value), at + 8 * i);
  };

  file.write('\x7fELF\x02\x01\x01', 'latin1');
  file.writeUInt16LE(ELF.sharedObject, 16);
  file.writeUInt16LE(known.machine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BigInt(ELF.headerBytes), 32);
  file.writeUInt16LE(ELF.headerBytes, 52);
  file.writeUInt16LE(ELF.segmentBytes, 54);
  file.writeUInt16LE(segments, 56);
  const parts = [
    { kind: ELF.load, at: 0, bytes: size, alignment: ALIGNMENT },
    { kind: ELF.dynamic, at: dynamicAt, bytes: dynamic.length * 16, alignment: 8 },
    // Without it the stacks of all threads would be made executable.
    { kind: ELF.stack, at: 0, bytes: 0, alignment: 16 },
  ];
  for (const [i, { kind, at, bytes, alignment }] of parts.entries()) {
    const header = ELF.headerBytes + i * ELF.segmentBytes;
    file.writeUInt32LE(kind, header);
    file.writeUInt32LE(ELF.readWrite, header + 4);
    words(header + 8, [at, at, at, bytes, bytes, alignment]);
  }
  const symbolAt = symbolsAt + ELF.symbolBytes;
  file.writeUInt32LE(1, symbolAt);
  file.writeUInt8(ELF.globalFunction, symbolAt + 4);
  // One bucket, two symbols, and nothing in the bucket: others look for nothing here.
  file.writeUInt32LE(1, hashAt);
  file.writeUInt32LE(2, hashAt + 4);
  strings.copy(file, stringsAt);
  words(relocationsAt, [initArrayAt, 2 ** 32 + known.address, 0]);
  for (const [i, entry] of dynamic.entries()) words(dynamicAt + i * 16, entry);
  return file;
}

/**
 * Node takes the object for an addon, finds that it is none, and unloads it: each call loads it anew.
 * @param folder where a file can be written
 */
export function freedMemoryReturner(folder = os.tmpdir()): ReturnFreed {
  const open = (): string | undefined => {
    const object = process.platform === 'linux' ? trimmer(process.arch) : undefined;
    if (!object) return undefined;
    const file = path.join(folder, `trimmer-${process.pid}-${threadId}`);
    try {
      // What is loaded runs: a file that somebody else has put or linked there is not written to, nor can others write to this one.
      const opened = fs.openSync(file, 'wx', 0o600);
      fs.unlinkSync(file);
      fs.writeSync(opened, object);
      return `/proc/self/fd/${opened}`;
    } catch {
      return undefined;
    }
  };
  let object: string | undefined;
  let isPossible = true;
  return () => {
    if (!isPossible) return false;
    object ??= open();
    isPossible = object !== undefined && load(object);
    return isPossible;
  };
}

/** @returns false when it was not loaded */
function load(file: string): boolean {
  try {
    process.dlopen({ exports: {} }, file);
  } catch (error) {
    return (error as Error).message.startsWith('Module did not self-register');
  }
  return false;
}

const EVERY_MS = 10_000;
/** At most this share of a core was used since: memory that is wanted again at once would only have to be taken anew. */
const QUIET_SHARE = 0.05;
const AT_LATEST_MS = 600_000;

export interface Returning {
  readonly clock: Clock;
  readonly returnFreed: ReturnFreed;
  /** CPU of all threads so far, ms. */
  readonly cpuMs: () => number;
}

/** Gives freed memory back whenever it was quiet for 10 s, and every ten minutes otherwise, as long as it can. */
export function keepReturning({ clock, returnFreed, cpuMs }: Returning): Timer {
  let since = clock.monotonic();
  let before = cpuMs();
  let returnedAt = since;
  const timer = every(clock, EVERY_MS, () => {
    const [now, used] = [clock.monotonic(), cpuMs()];
    const isQuiet = used - before <= (now - since) * QUIET_SHARE;
    if (isQuiet || now - returnedAt >= AT_LATEST_MS) {
      if (!returnFreed()) return timer.cancel();
      returnedAt = now;
    }
    [since, before] = [now, used];
  });
  return timer;
}

/** CPU of the process so far, user and system, ms. */
export function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
