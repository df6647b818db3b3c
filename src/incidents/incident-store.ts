import { migrate, type SqliteDatabase } from '../sqlite/database.ts';
import type { Incident, IncidentStatus, IncidentUpdate } from './incident.ts';
import { SERVICE_DAYS_TABLE } from './service-days.ts';

/** What a person says when something goes wrong. */
export interface NewIncident
  extends Pick<Incident, 'title' | 'services' | 'matchers' | 'isPublic' | 'startedAt'> {
  readonly first: Omit<IncidentUpdate, 'id'>;
}

/** The incidents in state.db. Each call is committed when it returns. */
export interface IncidentStore {
  /** Newest first. @param since those that began or ended after it, or go on; Unix ms */
  list(since: number, limit: number): Incident[];
  get(id: number): Incident | undefined;
  add(incident: NewIncident): Incident;
  /** @returns undefined when there is no such incident */
  change(
    id: number,
    to: Partial<Pick<Incident, 'title' | 'services' | 'matchers' | 'isPublic'>>,
  ): Incident | undefined;
  /** A resolved one that gets another status goes on. @returns undefined when there is no such incident */
  note(id: number, update: Omit<IncidentUpdate, 'id'>): Incident | undefined;
  /** @returns false when there is none */
  remove(id: number): boolean;
}

const MIGRATIONS = [
  `CREATE TABLE incidents (
    id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL, services TEXT NOT NULL, matchers TEXT NOT NULL,
    is_public INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER
  );
  CREATE INDEX incidents_start ON incidents (started_at);
  CREATE TABLE incident_updates (
    id INTEGER PRIMARY KEY, incident INTEGER NOT NULL, at INTEGER NOT NULL, status TEXT NOT NULL, text TEXT NOT NULL,
    author TEXT NOT NULL
  );
  CREATE INDEX incident_updates_of ON incident_updates (incident, at)`,
  SERVICE_DAYS_TABLE,
];

/** Makes the tables of this package. @param db state.db */
export const migrateIncidents = (db: SqliteDatabase): void => migrate(db, 'incidents', MIGRATIONS);

/** Most that are kept; the oldest that are over go first. */
export const MAX_INCIDENTS = 5000;

interface IncidentRow {
  readonly id: number;
  readonly title: string;
  readonly services: string;
  readonly matchers: string;
  readonly is_public: number;
  readonly started_at: number;
  readonly ended_at: number | null;
}

/** @param db state.db, with the tables of this package */
export function createIncidentStore(db: SqliteDatabase): IncidentStore {
  const select = db.prepare<[number, number, number], IncidentRow>(
    'SELECT * FROM incidents WHERE started_at >= ? OR ended_at IS NULL OR ended_at >= ? ORDER BY started_at DESC, id DESC LIMIT ?',
  );
  const selectOne = db.prepare<[number], IncidentRow>('SELECT * FROM incidents WHERE id = ?');
  const selectUpdates = db.prepare<[number], IncidentUpdate>(
    'SELECT id, at, status, text, author FROM incident_updates WHERE incident = ? ORDER BY at, id',
  );
  const insert = db.prepare(
    'INSERT INTO incidents (title, services, matchers, is_public, started_at, ended_at) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const update = db.prepare(
    'UPDATE incidents SET title = ?, services = ?, matchers = ?, is_public = ? WHERE id = ?',
  );
  const insertUpdate = db.prepare(
    'INSERT INTO incident_updates (incident, at, status, text, author) VALUES (?, ?, ?, ?, ?)',
  );
  const setEnd = db.prepare('UPDATE incidents SET ended_at = ? WHERE id = ?');
  const remove = db.prepare('DELETE FROM incidents WHERE id = ?');
  const removeUpdates = db.prepare(
    'DELETE FROM incident_updates WHERE incident NOT IN (SELECT id FROM incidents)',
  );
  const prune = db.prepare(
    `DELETE FROM incidents WHERE ended_at IS NOT NULL AND id IN
      (SELECT id FROM incidents ORDER BY started_at DESC, id DESC LIMIT -1 OFFSET ?)`,
  );

  const whole = (row: IncidentRow): Incident => ({
    id: row.id,
    title: row.title,
    services: JSON.parse(row.services) as string[],
    matchers: row.matchers,
    isPublic: row.is_public === 1,
    startedAt: row.started_at,
    endedAt: row.ended_at ?? undefined,
    updates: selectUpdates.all(row.id),
  });
  const get = (id: number): Incident | undefined => {
    const row = selectOne.get(id);
    return row && whole(row);
  };
  const write = (id: number, { at, status, text, author }: Omit<IncidentUpdate, 'id'>): void => {
    insertUpdate.run(id, at, status, text, author);
    const last = selectUpdates.all(id).at(-1)!;
    setEnd.run(endOf(last.status, last.at), id);
  };

  return {
    list: (since, limit) => select.all(since, since, limit).map(whole),
    get,
    add: db.transaction(({ title, services, matchers, isPublic, startedAt, first }: NewIncident) => {
      const { lastInsertRowid } = insert.run(
        title,
        JSON.stringify(services),
        matchers,
        isPublic ? 1 : 0,
        startedAt,
        null,
      );
      const id = Number(lastInsertRowid);
      write(id, first);
      if (prune.run(MAX_INCIDENTS).changes > 0) removeUpdates.run();
      return get(id)!;
    }),
    change(id, to) {
      const now = get(id);
      if (!now) return undefined;
      const next = { ...now, ...to };
      update.run(next.title, JSON.stringify(next.services), next.matchers, next.isPublic ? 1 : 0, id);
      return get(id);
    },
    note: db.transaction((id: number, note: Omit<IncidentUpdate, 'id'>) => {
      if (!selectOne.get(id)) return undefined;
      write(id, note);
      return get(id);
    }),
    remove: db.transaction((id: number) => {
      const { changes } = remove.run(id);
      if (changes > 0) removeUpdates.run();
      return changes > 0;
    }),
  };
}

const endOf = (status: IncidentStatus, at: number): number | null => (status === 'resolved' ? at : null);
