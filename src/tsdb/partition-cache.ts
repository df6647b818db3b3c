import { CorruptBlockError } from '../encoding/corrupt-block.ts';
import type { TimeRange } from '../model/time.ts';
import { lossOf } from './partition/unreadable.ts';
import type { PartitionReader } from './partition.ts';

export interface PartitionFile {
  readonly path: string;
  readonly range: TimeRange;
  /** Changes when another file takes the place of this one: a day that was sealed anew. */
  readonly inode: number;
  /** Why it is not read, of one that was set aside. */
  readonly damage?: string;
}

/** A partition that is left out because it is damaged. */
export interface LeftOutFile {
  readonly path: string;
  readonly range: TimeRange;
  readonly detail: string;
}

/** Open partition readers of one thread, handed out to one query at a time. */
export interface PartitionCache {
  /** Files in order of time. `version` says whether the directory may have changed since the last call. */
  list(version: number): readonly PartitionFile[];
  /** Files that cannot be read at all, as of the last `list`, and why. */
  leftOut(): readonly LeftOutFile[];
  /** Makes the next `list` look at the directory again. */
  forget(): void;
  /**
   * A reader nobody else uses; undefined when the file went away or is damaged: list again.
   * @throws UnreadableError when the disk does not give the file, which may pass
   */
  take(path: string): PartitionReader | undefined;
  /** Whether the file is still the one that was listed. */
  isThere(path: string): boolean;
  give(reader: PartitionReader): void;
  /** Of a file that cannot be read at all: it is left out from now on. */
  discard(reader: PartitionReader, error: CorruptBlockError): void;
  close(): void;
}

/** Readers kept open; each costs a connection's page cache and its labels. */
const MAX_IDLE = 32;

export function createPartitionCache(
  listFiles: () => readonly PartitionFile[],
  open: (path: string) => PartitionReader,
  report: { damaged(path: string, error: CorruptBlockError): void },
  /** Labels that idle readers may keep together, bytes; beyond it days are read anew. */
  maxLabelBytes = Number.POSITIVE_INFINITY,
): PartitionCache {
  let listed: readonly PartitionFile[] = [];
  let listedVersion = Number.NaN;
  const idle: PartitionReader[] = [];
  let inodes = new Map<string, number>();
  /** Which file each reader was opened for. */
  const opened = new WeakMap<PartitionReader, number | undefined>();
  const isCurrent = (reader: PartitionReader): boolean =>
    inodes.has(reader.file) && inodes.get(reader.file) === opened.get(reader);
  /** Inodes of files that turned out not to be partitions; the background worker sets them aside when it meets them. */
  const damaged = new Map<string, { readonly inode: number | undefined; readonly detail: string }>();
  let leftOut: readonly LeftOutFile[] = [];
  const isThere = (path: string): boolean =>
    listFiles().some((file) => file.path === path && file.inode === inodes.get(path));
  const setDamaged = (path: string, error: CorruptBlockError): void => {
    damaged.set(path, { inode: inodes.get(path), detail: error.detail });
    report.damaged(path, error);
  };
  const damageOf = ({ path, inode, damage }: PartitionFile): string | undefined => {
    const found = damaged.get(path);
    return damage ?? (found?.inode === inode ? found?.detail : undefined);
  };
  return {
    list(version) {
      if (version === listedVersion) return listed;
      const files = listFiles();
      listed = files
        .filter((file) => damageOf(file) === undefined)
        .sort((a, b) => a.range.from - b.range.from);
      leftOut = files.flatMap((file) => {
        const detail = damageOf(file);
        return detail === undefined ? [] : [{ path: file.path, range: file.range, detail }];
      });
      listedVersion = version;
      inodes = new Map(listed.map((file) => [file.path, file.inode]));
      for (let i = idle.length - 1; i >= 0; i--) {
        if (!isCurrent(idle[i]!)) idle.splice(i, 1)[0]!.close();
      }
      return listed;
    },
    leftOut: () => leftOut,
    forget() {
      listedVersion = Number.NaN;
    },
    take(path) {
      const at = idle.findLastIndex((reader) => reader.file === path);
      if (at >= 0) return idle.splice(at, 1)[0];
      try {
        const reader = open(path);
        opened.set(reader, inodes.get(path));
        return reader;
      } catch (error) {
        if (error instanceof CorruptBlockError) {
          setDamaged(path, error);
          return undefined;
        }
        const isGone = (error as { code?: string }).code === 'SQLITE_CANTOPEN' && !isThere(path);
        if (isGone) return undefined;
        throw lossOf(error, path) ?? error;
      }
    },
    isThere,
    discard(reader, error) {
      setDamaged(reader.file, error);
      reader.close();
    },
    give(reader) {
      if (!isCurrent(reader)) return reader.close();
      idle.push(reader);
      let kept = idle.reduce((sum, { keptBytes }) => sum + keptBytes, 0);
      while (idle.length > MAX_IDLE || (kept > maxLabelBytes && idle.length > 0)) {
        const oldest = idle.shift()!;
        kept -= oldest.keptBytes;
        oldest.close();
      }
    },
    close() {
      for (const reader of idle) reader.close();
      idle.length = 0;
    },
  };
}
