import type { SqliteDatabase } from '../sqlite/database.ts';

/** How a service is. `unknown`: nothing was measured, or it was not asked. */
const SERVICE_STATES = ['up', 'degraded', 'down', 'unknown'] as const;
export type ServiceState = (typeof SERVICE_STATES)[number];

/** How long a service was how on one day of UTC, ms. What is missing of the day is not known. */
export interface ServiceDay {
  /** Midnight UTC, Unix ms. */
  readonly day: number;
  readonly up: number;
  readonly degraded: number;
  readonly down: number;
}

export interface ServiceDays {
  /** Adds `ms` to what is known of that moment's day; unknown times are not added. */
  add(service: string, at: number, state: ServiceState, ms: number): void;
  /** Commits what was added. @throws Error when the disk refuses; it is kept for the next try */
  save(): void;
  /** Days from `from` (Unix ms) on of all services, oldest first, with what was not committed yet. */
  since(from: number): ReadonlyMap<string, readonly ServiceDay[]>;
}

export const SERVICE_DAYS_TABLE = `CREATE TABLE service_days (
    service TEXT NOT NULL, day INTEGER NOT NULL, up INTEGER NOT NULL, degraded INTEGER NOT NULL, down INTEGER NOT NULL,
    PRIMARY KEY (service, day)
  ) WITHOUT ROWID`;

export const DAY_MS = 86_400_000;
/** What is older is forgotten, ms. */
const KEPT_MS = 400 * DAY_MS;

interface Row extends ServiceDay {
  readonly service: string;
}

/**
 * The past of services, kept beside the samples because it shall outlive them: 90 days are shown, many sites keep 15.
 * @param db state.db, with the tables of this package
 */
export function createServiceDays(db: SqliteDatabase): ServiceDays {
  const select = db.prepare<[number], Row>('SELECT * FROM service_days WHERE day >= ? ORDER BY service, day');
  const upsert = db.prepare(
    `INSERT INTO service_days (service, day, up, degraded, down) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET up = up + excluded.up, degraded = degraded + excluded.degraded, down = down + excluded.down`,
  );
  const prune = db.prepare('DELETE FROM service_days WHERE day < ?');
  /** By service and day; not committed yet. */
  const added = new Map<string, { -readonly [Key in keyof Row]: Row[Key] }>();
  const write = db.transaction(() => {
    let newest = 0;
    for (const { service, day, up, degraded, down } of added.values()) {
      upsert.run(service, day, Math.round(up), Math.round(degraded), Math.round(down));
      newest = Math.max(newest, day);
    }
    if (newest > 0) prune.run(newest - KEPT_MS);
  });
  return {
    add(service, at, state, ms) {
      if (state === 'unknown' || !(ms > 0)) return;
      const day = dayOf(at);
      const key = `${day} ${service}`;
      let row = added.get(key);
      if (!row) {
        row = { service, day, up: 0, degraded: 0, down: 0 };
        added.set(key, row);
      }
      row[state] += ms;
    },
    save() {
      if (added.size === 0) return;
      write();
      added.clear();
    },
    since(from) {
      const days = new Map<string, Map<number, ServiceDay>>();
      for (const row of [...select.all(dayOf(from)), ...added.values()]) {
        let own = days.get(row.service);
        if (!own) days.set(row.service, (own = new Map()));
        const { day } = row;
        const known = own.get(day) ?? { day, up: 0, degraded: 0, down: 0 };
        own.set(day, {
          day,
          up: known.up + row.up,
          degraded: known.degraded + row.degraded,
          down: known.down + row.down,
        });
      }
      return new Map(
        [...days].map(([service, own]) => [service, [...own.values()].sort((a, b) => a.day - b.day)]),
      );
    },
  };
}

/** Midnight UTC before a moment; Unix ms. */
export const dayOf = (at: number): number => Math.floor(at / DAY_MS) * DAY_MS;

/** Share of the known time in which a service was not down, 0…1; undefined where nothing is known. */
export function availability(days: Iterable<ServiceDay>): number | undefined {
  let well = 0;
  let down = 0;
  for (const day of days) {
    well += day.up + day.degraded;
    down += day.down;
  }
  return well + down > 0 ? well / (well + down) : undefined;
}
