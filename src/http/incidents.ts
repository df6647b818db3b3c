import { type Context, Hono } from 'hono';
import * as z from 'zod';
import { callerName } from '../access/scope.ts';
import type { Clock } from '../clock.ts';
import type { StatusPageConfig } from '../config/status-page.ts';
import { INCIDENT_STATUSES, type Incident, incidentReport, statusOf } from '../incidents/incident.ts';
import type { IncidentStore } from '../incidents/incident-store.ts';
import type { ServiceNow } from '../incidents/service-watch.ts';
import { MatcherSyntaxError, readMatchers } from '../model/alert-matchers.ts';
import { eachLabel, type Labels } from '../model/labels.ts';
import type { Matcher } from '../model/matcher.ts';
import type { AlertPast } from '../rules/alert-history.ts';
import { type AlertHistoryDeps, gatherPasts } from './alert-history.ts';
import { limitedBody } from './body-limit.ts';
import { callOf, noteChange } from './call.ts';
import { jsonBody } from './json-body.ts';
import { createSlicer } from './slicer.ts';

export interface IncidentRouteDeps {
  readonly incidents: IncidentStore;
  readonly services: () => readonly ServiceNow[];
  readonly statusPage: () => StatusPageConfig | undefined;
  readonly rules: AlertHistoryDeps['rules'];
  /** @throws Error for a pattern that cannot be used */
  readonly compile: (matchers: readonly Matcher[]) => (labels: Labels) => boolean;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

const MAX_BODY_BYTES = 64 * 1024;
const MAX_LISTED = 500;
/** Alerts that fired so long before somebody began an incident belong to it, ms. */
const BEFORE_MS = 15 * 60_000;
const MAX_ALERTS = 500;

const time = z.number().int().min(0).max(8.64e15);
const title = z.string().trim().min(1, { error: 'expected some words' }).max(200);
const about = {
  title,
  services: z.array(z.string().max(200)).max(200),
  matchers: z.string().max(4096),
  isPublic: z.boolean(),
};
const update = {
  status: z.enum(INCIDENT_STATUSES),
  text: z.string().max(10_000).default(''),
  /** Of people without a login; else the login counts. */
  author: z.string().max(100).default(''),
};
const newIncident = z.strictObject({
  title,
  services: about.services.default([]),
  matchers: about.matchers.default(''),
  isPublic: about.isPublic.default(false),
  ...update,
  status: update.status.default('investigating'),
  /** Unix ms; now unless given. */
  startedAt: time.optional(),
});
const changes = z.strictObject({
  title: title.optional(),
  services: about.services.optional(),
  matchers: about.matchers.optional(),
  isPublic: about.isPublic.optional(),
});
const newUpdate = z.strictObject({ ...update, at: time.optional() });

/** `/incidents` and `/services`, to be mounted at `/api`: what people note of an incident, with the alerts that belong to it. */
export function incidentRoutes(deps: IncidentRouteDeps): Hono {
  const { incidents, clock } = deps;
  const app = new Hono();
  const none = (c: Context): Response =>
    c.json({ error: `there is no incident ${JSON.stringify(c.req.param('id'))}` }, 404);
  const idOf = (c: Context): number => Number(c.req.param('id'));
  const author = (c: Context, given: string): string => {
    const { caller } = callOf(c);
    return caller.kind === 'anyone' ? given : callerName(caller);
  };
  /** What is wrong with an incident's matchers, if anything. */
  const matcherFault = (text: string): string | undefined => {
    try {
      matchersOf(text, deps.compile);
      return undefined;
    } catch (error) {
      return `matchers: ${error instanceof MatcherSyntaxError ? error.detail : (error as Error).message}`;
    }
  };

  app.get('/services', (c) =>
    c.json({
      statusPage: deps.statusPage() === undefined ? null : 'status-page',
      services: deps.services().map(({ service: { name, group, description }, state, since }) => ({
        name,
        group,
        description,
        state,
        since: iso(since),
      })),
    }),
  );
  app.get('/incidents', (c) => {
    const since = Number(c.req.query('since') ?? 0);
    if (!Number.isFinite(since)) return c.json({ error: 'since: expected Unix ms' }, 400);
    return c.json(incidents.list(since, MAX_LISTED).map(incidentJson));
  });
  app.get('/incidents/:id', async (c) => {
    const incident = incidents.get(idOf(c));
    if (!incident) return none(c);
    const firings = await firingsOf(incident, deps);
    return c.json({ ...incidentJson(incident), alerts: firings.map(pastJson) });
  });
  app.get('/incidents/:id/report', async (c) => {
    const incident = incidents.get(idOf(c));
    if (!incident) return none(c);
    const lines = (await firingsOf(incident, deps)).flatMap(firingLines);
    return c.body(incidentReport(incident, lines), 200, {
      'content-type': 'text/markdown; charset=utf-8',
      'content-disposition': `attachment; filename="incident-${incident.id}.md"`,
    });
  });
  app.post('/incidents', limitedBody(MAX_BODY_BYTES), async (c) => {
    const given = await jsonBody(c, newIncident);
    if ('error' in given) return c.json(given, 400);
    const { status, text, author: name, startedAt = clock.now(), ...rest } = given.data;
    const fault = matcherFault(rest.matchers);
    if (fault !== undefined) return c.json({ error: fault }, 400);
    const first = { at: Math.max(startedAt, clock.now()), status, text, author: author(c, name) };
    const made = incidents.add({ ...rest, startedAt, first });
    noteChange(c, `incident ${made.id}: ${made.title}`);
    return c.json(incidentJson(made), 201);
  });
  app.patch('/incidents/:id', limitedBody(MAX_BODY_BYTES), async (c) => {
    const given = await jsonBody(c, changes);
    if ('error' in given) return c.json(given, 400);
    const fault = matcherFault(given.data.matchers ?? '');
    if (fault !== undefined) return c.json({ error: fault }, 400);
    const to = Object.fromEntries(Object.entries(given.data).filter(([, value]) => value !== undefined));
    const made = incidents.change(idOf(c), to);
    if (!made) return none(c);
    noteChange(c, `incident ${made.id}: ${Object.keys(to).join(', ')}`);
    return c.json(incidentJson(made));
  });
  app.post('/incidents/:id/updates', limitedBody(MAX_BODY_BYTES), async (c) => {
    const given = await jsonBody(c, newUpdate);
    if ('error' in given) return c.json(given, 400);
    const { at = clock.now(), author: name, status, text } = given.data;
    const made = incidents.note(idOf(c), { at, status, text, author: author(c, name) });
    if (!made) return none(c);
    noteChange(c, `incident ${made.id}: ${status}`);
    return c.json(incidentJson(made), 201);
  });
  app.delete('/incidents/:id', (c) => {
    if (!incidents.remove(idOf(c))) return none(c);
    noteChange(c, `incident ${c.req.param('id')}`);
    return c.body(null, 204);
  });
  return app;
}

/** @throws Error when the text or a pattern in it cannot be used */
function matchersOf(text: string, compile: IncidentRouteDeps['compile']): readonly Matcher[] {
  return text.trim() === '' ? [] : readMatchers(text, (matcher) => void compile([matcher]));
}

/** The alerts that belong to an incident: those its matchers say, and those of its services. */
async function firingsOf(incident: Incident, deps: IncidentRouteDeps): Promise<readonly AlertPast[]> {
  const { clock, compile } = deps;
  const own = matchersOf(incident.matchers, compile);
  const services = deps
    .services()
    .filter(({ service }) => incident.services.includes(service.name))
    .map(({ service }) => service.matchers);
  const tests = [own, ...services].filter((matchers) => matchers.length > 0).map(compile);
  if (tests.length === 0) return [];
  const range = { from: incident.startedAt - BEFORE_MS, to: incident.endedAt ?? clock.now() };
  const slicer = createSlicer(clock.monotonic);
  const { pasts } = await gatherPasts(deps.rules, range, undefined, slicer);
  const found: AlertPast[] = [];
  for (const past of pasts.all()) {
    if (slicer.isDue()) await slicer.pause();
    if (tests.some((test) => test(past.labels)) && past.episodes.some(isFiring)) found.push(past);
    if (found.length === MAX_ALERTS) break;
  }
  return found;
}

const isFiring = ({ firingAt, isFiringBefore }: AlertPast['episodes'][number]): boolean =>
  firingAt !== undefined || isFiringBefore;

const incidentJson = (incident: Incident): object => ({
  ...incident,
  status: statusOf(incident),
  startedAt: iso(incident.startedAt),
  endedAt: incident.endedAt === undefined ? null : iso(incident.endedAt),
  updates: incident.updates.map((one) => ({ ...one, at: iso(one.at) })),
});

const pastJson = ({ labels, fingerprint, episodes }: AlertPast): object => ({
  labels: Object.fromEntries(eachLabel(labels)),
  fingerprint,
  firings: episodes.filter(isFiring).map(({ firingAt, endedAt }) => ({
    from: firingAt === undefined ? null : iso(firingAt),
    to: endedAt === undefined ? null : iso(endedAt),
  })),
});

function firingLines({ labels, episodes }: AlertPast): string[] {
  const all = [...eachLabel(labels)];
  const name = all.find(([label]) => label === 'alertname')?.[1] ?? 'alert';
  const rest = all.filter(([label]) => label !== 'alertname').map(([label, value]) => `${label}=${value}`);
  return episodes.filter(isFiring).map(({ firingAt, endedAt }) => {
    const from = firingAt === undefined ? 'before' : iso(firingAt);
    return `${from} – ${endedAt === undefined ? 'goes on' : iso(endedAt)}: **${name}** ${rest.join(' ')}`;
  });
}

const iso = (ms: number): string => new Date(ms).toISOString();
