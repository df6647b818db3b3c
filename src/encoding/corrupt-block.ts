/**
 * Stored bytes that are not what was written: a wrong checksum, a foreign or newer format, a length that leads outside. The
 * reader of a file adds where the bytes came from, so that the message names file, table and row.
 */
export class CorruptBlockError extends Error {
  readonly detail: string;
  readonly where: string;

  constructor(detail: string, where = '') {
    super(where === '' ? detail : `${where}: ${detail}`);
    this.name = 'CorruptBlockError';
    this.detail = detail;
    this.where = where;
  }

  /** The same finding with its place, e.g. `20260102.db: table block, row 7`. */
  at(where: string): CorruptBlockError {
    return new CorruptBlockError(this.detail, this.where === '' ? where : `${where}: ${this.where}`);
  }
}
