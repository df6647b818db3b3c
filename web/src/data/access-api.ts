import type { ApiToken, AuditEntry, LoginSession, Me, NewApiToken } from './access-types.ts';

/** How requests are sent; given by the API this is a part of. */
export interface AccessTransport {
  get(path: string, signal?: AbortSignal): Promise<unknown>;
  send(path: string, method: 'POST' | 'DELETE', body?: unknown): Promise<unknown>;
}

export interface AccessApi {
  me(signal?: AbortSignal): Promise<Me>;
  logOut(): Promise<void>;
  sessions(signal?: AbortSignal): Promise<readonly LoginSession[]>;
  endSession(id: string): Promise<void>;
  tokens(signal?: AbortSignal): Promise<readonly ApiToken[]>;
  /** Gives the token itself, which is never shown again. */
  createToken(wanted: NewApiToken): Promise<string>;
  revokeToken(id: string): Promise<void>;
  /** Newest first. @param before an entry's id, for those before it */
  audit(before: number | undefined, signal?: AbortSignal): Promise<readonly AuditEntry[]>;
}

export const AUDIT_PAGE = 100;

export function accessApi({ get, send }: AccessTransport): AccessApi {
  return {
    me: (signal) => get('api/me', signal) as Promise<Me>,
    logOut: async () => void (await send('api/logout', 'POST')),
    sessions: (signal) => get('api/sessions', signal) as Promise<readonly LoginSession[]>,
    endSession: async (id) => void (await send(`api/sessions/${encodeURIComponent(id)}`, 'DELETE')),
    tokens: (signal) => get('api/tokens', signal) as Promise<readonly ApiToken[]>,
    createToken: async (wanted) => ((await send('api/tokens', 'POST', wanted)) as { token: string }).token,
    revokeToken: async (id) => void (await send(`api/tokens/${encodeURIComponent(id)}`, 'DELETE')),
    audit: (before, signal) => {
      const more = before === undefined ? '' : `&before=${before}`;
      return get(`api/audit?limit=${AUDIT_PAGE}${more}`, signal) as Promise<readonly AuditEntry[]>;
    },
  };
}
