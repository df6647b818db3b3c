import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';

/** The kernel's text files. */
export interface HostFiles {
  /** @throws Error when it cannot be read */
  read(path: string): string;
  /** Undefined when there is no such file. */
  readIfPresent(path: string): string | undefined;
  readBytesIfPresent(path: string): Buffer | undefined;
  /** Names in a folder; undefined when there is none. */
  list(path: string): readonly string[] | undefined;
  /** Where links lead; undefined when there is nothing. */
  realPath(path: string): string | undefined;
  /** When a file was last written, Unix ms. */
  modifiedMs(path: string): number;
}

/**
 * Reads /proc and /sys where they are. Synchronously: these reads come from memory, take some ten microseconds each, and must not
 * queue behind a mount that hangs in the thread pool.
 */
export const systemFiles: HostFiles = {
  read: (path) => readFileSync(path, 'utf8'),
  readIfPresent: (path) => ifPresent(() => readFileSync(path, 'utf8')),
  readBytesIfPresent: (path) => ifPresent(() => readFileSync(path)),
  list: (path) => ifPresent(() => readdirSync(path)),
  realPath: (path) => ifPresent(() => realpathSync(path)),
  modifiedMs: (path) => statSync(path).mtimeMs,
};

function ifPresent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/** Non-empty lines. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

/** @throws Error when the text is no number */
export function numberOf(text: string | undefined, where: string): number {
  const value = Number(text);
  if (text === undefined || text.trim() === '' || Number.isNaN(value)) {
    throw new Error(`${where}: expected a number, found ${JSON.stringify(text ?? '')}`);
  }
  return value;
}
