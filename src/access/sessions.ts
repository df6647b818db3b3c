import type { Clock } from '../clock.ts';
import { hashOf, newId, newSecret } from './secret.ts';
import type { AccessStore, StoredSession } from './store.ts';

export interface SessionLimits {
  /** Ends when unused for this long, */
  readonly idleMs: number;
  /** and at the latest after this. */
  readonly maxAgeMs: number;
}

/** A secret is used for this long, then the browser gets another. */
const ROTATE_AFTER_MS = 3_600_000;
/** Requests under way with the secret before are still answered. */
const GRACE_MS = 60_000;
/** `usedAt` is not written for every request. */
const TOUCH_AFTER_MS = 60_000;
/** Of one user; the one longest unused makes room. */
const MAX_PER_USER = 50;

export interface FoundSession {
  readonly session: StoredSession;
  /** To be handed to the browser in place of the one it came with. */
  readonly newSecret?: string;
}

/**
 * Logins. The browser's secret is changed each hour: the next one becomes valid beside the one in use, which ends only when the browser
 * shows that it has got the next, so that an answer lost on the way logs nobody out.
 */
export class Sessions {
  readonly #store: AccessStore;
  readonly #clock: Clock;
  readonly #limits: () => SessionLimits;
  readonly #byId = new Map<string, StoredSession>();
  /** Of all secrets that are good for something. */
  readonly #byHash = new Map<string, string>();
  /** Secrets that are to follow, by session: requests that come together get the same one. */
  readonly #next = new Map<string, string>();

  constructor(store: AccessStore, clock: Clock, limits: () => SessionLimits) {
    this.#store = store;
    this.#clock = clock;
    this.#limits = limits;
    for (const session of store.sessions()) this.#keep(session);
  }

  /** Gives the secret for the browser. */
  begin(who: { user: string; proof: string; address: string; agent: string }): string {
    const now = this.#clock.now();
    this.#prune(who.user);
    const secret = newSecret();
    this.#save({
      ...who,
      agent: who.agent.slice(0, 200),
      id: newId(),
      hash: hashOf(secret),
      nextHash: null,
      previousHash: null,
      createdAt: now,
      rotatedAt: now,
      usedAt: now,
    });
    return secret;
  }

  /** @param proofOf of a user's password today; undefined when there is no such user any more */
  find(secret: string, proofOf: (user: string) => string | undefined): FoundSession | undefined {
    const hash = hashOf(secret);
    const id = this.#byHash.get(hash);
    const session = id === undefined ? undefined : this.#byId.get(id);
    if (!session) return undefined;
    const now = this.#clock.now();
    if (this.#isOver(session, now) || proofOf(session.user) !== session.proof) {
      this.#drop(session);
      return undefined;
    }
    if (hash === session.previousHash) {
      return now - session.rotatedAt <= GRACE_MS ? { session } : undefined;
    }
    if (hash === session.nextHash) {
      const promoted = {
        ...session,
        hash,
        nextHash: null,
        previousHash: session.hash,
        rotatedAt: now,
        usedAt: now,
      };
      this.#save(promoted);
      this.#next.delete(session.id);
      return { session: promoted };
    }
    if (now - session.rotatedAt >= ROTATE_AFTER_MS) {
      const handedOut = this.#next.get(session.id);
      if (handedOut !== undefined) return { session: this.#touched(session, now), newSecret: handedOut };
      const next = newSecret();
      this.#next.set(session.id, next);
      const rotating = { ...session, nextHash: hashOf(next), usedAt: now };
      this.#save(rotating);
      return { session: rotating, newSecret: next };
    }
    return { session: this.#touched(session, now) };
  }

  list(): readonly StoredSession[] {
    const now = this.#clock.now();
    return [...this.#byId.values()].filter((session) => !this.#isOver(session, now));
  }

  /** False when there is none of this id. */
  end(id: string): boolean {
    const session = this.#byId.get(id);
    if (!session) return false;
    this.#remove(session);
    this.#store.removeSession(id);
    return true;
  }

  /** Seconds a browser may keep a secret. */
  get cookieSeconds(): number {
    return Math.floor(this.#limits().idleMs / 1000);
  }

  #isOver(session: StoredSession, now: number): boolean {
    const { idleMs, maxAgeMs } = this.#limits();
    return now - session.usedAt > idleMs || now - session.createdAt > maxAgeMs;
  }

  #prune(user: string): void {
    const now = this.#clock.now();
    for (const session of [...this.#byId.values()]) if (this.#isOver(session, now)) this.#drop(session);
    const own = [...this.#byId.values()].filter((session) => session.user === user);
    own.sort((a, b) => b.usedAt - a.usedAt);
    for (const session of own.slice(MAX_PER_USER - 1)) this.#drop(session);
  }

  #drop(session: StoredSession): void {
    this.#remove(session);
    this.#store.dropSession(session);
  }

  #remove(session: StoredSession): void {
    this.#forget(session);
    this.#byId.delete(session.id);
    this.#next.delete(session.id);
  }

  #touched(session: StoredSession, now: number): StoredSession {
    if (now - session.usedAt < TOUCH_AFTER_MS) return session;
    const touched = { ...session, usedAt: now };
    this.#save(touched);
    return touched;
  }

  #save(session: StoredSession): void {
    const before = this.#byId.get(session.id);
    if (before) this.#forget(before);
    this.#keep(session);
    this.#store.saveSession(session);
  }

  #keep(session: StoredSession): void {
    this.#byId.set(session.id, session);
    for (const hash of hashesOf(session)) this.#byHash.set(hash, session.id);
  }

  #forget(session: StoredSession): void {
    for (const hash of hashesOf(session)) this.#byHash.delete(hash);
  }
}

function hashesOf({ hash, nextHash, previousHash }: StoredSession): string[] {
  return [hash, nextHash, previousHash].filter((one) => one !== null);
}
