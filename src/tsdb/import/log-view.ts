import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { ByteWriter } from '../../encoding/bytes.ts';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { FrameKind, unframe } from '../../encoding/frame.ts';
import type { Log } from '../../model/log.ts';
import { openDatabase, type SqliteAddon, type SqliteDatabase } from '../../sqlite/database.ts';
import { Head } from '../head/head.ts';
import { definitionWriter } from '../log/definitions.ts';
import type { LogDb } from '../log/log-db.ts';
import { replayLog } from '../log/replay.ts';

export interface LogViewOptions {
  readonly addon: SqliteAddon;
  readonly clock: Clock;
  readonly log: Log;
  /** Exemplars are read too. */
  readonly exemplars?: boolean;
}

/** What the log of a data directory holds, as a head that is only read. A server may be at work: nothing is written, nothing is waited for. */
export function readLog(dir: string, { addon, clock, log, exemplars = false }: LogViewOptions): Head {
  const scratch = new ByteWriter();
  const journal = {
    records: scratch,
    definitions: definitionWriter(scratch),
    exemplar() {},
    seq: 0,
    touch: () => scratch.reset(),
  };
  const head = new Head(1, journal);
  const file = join(dir, 'log.db');
  if (!existsSync(file)) return head;
  const db = openDatabase(file, { addon, readonly: true });
  try {
    // One snapshot: a row trimmed meanwhile would have its samples in a partition that was listed before.
    db.exec('BEGIN');
    if (
      db.prepare("SELECT count(*) FROM sqlite_schema WHERE name IN ('log', 'definitions')").pluck().get() ===
      2
    ) {
      if (exemplars && hasTable(db, 'exemplars')) {
        head.exemplars.resize(
          db.prepare('SELECT coalesce(sum(n), 0) FROM exemplars').pluck().get() as number,
        );
      }
      // Tidying up definitions is for the next server.
      replayLog(readOnly(db, file), head, log, clock, { compacts: false });
    }
    return head;
  } finally {
    db.close();
  }
}

const hasTable = (db: SqliteDatabase, name: string): boolean =>
  db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined;

function readOnly(db: SqliteDatabase, file: string): LogDb {
  const unexpected = (): never => {
    throw new Error(`${file} is only read here`);
  };
  function* bodies(
    table: 'log' | 'definitions' | 'exemplars',
    kind: FrameKind,
    damaged: (error: CorruptBlockError) => void,
  ): Generator<{ seq: number; records: Uint8Array }> {
    const rows = db.prepare(`SELECT seq, b FROM ${table} ORDER BY seq`).iterate();
    for (const { seq, b } of rows as Iterable<{ seq: number; b: Uint8Array }>) {
      let records: Uint8Array;
      try {
        records = unframe(kind, b, seq >>> 0);
      } catch (error) {
        if (!(error instanceof CorruptBlockError)) throw error;
        damaged(error.at(`${file}: table ${table}, row ${seq}`));
        continue;
      }
      yield { seq, records };
    }
  }
  return {
    file,
    nextSeq: 0,
    append: unexpected,
    *definitions(damaged) {
      for (const { records } of bodies('definitions', FrameKind.logDefinitions, damaged)) yield records;
    },
    records: (damaged) => bodies('log', FrameKind.logRecords, damaged),
    *exemplars(damaged) {
      for (const { records } of bodies('exemplars', FrameKind.logExemplars, damaged)) yield records;
    },
    keepExemplars() {},
    definitionsMark: unexpected,
    rewriteDefinitions: unexpected,
    trimDefinitions: unexpected,
    trim: unexpected,
    stats: unexpected,
    close: () => void db.close(),
  };
}
