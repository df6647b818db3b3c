import type { Writable } from 'node:stream';

/** Writes no faster than it is read; a reader that goes away ends the export without complaint. */
export function createOutput(out: Writable): {
  /** Resolves with false when nobody reads any more. */
  write(text: string): Promise<boolean>;
  /** Resolves when all was written, or nobody reads any more. @throws the stream's error, such as a full disk */
  drained(): Promise<void>;
  release(): void;
} {
  let failure: Error | undefined;
  let wake: (() => void) | undefined;
  const onDrain = (): void => wake?.();
  const onError = (error: Error): void => {
    failure = error;
    wake?.();
  };
  out.on('drain', onDrain).on('error', onError);
  const settled = async (): Promise<void> => {
    while (out.writableNeedDrain && failure === undefined) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    if (failure && (failure as NodeJS.ErrnoException).code !== 'EPIPE') throw failure;
  };
  return {
    async write(text) {
      if (text !== '' && failure === undefined && !out.write(text)) await settled();
      return failure === undefined;
    },
    async drained() {
      await new Promise<void>((resolve) => void out.write('', () => resolve()));
      await settled();
    },
    release: () => void out.off('drain', onDrain).off('error', onError),
  };
}
