const NEWLINE = 10;

/** A page that breaks its format. `line` and `column` count from 1; the column counts bytes. */
export class ExpositionError extends Error {
  readonly line: number;
  readonly column: number;
  /** The message without the place. */
  readonly problem: string;

  constructor(line: number, column: number, problem: string) {
    super(`line ${line}, column ${column}: ${problem}`);
    this.name = 'ExpositionError';
    this.line = line;
    this.column = column;
    this.problem = problem;
  }
}

/** The error at a byte offset of a page. */
export function expositionErrorAt(bytes: Uint8Array, offset: number, problem: string): ExpositionError {
  let line = 1;
  let lineStart = 0;
  const end = Math.min(offset, bytes.length);
  for (let i = 0; i < end; i++) {
    if (bytes[i] === NEWLINE) {
      line++;
      lineStart = i + 1;
    }
  }
  return new ExpositionError(line, offset - lineStart + 1, problem);
}
