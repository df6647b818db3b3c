import fs from 'node:fs';

/** By names as V8's sources write them. */
export type V8Defaults = Readonly<Record<string, boolean | number>>;

/** Kinds of V8's options, as its table of them has them, and the bytes that a value of each takes. */
const KINDS = { boolean: { kind: 0, bytes: 1 }, number: { kind: 2, bytes: 4 } } as const;
/** What a program consists of (ELF, 64 bits): a header for each part that is loaded says where it lies in the file and in memory. */
const ELF = { partsAt: 32, partBytesAt: 54, partCountAt: 56, loaded: 1 } as const;

/**
 * Changes the defaults of V8's options in a binary of Node, x64 or arm64. An option that is given instead has V8 refuse all that was
 * compiled under others, also what Node brings compiled of its own modules, 60 ms CPU of a start; an option that has its default does not
 * count. In V8's table an option is its kind, and the addresses of its name, its value and its default.
 * @throws Error when this is not found as expected: another V8 may keep it otherwise
 */
export function setV8Defaults(file: string, defaults: V8Defaults): void {
  const binary = fs.readFileSync(file);
  const parts = loadedParts(binary);
  const partAt = (place: number, by: 'offset' | 'address'): Part => {
    const found = parts.find((part) => place >= part[by] && place < part[by] + part.bytes);
    if (!found) throw new Error(`${file}: ${by} ${place} lies in nothing that is loaded`);
    return found;
  };
  const pointer = (at: number): number => Number(binary.readBigUInt64LE(at));

  for (const [name, value] of Object.entries(defaults)) {
    const nameAt = onlyPlace(binary, Buffer.from(`\0${name}\0`), name) + 1;
    const { offset, address } = partAt(nameAt, 'offset');
    const nameAddress = Buffer.alloc(8);
    nameAddress.writeBigUInt64LE(BigInt(nameAt - offset + address));
    const entryAt = onlyPlace(binary, nameAddress, name);

    const { kind, bytes } = KINDS[typeof value as keyof typeof KINDS];
    const [valueAt, defaultAt] = [entryAt + 8, entryAt + 16].map((at) => {
      const part = partAt(pointer(at), 'address');
      return pointer(at) - part.address + part.offset;
    }) as [number, number];
    const isAsExpected =
      binary.readInt32LE(entryAt - 8) === kind &&
      binary.readIntLE(valueAt, bytes) === binary.readIntLE(defaultAt, bytes);
    if (!isAsExpected) throw new Error(`${file}: V8's option ${name} is kept in another way than expected`);
    for (const at of [valueAt, defaultAt]) binary.writeIntLE(Number(value), at, bytes);
  }
  fs.writeFileSync(file, binary);
}

interface Part {
  /** In the file. */
  readonly offset: number;
  /** In memory. */
  readonly address: number;
  readonly bytes: number;
}

function loadedParts(binary: Buffer): Part[] {
  const partsAt = Number(binary.readBigUInt64LE(ELF.partsAt));
  const partBytes = binary.readUInt16LE(ELF.partBytesAt);
  const headers = Array.from({ length: binary.readUInt16LE(ELF.partCountAt) }, (_, i) =>
    binary.subarray(partsAt + i * partBytes, partsAt + (i + 1) * partBytes),
  );
  return headers
    .filter((header) => header.readUInt32LE(0) === ELF.loaded)
    .map((header) => ({
      offset: Number(header.readBigUInt64LE(8)),
      address: Number(header.readBigUInt64LE(16)),
      bytes: Number(header.readBigUInt64LE(32)),
    }));
}

function onlyPlace(binary: Buffer, bytes: Buffer, name: string): number {
  const at = binary.indexOf(bytes);
  if (at < 0 || binary.indexOf(bytes, at + 1) >= 0)
    throw new Error(`V8's option ${name} is not found, or more than once`);
  return at;
}
