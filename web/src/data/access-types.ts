export type Scope = 'read' | 'respond' | 'ingest' | 'admin';

/** Who the server takes this browser for. */
export interface Me {
  readonly kind: 'anyone' | 'user' | 'token';
  readonly name: string;
  readonly role: 'viewer' | 'responder' | 'admin' | null;
  readonly scopes: readonly Scope[];
  readonly canLogOut: boolean;
  readonly isLoginNeeded: boolean;
}

export interface LoginSession {
  readonly id: string;
  readonly user: string;
  readonly createdAt: string;
  readonly usedAt: string;
  readonly address: string;
  readonly agent: string;
  readonly isThis: boolean;
}

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly createdBy: string;
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly usedAt: string | null;
  readonly isExpired: boolean;
}

export interface NewApiToken {
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly expires_in?: string;
}

export interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly who: string;
  readonly address: string;
  readonly what: string;
  readonly status: number;
  readonly detail: string;
}
