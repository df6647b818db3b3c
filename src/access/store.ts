import type { Log } from '../model/log.ts';
import { migrate, type SqliteDatabase } from '../sqlite/database.ts';
import type { Scope } from './scope.ts';

/** A login, known to the browser by a secret of which only the hash is kept. */
export interface StoredSession {
  readonly id: string;
  readonly user: string;
  /** Hash of the secret in use. */
  readonly hash: string;
  /** Of the secret handed out to follow it, until the browser shows that it has it. */
  readonly nextHash: string | null;
  /** Of the one before, for requests that were under way. */
  readonly previousHash: string | null;
  /** Of the user's password hash at login: another password ends the session. */
  readonly proof: string;
  readonly createdAt: number;
  readonly rotatedAt: number;
  readonly usedAt: number;
  readonly address: string;
  readonly agent: string;
}

/** An API token; the secret itself was shown once. */
export interface StoredToken {
  readonly id: string;
  readonly name: string;
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly createdBy: string;
  readonly createdAt: number;
  /** Null: never. */
  readonly expiresAt: number | null;
  readonly usedAt: number | null;
}

export interface AuditEntry {
  readonly id: number;
  readonly at: number;
  readonly who: string;
  readonly address: string;
  /** `POST /api/v2/silences`, `login`, `reload`, … */
  readonly what: string;
  /** HTTP status, or 0 where there was no request. */
  readonly status: number;
  readonly detail: string;
}

/** Entries kept of the audit log, and for how long. */
const MAX_AUDIT_ENTRIES = 20_000;
const AUDIT_KEPT_MS = 365 * 86_400_000;
/** Entries written between two looks at the bounds. */
const PRUNE_EVERY = 200;
const MAX_TEXT = 500;

interface TokenRow extends Omit<StoredToken, 'scopes'> {
  readonly scopes: string;
}

/**
 * The tables of logins, tokens and changes in state.db. Each write is committed when the call returns. Where a disk that cannot be
 * written must not keep people out, the write is left out with a word in the log.
 */
export class AccessStore {
  readonly #db: SqliteDatabase;
  readonly #log: Pick<Log, 'error'>;
  #sincePruned = PRUNE_EVERY;

  constructor(db: SqliteDatabase, log: Pick<Log, 'error'>) {
    migrate(db, 'access', [SCHEMA]);
    this.#db = db;
    this.#log = log;
  }

  sessions(): readonly StoredSession[] {
    return this.#db.prepare('SELECT * FROM access_sessions').all() as StoredSession[];
  }

  /** Left out on a disk that cannot be written: the login then ends with the process. */
  saveSession(session: StoredSession): void {
    this.#durably({ user: session.user }, 'cannot store a login; going on from memory', () =>
      this.#db
        .prepare(
          `INSERT OR REPLACE INTO access_sessions VALUES
           (@id, @user, @hash, @nextHash, @previousHash, @proof, @createdAt, @rotatedAt, @usedAt, @address, @agent)`,
        )
        .run(session),
    );
  }

  /** Of one that a later start would find to be over by itself: left out on a disk that cannot be written. */
  dropSession({ id, user }: StoredSession): void {
    this.#durably({ user }, 'cannot store the end of a login', () => this.removeSession(id));
  }

  removeSession(id: string): void {
    this.#db.prepare('DELETE FROM access_sessions WHERE id = ?').run(id);
  }

  tokens(): readonly StoredToken[] {
    const rows = this.#db.prepare('SELECT * FROM access_tokens ORDER BY createdAt').all() as TokenRow[];
    return rows.map((row) => ({ ...row, scopes: row.scopes.split(' ') as Scope[] }));
  }

  saveToken(token: StoredToken): void {
    this.#db
      .prepare(
        `INSERT OR REPLACE INTO access_tokens VALUES
         (@id, @name, @hash, @scopes, @createdBy, @createdAt, @expiresAt, @usedAt)`,
      )
      .run({ ...token, scopes: token.scopes.join(' ') });
  }

  /** Notes when it was used; left out on a disk that cannot be written. */
  touchToken({ id, name, usedAt }: StoredToken): void {
    this.#durably({ token: name }, 'cannot store when a token was used', () =>
      this.#db.prepare('UPDATE access_tokens SET usedAt = ? WHERE id = ?').run(usedAt, id),
    );
  }

  removeToken(id: string): void {
    this.#db.prepare('DELETE FROM access_tokens WHERE id = ?').run(id);
  }

  /** What a disk that cannot be written does not take is in the log instead. */
  record(entry: Omit<AuditEntry, 'id'>): void {
    this.#durably(entry, 'cannot store an entry of the audit log', () => this.#record(entry));
  }

  #record({ at, who, address, what, status, detail }: Omit<AuditEntry, 'id'>): void {
    this.#db
      .prepare('INSERT INTO access_audit (at, who, address, what, status, detail) VALUES (?, ?, ?, ?, ?, ?)')
      .run(at, cut(who), cut(address), cut(what), status, cut(detail));
    if (++this.#sincePruned < PRUNE_EVERY) return;
    this.#sincePruned = 0;
    this.#db
      .prepare('DELETE FROM access_audit WHERE at < ? OR id <= (SELECT max(id) FROM access_audit) - ?')
      .run(at - AUDIT_KEPT_MS, MAX_AUDIT_ENTRIES);
  }

  /** Newest first. @param before an id, for the next page */
  audit(limit: number, before = Number.MAX_SAFE_INTEGER): readonly AuditEntry[] {
    return this.#db
      .prepare('SELECT * FROM access_audit WHERE id < ? ORDER BY id DESC LIMIT ?')
      .all(before, limit) as AuditEntry[];
  }

  #durably(about: object, complaint: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#log.error({ ...about, problem: (error as Error).message }, complaint);
    }
  }
}

/** Times are Unix ms, hashes SHA-256 in base64url, scopes separated by spaces. */
const SCHEMA = `
CREATE TABLE access_sessions (
  id TEXT PRIMARY KEY, user TEXT NOT NULL, hash TEXT NOT NULL, nextHash TEXT, previousHash TEXT, proof TEXT NOT NULL,
  createdAt INTEGER NOT NULL, rotatedAt INTEGER NOT NULL, usedAt INTEGER NOT NULL, address TEXT NOT NULL, agent TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE access_tokens (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, scopes TEXT NOT NULL, createdBy TEXT NOT NULL,
  createdAt INTEGER NOT NULL, expiresAt INTEGER, usedAt INTEGER
) WITHOUT ROWID;
CREATE TABLE access_audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL,
  what TEXT NOT NULL, status INTEGER NOT NULL, detail TEXT NOT NULL
);
`;

const cut = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 1)}…` : text);
