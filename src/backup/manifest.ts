import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { reason } from '../tsdb/directory.ts';

export const MANIFEST = 'manifest.json';
const FORMAT = 1;
const CHUNK = 1024 * 1024;

export interface BackedUpFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** `manifest.json` of a backup: docs/formats/backup.md. */
export interface Manifest {
  readonly format: number;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Of the program that wrote it. */
  readonly version: string;
  readonly files: readonly BackedUpFile[];
  /** Files that were damaged in the data directory already; left out when there are none. */
  readonly damaged?: readonly string[];
}

/** A backup that is damaged or none; the message names the file. */
export class BackupError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BackupError';
  }
}

/** Describes the files of a directory as they are on the disk. */
export function describeFiles(directory: string, names: readonly string[]): BackedUpFile[] {
  return names.map((name) => ({ name, ...digest(join(directory, name)) }));
}

/** Writes the manifest; with it a backup is complete. */
export function writeManifest(directory: string, manifest: Omit<Manifest, 'format'>): void {
  const descriptor = openSync(join(directory, MANIFEST), 'w', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify({ format: FORMAT, ...manifest }, undefined, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** @throws BackupError when there is none that this program can read */
export function readManifest(directory: string): Manifest {
  const file = join(directory, MANIFEST);
  if (!existsSync(file)) throw new BackupError(`${directory} is no backup: it has no ${MANIFEST}`);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new BackupError(`${file} cannot be read: ${reason(error)}`);
  }
  let manifest: Partial<Manifest> | null;
  try {
    manifest = JSON.parse(text) as Partial<Manifest> | null;
  } catch {
    throw new BackupError(`${file} is damaged: it is no JSON`);
  }
  const { format, createdAt, version, files, damaged } = manifest ?? {};
  if (format !== FORMAT) {
    throw new BackupError(`${file}: expected format ${FORMAT}, found ${String(format)}`);
  }
  const isWhole = Array.isArray(files) && files.every(isDescribed);
  if (!isWhole || createdAt === undefined || version === undefined) {
    throw new BackupError(`${file} is incomplete`);
  }
  return { format, createdAt, version, files, ...(Array.isArray(damaged) && { damaged }) };
}

/** A name is one of a file in the directory, whoever wrote the manifest. */
function isDescribed(entry: Partial<BackedUpFile> | null): entry is BackedUpFile {
  const { name, sha256 } = entry ?? {};
  return /^[\w.-]+$/.test(name ?? '') && /^[0-9a-f]{64}$/.test(sha256 ?? '');
}

/** Compares every file with the manifest. @throws BackupError naming the first that is not as it was written */
export function verifyFiles(directory: string, { files }: Manifest): void {
  for (const { name, bytes, sha256 } of files) {
    const file = join(directory, name);
    if (!existsSync(file)) throw new BackupError(`${file} is missing`);
    const found = statSync(file).size;
    if (found !== bytes) throw new BackupError(`${file}: expected ${bytes} bytes, found ${found}`);
    const sum = digest(file).sha256;
    if (sum !== sha256) throw new BackupError(`${file}: expected SHA-256 ${sha256}, found ${sum}`);
  }
}

function digest(file: string): { readonly bytes: number; readonly sha256: string } {
  const hash = createHash('sha256');
  const chunk = new Uint8Array(CHUNK);
  const descriptor = openSync(file, 'r');
  try {
    let bytes = 0;
    for (;;) {
      const count = readSync(descriptor, chunk, 0, CHUNK, null);
      if (count === 0) return { bytes, sha256: hash.digest('hex') };
      hash.update(chunk.subarray(0, count));
      bytes += count;
    }
  } finally {
    closeSync(descriptor);
  }
}
