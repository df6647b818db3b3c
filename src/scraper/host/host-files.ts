import { readFileSync } from 'node:fs';

/** The kernel's text files. */
export interface HostFiles {
  /** @throws Error when it cannot be read */
  read(path: string): string;
  /** Undefined when there is no such file. */
  readIfPresent(path: string): string | undefined;
}

/**
 * Reads /proc and /sys where they are. Synchronously: these reads come from memory, take some ten microseconds each, and must not
 * queue behind a mount that hangs in the thread pool.
 */
export const systemFiles: HostFiles = {
  read: (path) => readFileSync(path, 'utf8'),
  readIfPresent(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
};

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
