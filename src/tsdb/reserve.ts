import fs from 'node:fs';
import path from 'node:path';

const SHARE = 0.02;
const MIN_BYTES = 256 * 1024;
const MAX_BYTES = 16 * 1024 * 1024;
const CHUNK = 1024 * 1024;
/** Room there must be for so many reserves to take one. */
const PLENTY = 4;
/** What a start writes: for two databases the files by which SQLite shares its logs, 32 KiB each, and a few rows; more is better. */
const START_BYTES = [MIN_BYTES, 160 * 1024, 96 * 1024];

/** A file of the data directory that holds room for nothing but bad times: it is given up first when the disk is full. */
export interface Reserve {
  /** Frees the room. Returns false when there is none to free. */
  giveUp(): boolean;
  /** Frees the room when there is so little that not even the databases can be opened. */
  giveUpToStart(): void;
  /** Takes the room again, when there is plenty; otherwise does nothing. */
  restore(): Promise<void>;
  /** Takes what closing the databases has freed, if no more: the next start needs it, and a full disk takes it otherwise. */
  restoreToStop(): Promise<void>;
}

/** 2 % of the data, 256 KiB to 16 MiB. */
export function createReserve(dir: string): Reserve {
  const file = path.join(dir, 'reserve');
  let isThere = fs.existsSync(file);
  let underWay: Promise<void> | undefined;
  const restore = (): Promise<void> => {
    if (isThere) return Promise.resolve();
    underWay ??= write(dir, file, PLENTY)
      .then((written) => {
        isThere = written;
      })
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };
  return {
    giveUp() {
      if (!isThere) return false;
      isThere = false;
      fs.rmSync(file, { force: true });
      return true;
    },
    giveUpToStart() {
      const { bavail, bsize } = fs.statfsSync(dir);
      if (bavail * bsize < MIN_BYTES) this.giveUp();
    },
    restore,
    async restoreToStop() {
      await restore();
      for (const bytes of START_BYTES) isThere ||= await write(dir, file, 1, bytes);
    },
  };
}

/** Returns false, and leaves nothing behind, when the disk has no room for so many times its size. */
async function write(dir: string, file: string, times: number, bytes?: number): Promise<boolean> {
  const temporary = `${file}.tmp`;
  try {
    const size = bytes ?? reserveBytes(dir);
    const { bavail, bsize } = await fs.promises.statfs(dir);
    // What a kill left of one takes room itself.
    if (bavail * bsize < times * size) {
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
