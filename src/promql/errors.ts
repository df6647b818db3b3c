/** A stretch of the query text `[start, end)`, in UTF-16 units as JavaScript counts. */
export interface Position {
  readonly start: number;
  readonly end: number;
}

/** What kind of failure it is, in the words of the HTTP API's `errorType`. */
export type PromqlErrorKind = 'bad_data' | 'execution' | 'timeout' | 'canceled';

/** The one error of this package: a query that cannot be parsed or evaluated. */
export class PromqlError extends Error {
  readonly kind: PromqlErrorKind;
  /** Where in the query text, when known. */
  readonly position: Position | undefined;
  /** 1-based; 0 when the position is unknown. */
  readonly line: number;
  /** 1-based, in bytes of UTF-8 as upstream counts; 0 when the position is unknown. */
  readonly column: number;

  constructor(kind: PromqlErrorKind, message: string, position?: Position, at?: LineColumn) {
    super(message);
    this.name = 'PromqlError';
    this.kind = kind;
    this.position = position;
    this.line = at?.line ?? 0;
    this.column = at?.column ?? 0;
  }
}

/** An error found while evaluating; its text is upstream's, without a position. */
export function executionError(message: string): PromqlError {
  return new PromqlError('execution', message);
}

/** A mistake in the query text: `line:col: parse error: …`. */
export function parseError(text: string, position: Position, message: string): PromqlError {
  const at = lineColumn(text, position.start);
  return new PromqlError('bad_data', `${at.line}:${at.column}: parse error: ${message}`, position, at);
}

export interface LineColumn {
  readonly line: number;
  readonly column: number;
}

/** Line and column (both 1-based, the column in UTF-8 bytes) of an offset in the text. */
export function lineColumn(text: string, offset: number): LineColumn {
  const end = Math.min(offset, text.length);
  let line = 1;
  let lineStart = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) {
    line++;
    lineStart = at + 1;
  }
  return { line, column: utf8Length(text, lineStart, end) + 1 };
}

function utf8Length(text: string, from: number, to: number): number {
  let bytes = 0;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code <= 0xdfff) bytes += 2;
    else bytes += 3;
  }
  return bytes;
}
