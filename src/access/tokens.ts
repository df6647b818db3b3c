import type { Clock } from '../clock.ts';
import type { Scope } from './scope.ts';
import { hashOf, newId, newSecret } from './secret.ts';
import type { AccessStore, StoredToken } from './store.ts';

/** Tells people, and tools that look for leaked secrets, what it is. */
const TOKEN_PREFIX = 'belfry_';
/** `usedAt` is not written for every request. */
const TOUCH_AFTER_MS = 60_000;

export interface NewToken {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdBy: string;
  /** Unix ms; null is never. */
  readonly expiresAt: number | null;
}

/** API tokens. Only the hash is kept. */
export class Tokens {
  readonly #store: AccessStore;
  readonly #clock: Clock;
  readonly #byHash = new Map<string, StoredToken>();

  constructor(store: AccessStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    for (const token of store.tokens()) this.#byHash.set(token.hash, token);
  }

  /** Gives the secret, which nobody can be shown again. */
  create(wanted: NewToken): { token: StoredToken; secret: string } {
    const secret = TOKEN_PREFIX + newSecret();
    const token = {
      ...wanted,
      id: newId(),
      hash: hashOf(secret),
      createdAt: this.#clock.now(),
      usedAt: null,
    };
    this.#store.saveToken(token);
    this.#byHash.set(token.hash, token);
    return { token, secret };
  }

  find(secret: string): StoredToken | undefined {
    const token = secret.startsWith(TOKEN_PREFIX) ? this.#byHash.get(hashOf(secret)) : undefined;
    if (!token) return undefined;
    const now = this.#clock.now();
    if (token.expiresAt !== null && now >= token.expiresAt) return undefined;
    if (now - (token.usedAt ?? 0) < TOUCH_AFTER_MS) return token;
    const used = { ...token, usedAt: now };
    this.#byHash.set(used.hash, used);
    this.#store.touchToken(used);
    return used;
  }

  /** Expired ones too, so that people see why a tool fails. */
  list(): readonly StoredToken[] {
    return [...this.#byHash.values()].sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Gives what was revoked. */
  revoke(id: string): StoredToken | undefined {
    const token = this.list().find((one) => one.id === id);
    if (!token) return undefined;
    this.#byHash.delete(token.hash);
    this.#store.removeToken(id);
    return token;
  }
}
