import { migrate, type SqliteDatabase } from '../sqlite/database.ts';

/** Something that happened, marked on graphs: a deploy, a restart, a switch that was thrown. */
export interface Annotation {
  readonly id: number;
  /** Unix ms. */
  readonly time: number;
  /** Unix ms; that of `time` for a moment. */
  readonly timeEnd: number;
  readonly text: string;
  readonly tags: readonly string[];
}

export interface AnnotationStore {
  add(annotation: Omit<Annotation, 'id'>): number;
  /** Those that overlap `[from, to]` and have all of the tags, newest first. */
  list(from: number, to: number, tags: readonly string[], limit: number): Annotation[];
  /** @returns false when there is none */
  remove(id: number): boolean;
}

const MIGRATIONS = [
  `CREATE TABLE annotations (
    id INTEGER PRIMARY KEY, time INTEGER NOT NULL, time_end INTEGER NOT NULL, text TEXT NOT NULL, tags TEXT NOT NULL
  );
  CREATE INDEX annotations_time ON annotations (time)`,
];

/** Most that are kept; the oldest go first. */
export const MAX_ANNOTATIONS = 20_000;

interface Row {
  readonly id: number;
  readonly time: number;
  readonly time_end: number;
  readonly text: string;
  readonly tags: string;
}

/** @param db state.db */
export function createAnnotationStore(db: SqliteDatabase): AnnotationStore {
  migrate(db, 'annotations', MIGRATIONS);
  const insert = db.prepare('INSERT INTO annotations (time, time_end, text, tags) VALUES (?, ?, ?, ?)');
  const prune = db.prepare(
    'DELETE FROM annotations WHERE id IN (SELECT id FROM annotations ORDER BY time DESC, id DESC LIMIT -1 OFFSET ?)',
  );
  const select = db.prepare<[number, number], Row>(
    'SELECT id, time, time_end, text, tags FROM annotations WHERE time <= ? AND time_end >= ? ORDER BY time DESC, id DESC',
  );
  const remove = db.prepare('DELETE FROM annotations WHERE id = ?');
  return {
    add({ time, timeEnd, text, tags }) {
      const { lastInsertRowid } = insert.run(time, timeEnd, text, JSON.stringify(tags));
      prune.run(MAX_ANNOTATIONS);
      return Number(lastInsertRowid);
    },
    list(from, to, tags, limit) {
      const found: Annotation[] = [];
      for (const row of select.iterate(to, from)) {
        const own = JSON.parse(row.tags) as string[];
        if (!tags.every((tag) => own.includes(tag))) continue;
        found.push({ id: row.id, time: row.time, timeEnd: row.time_end, text: row.text, tags: own });
        if (found.length === limit) break;
      }
      return found;
    },
    remove: (id) => remove.run(id).changes > 0,
  };
}
