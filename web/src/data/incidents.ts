import type { LabelMap } from './api-types.ts';

export type IncidentStatus = 'investigating' | 'identified' | 'monitoring' | 'resolved';
export const INCIDENT_STATUSES: readonly IncidentStatus[] = [
  'investigating',
  'identified',
  'monitoring',
  'resolved',
];

/** The shapes of `/api/incidents` and `/api/services`; times are ISO 8601. */
export interface Incident {
  readonly id: number;
  readonly title: string;
  readonly services: readonly string[];
  readonly matchers: string;
  readonly isPublic: boolean;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly status: IncidentStatus;
  /** Oldest first. */
  readonly updates: readonly IncidentUpdate[];
}

export interface IncidentUpdate {
  readonly id: number;
  readonly at: string;
  readonly status: IncidentStatus;
  readonly text: string;
  readonly author: string;
}

export interface IncidentDetail extends Incident {
  readonly alerts: readonly IncidentAlert[];
}

export interface IncidentAlert {
  readonly labels: LabelMap;
  readonly fingerprint: string;
  /** `from` is null where it fired before, `to` while it goes on. */
  readonly firings: readonly { readonly from: string | null; readonly to: string | null }[];
}

export interface Services {
  /** Of the status page, relative to the root; null where none is configured. */
  readonly statusPage: string | null;
  readonly services: readonly {
    readonly name: string;
    readonly state: 'up' | 'degraded' | 'down' | 'unknown';
  }[];
}

export type IncidentFacts = Pick<Incident, 'title' | 'services' | 'matchers' | 'isPublic'>;
export type NewUpdate = Pick<IncidentUpdate, 'status' | 'text' | 'author'>;

export interface IncidentTransport {
  get(path: string, signal?: AbortSignal): Promise<unknown>;
  send(path: string, method: 'POST' | 'PATCH' | 'DELETE', body?: unknown): Promise<unknown>;
}

export interface IncidentApi {
  list(signal?: AbortSignal): Promise<readonly Incident[]>;
  get(id: string, signal?: AbortSignal): Promise<IncidentDetail>;
  services(signal?: AbortSignal): Promise<Services>;
  begin(facts: IncidentFacts & NewUpdate): Promise<Incident>;
  change(id: number, to: Partial<IncidentFacts>): Promise<Incident>;
  note(id: number, update: NewUpdate): Promise<Incident>;
  remove(id: number): Promise<void>;
}

export function incidentApi({ get, send }: IncidentTransport): IncidentApi {
  const at = (id: number | string): string => `api/incidents/${encodeURIComponent(id)}`;
  return {
    list: (signal) => get('api/incidents', signal) as Promise<readonly Incident[]>,
    get: (id, signal) => get(at(id), signal) as Promise<IncidentDetail>,
    services: (signal) => get('api/services', signal) as Promise<Services>,
    begin: (facts) => send('api/incidents', 'POST', facts) as Promise<Incident>,
    change: (id, to) => send(at(id), 'PATCH', to) as Promise<Incident>,
    note: (id, update) => send(`${at(id)}/updates`, 'POST', update) as Promise<Incident>,
    remove: async (id) => void (await send(at(id), 'DELETE')),
  };
}
