import fs from 'node:fs';
import path from 'node:path';

/** What belongs to the program and is no part of the bundle that runs: the bundles themselves, the page, the SQLite addon, texts. */
export interface ProgramFiles {
  /** @param name with slashes, such as `web/index.html`; undefined when there is no such file */
  read(name: string): Buffer<ArrayBuffer> | undefined;
}

/** Those of a folder; nothing above it is read. */
export const filesIn = (folder: string): ProgramFiles => ({
  read(name) {
    const file = path.join(folder, name);
    const isThere =
      file.startsWith(folder + path.sep) && fs.statSync(file, { throwIfNoEntry: false })?.isFile();
    return isThere ? Buffer.from(fs.readFileSync(file)) : undefined;
  },
});

type Index = Readonly<Record<string, readonly [start: number, bytes: number]>>;

const MARK = 'BELFRY01';
const TAIL_BYTES = 4 + MARK.length;

/** The running executable, also when its file was replaced meanwhile. */
export function ownExecutable(): string {
  const own = '/proc/self/exe';
  return fs.existsSync(own) ? own : process.execPath;
}

/**
 * Those behind the end of an executable, where the system maps nothing: what is read of them is memory only as long as it is used, while
 * what is read through the executable's own mapping stays in the process.
 *
 *     executable | files | index, JSON: name → [start, bytes] | bytes of the index, 4 bytes, little-endian | 'BELFRY01'
 *
 * @throws Error when there is nothing to read in `executable`
 */
export function openAppended(executable: string): ProgramFiles & { close(): void } {
  const file = fs.openSync(executable, 'r');
  const at = (position: number, bytes: number): Buffer<ArrayBuffer> => {
    const buffer = newBuffer(bytes);
    const read = fs.readSync(file, buffer, 0, bytes, position);
    if (read !== bytes) throw new Error(`${executable} ends too soon`);
    return buffer;
  };
  try {
    const end = fs.fstatSync(file).size - TAIL_BYTES;
    const tail = at(end, TAIL_BYTES);
    if (tail.toString('latin1', 4) !== MARK)
      throw new Error(`${executable} has lost what was appended to it`);
    const indexBytes = tail.readUInt32LE();
    const index = JSON.parse(at(end - indexBytes, indexBytes).toString('utf8')) as Index;
    return {
      read: (name) => (Object.hasOwn(index, name) ? at(...index[name]!) : undefined),
      close: () => fs.closeSync(file),
    };
  } catch (error) {
    fs.closeSync(file);
    throw error;
  }
}

/**
 * Large ones in a mapping of their own, as V8 makes it for arrays that may grow: when the C library frees as much as one of them, it keeps
 * that much of whatever is freed later.
 */
function newBuffer(bytes: number): Buffer<ArrayBuffer> {
  if (bytes < 64 * 1024) return Buffer.alloc(bytes);
  return Buffer.from(new ArrayBuffer(bytes, { maxByteLength: bytes }), 0, bytes);
}

/** @param files by the names they are read by */
export function appendFiles(executable: string, files: Readonly<Record<string, Buffer>>): void {
  let end = fs.statSync(executable).size;
  const index: Record<string, [number, number]> = {};
  for (const [name, bytes] of Object.entries(files)) {
    index[name] = [end, bytes.length];
    end += bytes.length;
  }
  const text = Buffer.from(JSON.stringify(index));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  fs.appendFileSync(
    executable,
    Buffer.concat([...Object.values(files), text, length, Buffer.from(MARK, 'latin1')]),
  );
}
