/** What a caller may do; each route names those of which one is needed. */
export const SCOPES = ['read', 'respond', 'ingest', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Of people: a viewer looks, a responder also silences, an admin does everything. */
export const ROLES = ['viewer', 'responder', 'admin'] as const;
export type Role = (typeof ROLES)[number];

export const ROLE_SCOPES: Readonly<Record<Role, readonly Scope[]>> = {
  viewer: ['read'],
  responder: ['read', 'respond'],
  admin: SCOPES,
};

/** Who calls, and what of it is allowed. */
export interface Caller {
  /** `anyone`: there are no users, so whoever gets here is admin. */
  readonly kind: 'anyone' | 'user' | 'token';
  /** The user's or the token's; empty for anyone. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly role?: Role;
  /** Of a login with a cookie. */
  readonly sessionId?: string;
}

export const ANYONE: Caller = { kind: 'anyone', name: '', scopes: SCOPES };

/** As the audit log and messages name a caller. */
export function callerName({ kind, name }: Caller): string {
  if (kind === 'anyone') return 'anyone';
  return kind === 'token' ? `token ${name}` : name;
}
