import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { type Compression, FrameKind, frame, unframe } from '../../encoding/frame.ts';
import type { SqliteDatabase } from '../../sqlite/database.ts';

const COMPRESSION: Compression = { level: 1, atLeast: 4096 };
/** So many rows of one batch each become one, so that a replay reads few. */
const MERGED_ROWS = 64;

interface Row {
  readonly seq: number;
  readonly n: number;
  readonly b: Uint8Array;
}

/** The table `exemplars` of log.db: those of the ring, oldest first, and some that have left it. */
export class ExemplarRows {
  /** How many are of use; older rows go when more are added. */
  kept = Number.POSITIVE_INFINITY;
  /** Oldest first. */
  #rows: { readonly seq: number; readonly n: number }[] = [];
  #total = 0;
  readonly #sql;

  constructor(db: SqliteDatabase) {
    this.#sql = {
      all: db.prepare<[], { seq: number; n: number }>('SELECT seq, n FROM exemplars ORDER BY seq'),
      row: db.prepare<[number], Row>('SELECT seq, n, b FROM exemplars WHERE seq = ?'),
      insert: db.prepare<[number, number, Uint8Array]>('INSERT INTO exemplars VALUES (?, ?, ?)'),
      drop: db.prepare<[number]>('DELETE FROM exemplars WHERE seq = ?'),
    };
    this.load();
  }

  /** Brings memory to what the table says, after a transaction failed. */
  load(): void {
    this.#rows = this.#sql.all.all();
    this.#total = this.#rows.reduce((sum, { n }) => sum + n, 0);
  }

  /** Within a transaction. Returns the bytes stored. */
  append(seq: number, count: number, exemplars: Uint8Array): number {
    const bytes = this.#insert(seq, count, exemplars);
    let unneeded = 0;
    while (unneeded < this.#rows.length && this.#total - this.#rows[unneeded]!.n >= this.kept) {
      this.#drop(this.#rows[unneeded++]!);
    }
    this.#rows.splice(0, unneeded);
    this.#merge();
    return bytes;
  }

  /** Rows as they are stored, oldest first. */
  *stored(): Generator<Row> {
    for (const { seq } of this.#rows) {
      const row = this.#sql.row.get(seq);
      if (row) yield row;
    }
  }

  #merge(): void {
    const last = this.#rows.slice(-MERGED_ROWS);
    if (last.length < MERGED_ROWS || last.some(({ n }) => n >= MERGED_ROWS)) return;
    const bodies = last.flatMap(({ seq }) => bodyOf(this.#sql.row.get(seq)!));
    for (const row of last) this.#drop(row);
    this.#rows.splice(-MERGED_ROWS);
    const count = last.reduce((sum, { n }) => sum + n, 0);
    this.#insert(last.at(-1)!.seq, count, Buffer.concat(bodies));
  }

  #insert(seq: number, n: number, exemplars: Uint8Array): number {
    const blob = frame(FrameKind.logExemplars, exemplars, COMPRESSION, seq >>> 0);
    this.#sql.insert.run(seq, n, blob);
    this.#rows.push({ seq, n });
    this.#total += n;
    return blob.length;
  }

  #drop({ seq, n }: { readonly seq: number; readonly n: number }): void {
    this.#sql.drop.run(seq);
    this.#total -= n;
  }
}

/** What a row holds; nothing when it is damaged, which the next replay would have left out too. */
function bodyOf({ seq, b }: Row): Uint8Array[] {
  try {
    return [unframe(FrameKind.logExemplars, b, seq >>> 0)];
  } catch (error) {
    if (error instanceof CorruptBlockError) return [];
    throw error;
  }
}
