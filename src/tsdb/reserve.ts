import fs from 'node:fs';
import path from 'node:path';

const SHARE = 0.02;
const MIN_BYTES = 256 * 1024;
const MAX_BYTES = 16 * 1024 * 1024;
const CHUNK = 1024 * 1024;

/** A file of the data directory that holds room for nothing but bad times: it is given up first when the disk is full. */
export interface Reserve {
  /** Frees the room. Returns false when there is none to free. */
  giveUp(): boolean;
  /** Takes the room again, when there is plenty; otherwise does nothing. */
  restore(): Promise<void>;
}

/** 2 % of the data, 256 KiB to 16 MiB. */
export function createReserve(dir: string): Reserve {
  const file = path.join(dir, 'reserve');
  let isThere = fs.existsSync(file);
  let underWay: Promise<void> | undefined;
  return {
    giveUp() {
      if (!isThere) return false;
      isThere = false;
      fs.rmSync(file, { force: true });
      return true;
    },
    restore() {
      if (isThere) return Promise.resolve();
      underWay ??= write(dir, file)
        .then((written) => {
          isThere = written;
        })
        .finally(() => {
          underWay = undefined;
        });
      return underWay;
    },
  };
}

/** Returns false, and leaves nothing behind, when the disk has no room to spare. */
async function write(dir: string, file: string): Promise<boolean> {
  const temporary = `${file}.tmp`;
  try {
    const size = reserveBytes(dir);
    const { bavail, bsize } = await fs.promises.statfs(dir);
    // What a kill left of one takes room itself.
    if (bavail * bsize < 4 * size) {
      await fs.promises.rm(temporary, { force: true });
      return false;
    }
    const handle = await fs.promises.open(temporary, 'w', 0o600);
    try {
      const zeros = new Uint8Array(Math.min(size, CHUNK));
      for (let left = size; left > 0; left -= CHUNK) await handle.write(zeros, 0, Math.min(left, CHUNK));
    } finally {
      await handle.close();
    }
    await fs.promises.rename(temporary, file);
    return true;
  } catch {
    // No room, or the directory is gone: there is no reserve then, and the next call tries again.
    await fs.promises.rm(temporary, { force: true });
    return false;
  }
}

function reserveBytes(dir: string): number {
  let bytes = 0;
  for (const name of fs.readdirSync(dir)) {
    bytes += fs.statSync(path.join(dir, name), { throwIfNoEntry: false })?.size ?? 0;
  }
  return Math.round(Math.min(MAX_BYTES, Math.max(MIN_BYTES, bytes * SHARE)));
}
