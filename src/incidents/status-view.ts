import type { StatusPageConfig } from '../config/status-page.ts';
import type { Incident } from './incident.ts';
import {
  availability,
  DAY_MS,
  dayOf,
  type ServiceDay,
  type ServiceDays,
  type ServiceState,
} from './service-days.ts';
import type { ServiceNow } from './service-watch.ts';

/** Days of the past that a status page shows, today included. */
const SHOWN_DAYS = 90;
/** How long an incident that is over stays on the page, ms. */
const SHOWN_INCIDENTS_MS = 14 * DAY_MS;

export interface ServiceView {
  readonly name: string;
  readonly group: string;
  readonly description: string;
  readonly state: ServiceState;
  /** One for each shown day, oldest first; undefined where nothing is known. */
  readonly days: readonly (ServiceDay | undefined)[];
  /** Midnight UTC of the first of them, Unix ms. */
  readonly firstDay: number;
  /** Share of the known time in which it was not down, 0…1. */
  readonly availability: number | undefined;
}

/** All that a status page says. */
export interface StatusView {
  readonly title: string;
  readonly description: string;
  /** Unix ms. */
  readonly at: number;
  /** The worst of the services. */
  readonly state: ServiceState;
  readonly services: readonly ServiceView[];
  /** Public ones: those that go on, then those that ended lately. Newest first. */
  readonly incidents: readonly Incident[];
}

export interface StatusViewDeps {
  readonly config: StatusPageConfig;
  readonly services: readonly ServiceNow[];
  readonly days: Pick<ServiceDays, 'since'>;
  readonly incidents: { list(since: number, limit: number): readonly Incident[] };
  /** Unix ms. */
  readonly now: number;
}

const MAX_INCIDENTS = 100;

export function statusView({ config, services, days, incidents, now }: StatusViewDeps): StatusView {
  const firstDay = dayOf(now) - (SHOWN_DAYS - 1) * DAY_MS;
  const known = days.since(firstDay);
  const shown = incidents.list(now - SHOWN_INCIDENTS_MS, MAX_INCIDENTS).filter(({ isPublic }) => isPublic);
  const isOpen = ({ endedAt }: Incident): boolean => endedAt === undefined;
  return {
    title: config.title,
    description: config.description,
    at: now,
    state: overall(services.map(({ state }) => state)),
    services: services.map(({ service: { name, group, description }, state }) => {
      const own = known.get(name) ?? [];
      const byDay = new Map(own.map((one) => [one.day, one]));
      const last = Array.from({ length: SHOWN_DAYS }, (_, index) => byDay.get(firstDay + index * DAY_MS));
      return { name, group, description, state, days: last, firstDay, availability: availability(own) };
    }),
    incidents: [...shown.filter(isOpen), ...shown.filter((incident) => !isOpen(incident))],
  };
}

function overall(states: readonly ServiceState[]): ServiceState {
  for (const state of ['down', 'degraded', 'unknown'] as const) if (states.includes(state)) return state;
  return states.length > 0 ? 'up' : 'unknown';
}
