import type { Clock } from '../clock.ts';
import type { Log } from '../model/log.ts';
import type { SqliteDatabase } from '../sqlite/database.ts';
import { Attempts, PER_ADDRESS, PER_NAME_AND_ADDRESS } from './attempts.ts';
import { isPassword } from './password.ts';
import { type Caller, ROLE_SCOPES, type Role } from './scope.ts';
import { hashOf } from './secret.ts';
import { type SessionLimits, Sessions } from './sessions.ts';
import { AccessStore, type AuditEntry, type StoredSession } from './store.ts';
import { Tokens } from './tokens.ts';

export interface AccessUser {
  readonly role: Role;
  /** scrypt's or bcrypt's. */
  readonly hash: string;
}

export interface AccessSettings {
  /** Empty: everybody is admin. */
  readonly users: ReadonlyMap<string, AccessUser>;
  readonly sessions: SessionLimits;
}

/** What became of credentials. */
export type Verdict =
  | { readonly kind: 'right'; readonly caller: Caller }
  | { readonly kind: 'wrong' }
  /** Not looked at: too many were wrong before, or too many wait. */
  | { readonly kind: 'wait'; readonly waitMs: number };

export interface Access {
  readonly tokens: Tokens;
  password(name: string, password: string, address: string): Promise<Verdict>;
  token(secret: string): Verdict;
  /** `newSecret` is to replace the browser's. */
  session(secret: string): { readonly caller: Caller; readonly newSecret?: string } | undefined;
  /** The secret of a new session. */
  begin(user: string, address: string, agent: string): string;
  sessions(): readonly StoredSession[];
  endSession(id: string): boolean;
  readonly cookieSeconds: number;
  record(entry: Omit<AuditEntry, 'id' | 'at'>): void;
  audit(limit: number, before?: number): readonly AuditEntry[];
}

/** Right passwords remembered, so that the slow hash runs once per user and not per request. */
const MAX_REMEMBERED = 200;
/** Passwords are hashed one at a time: each takes a thread, 32 MiB and a tenth of a second. */
const MAX_WAITING = 32;
const BUSY_WAIT_MS = 5000;

/** Users, logins, tokens and the log of changes. @param settings today's, from the configuration */
export function createAccess(deps: {
  readonly db: SqliteDatabase;
  readonly clock: Clock;
  readonly log: Pick<Log, 'error'>;
  readonly settings: () => AccessSettings;
}): Access {
  const { db, clock, log, settings } = deps;
  const store = new AccessStore(db, log);
  const sessions = new Sessions(store, clock, () => settings().sessions);
  const tokens = new Tokens(store, clock);
  const byBoth = new Attempts(clock, PER_NAME_AND_ADDRESS);
  const byAddress = new Attempts(clock, PER_ADDRESS);
  const remembered = new Set<string>();
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();

  const userNamed = (name: string): AccessUser | undefined => settings().users.get(name);
  const proofOf = (name: string): string | undefined => {
    const user = userNamed(name);
    return user && hashOf(user.hash);
  };
  const callerOf = (name: string, { role }: AccessUser, sessionId?: string): Caller => ({
    kind: 'user',
    name,
    role,
    scopes: ROLE_SCOPES[role],
    ...(sessionId === undefined ? {} : { sessionId }),
  });

  const lockedMs = (both: string, address: string): number =>
    Math.max(byBoth.waitMs(both), byAddress.waitMs(address));

  const verify = async (name: string, password: string, address: string): Promise<Verdict> => {
    const both = `${name}\0${address}`;
    // Looked at again: attempts that waited together are not free together.
    const waitMs = lockedMs(both, address);
    if (waitMs > 0) return { kind: 'wait', waitMs };
    const user = userNamed(name);
    if (await isPassword(password, user?.hash)) {
      byBoth.right(both);
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.add(hashOf(`${user!.hash}\0${name}\0${password}`));
      return { kind: 'right', caller: callerOf(name, user!) };
    }
    const lockMs = Math.max(byBoth.wrong(both), byAddress.wrong(address));
    if (lockMs > 0) {
      const detail = `too many wrong passwords; locked for ${Math.round(lockMs / 1000)} s`;
      store.record({ at: clock.now(), who: name, address, what: 'login locked', status: 429, detail });
    }
    return { kind: 'wrong' };
  };

  return {
    tokens,
    async password(name, password, address) {
      const user = userNamed(name);
      const both = `${name}\0${address}`;
      // First of all: what is remembered answers at once, and would tell a guesser at any speed which guess is right.
      const waitMs = lockedMs(both, address);
      if (waitMs > 0) return { kind: 'wait', waitMs };
      if (user && remembered.has(hashOf(`${user.hash}\0${name}\0${password}`))) {
        byBoth.right(both);
        return { kind: 'right', caller: callerOf(name, user) };
      }
      if (waiting >= MAX_WAITING) return { kind: 'wait', waitMs: BUSY_WAIT_MS };
      waiting++;
      const run = last.then(() => verify(name, password, address));
      last = run.catch(() => {}).finally(() => waiting--);
      return run;
    },
    token(secret) {
      const token = tokens.find(secret);
      return token
        ? { kind: 'right', caller: { kind: 'token', name: token.name, scopes: token.scopes } }
        : { kind: 'wrong' };
    },
    session(secret) {
      const found = sessions.find(secret, proofOf);
      const user = found && userNamed(found.session.user);
      if (!found || !user) return undefined;
      const caller = callerOf(found.session.user, user, found.session.id);
      return found.newSecret === undefined ? { caller } : { caller, newSecret: found.newSecret };
    },
    begin: (user, address, agent) => sessions.begin({ user, address, agent, proof: proofOf(user) ?? '' }),
    sessions: () => sessions.list(),
    endSession: (id) => sessions.end(id),
    get cookieSeconds() {
      return sessions.cookieSeconds;
    },
    record: (entry) => store.record({ ...entry, at: clock.now() }),
    audit: (limit, before) => store.audit(limit, before),
  };
}
