/** Answers of this size are kept whatever waits: errors have to be told. */
const SMALL_BYTES = 64 * 1024;

/** Counts the bytes of answers that wait in this process until their clients have taken them. */
export interface UnsentAnswers {
  /** @returns to be called, once or more often, when they are gone; undefined when they do not fit beside what waits */
  take(bytes: number): (() => void) | undefined;
  bytes(): number;
}

export function unsentAnswers(maxBytes: number): UnsentAnswers {
  let held = 0;
  return {
    take(bytes) {
      if (bytes > SMALL_BYTES && held + bytes > maxBytes) return undefined;
      held += bytes;
      let isHeld = true;
      return () => {
        if (isHeld) held -= bytes;
        isHeld = false;
      };
    },
    bytes: () => held,
  };
}
