import { createHash } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import type { Clock } from '../clock.ts';
import { type Incident, statusOf } from '../incidents/incident.ts';
import type { ServiceDay, ServiceState } from '../incidents/service-days.ts';
import type { ServiceView, StatusView } from '../incidents/status-view.ts';
import type { ProgramFiles } from '../program-files.ts';

export interface StatusPageDeps {
  /** Undefined while no status page is configured. */
  readonly view: () => StatusView | undefined;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly web: ProgramFiles;
  readonly prefix: () => string;
}

/** An answer is made anew after this long, ms; browsers and proxies keep it as long. */
const FRESH_MS = 15_000;
const CACHE_CONTROL = `public, max-age=${FRESH_MS / 1000}`;
/** Where the built page has what is said. */
const PLACE = '<div id="status-page"></div>';

interface Made {
  readonly at: number;
  readonly view: StatusView | undefined;
  readonly text: string;
  readonly etag: string;
}

/**
 * `/status-page` and `/status-page.json`, for everybody: a page without scripts, made at most every fifteen seconds however many ask.
 * It holds names, states and texts that were written for it, and no label of any series or alert.
 */
export function statusPageRoutes({ view, clock, web, prefix }: StatusPageDeps): Hono {
  const app = new Hono();
  const made = new Map<string, Made>();
  const frame = (): string => {
    const built = web.read('status-page.html');
    if (!built) return `<!doctype html><title>Status</title>${PLACE}`;
    return built.toString('utf8').replaceAll('="/', `="${prefix()}/`);
  };
  const answer = (c: Context, type: string, write: (shown: StatusView) => string): Response => {
    const now = clock.monotonic();
    let known = made.get(type);
    if (!known || now - known.at >= FRESH_MS) {
      const shown = view();
      const text = shown ? write(shown) : '';
      const etag = `"${createHash('sha256').update(text).digest('hex').slice(0, 20)}"`;
      known = { at: now, view: shown, text, etag };
      made.set(type, known);
    }
    if (!known.view)
      return c.text('no status page is configured: see status_page in docs/configuration.md', 404);
    const headers = { 'content-type': type, 'cache-control': CACHE_CONTROL, etag: known.etag };
    if (c.req.header('if-none-match') === known.etag) return new Response(null, { status: 304, headers });
    return new Response(known.text, { headers });
  };
  app.get('/status-page', (c) =>
    answer(c, 'text/html; charset=utf-8', (shown) => {
      const title = String(html`<title>${shown.title}</title>`);
      return frame()
        .replace('<title>Status</title>', () => title)
        .replace(PLACE, () => statusPageHtml(shown));
    }),
  );
  app.get('/status-page.json', (c) =>
    answer(c, 'application/json', (shown) => JSON.stringify(statusPageJson(shown))),
  );
  return app;
}

const WORDS: Readonly<Record<ServiceState, string>> = {
  up: 'up',
  degraded: 'degraded',
  down: 'down',
  unknown: 'not known',
};

/** State by shape as well as by colour. */
const MARKS: Readonly<Record<ServiceState, string>> = {
  up: 'M3 8.500l3.500 3.500L13 5',
  degraded: 'M8 2.500L14.500 13.500h-13z',
  down: 'M4 4l8 8M12 4l-8 8',
  unknown: 'M4 8h8',
};

/** What stands in the page, as HTML; everything people wrote is escaped. */
export function statusPageHtml(view: StatusView): string {
  const groups = Map.groupBy(view.services, ({ group }) => group);
  const open = view.incidents.filter(({ endedAt }) => endedAt === undefined);
  const past = view.incidents.filter(({ endedAt }) => endedAt !== undefined);
  return String(html`<main class="status-page">
  <header class="status-head">
    <h1>${view.title}</h1>
    ${view.description === '' ? '' : html`<p class="dim">${view.description}</p>`}
  </header>
  <p class="status-now is-${view.state}">${mark(view.state)}<span>${sentence(view)}</span></p>
  ${open.map((incident) => incidentHtml(incident))}
  ${[...groups].map(
    ([group, services]) => html`<section class="status-group">
    ${group === '' ? '' : html`<h2>${group}</h2>`}
    <ul>${services.map(serviceHtml)}</ul>
  </section>`,
  )}
  <section class="status-past">
    <h2>The last two weeks</h2>
    ${past.length === 0 ? html`<p class="dim">No incident ended in this time.</p>` : past.map(incidentHtml)}
  </section>
  <footer class="dim">As of ${time(view.at)}. Days are those of UTC.</footer>
</main>`);
}

const serviceHtml = (service: ServiceView) => html`<li class="status-service is-${service.state}">
  <div class="status-name">
    <span>${mark(service.state)}<b>${service.name}</b></span>
    <span class="status-word">${WORDS[service.state]}</span>
  </div>
  ${service.description === '' ? '' : html`<p class="dim">${service.description}</p>`}
  <svg class="status-days" viewBox="0 0 ${service.days.length * 10} 28" preserveAspectRatio="none" role="img"
    aria-label="${pastText(service)}">${service.days.map((day, index) => bar(service, day, index))}</svg>
  <div class="status-scale"><span>90 days ago</span><span>${share(service.availability)}</span><span>today</span></div>
</li>`;

/** Dips where it was worse: the state of a day is seen without its colour. */
const HEIGHTS: Readonly<Record<ServiceState, number>> = { up: 28, degraded: 19, down: 11, unknown: 3 };

function bar({ firstDay }: ServiceView, day: ServiceDay | undefined, index: number) {
  const state: ServiceState = !day ? 'unknown' : day.down > 0 ? 'down' : day.degraded > 0 ? 'degraded' : 'up';
  const height = HEIGHTS[state];
  const date = dateText(firstDay + index * 86_400_000);
  return html`<rect class="is-${state}" x="${index * 10 + 1}" y="${28 - height}" width="8" height="${height}"><title>${date}: ${dayText(day)}</title></rect>`;
}

function dayText(day: ServiceDay | undefined): string {
  if (!day) return 'nothing known';
  const parts = [
    ...(day.down > 0 ? [`down ${lengthText(day.down)}`] : []),
    ...(day.degraded > 0 ? [`degraded ${lengthText(day.degraded)}`] : []),
  ];
  return parts.length > 0 ? parts.join(', ') : 'up';
}

function pastText({ days, availability }: ServiceView): string {
  const bad = days.filter((day) => day !== undefined && day.down > 0).length;
  return `${share(availability)}; down on ${bad === 1 ? '1 day' : `${bad} days`} of the last ${days.length}`;
}

/** Cut, never rounded up: a hundred percent is only said of what was never down. */
const share = (availability: number | undefined): string =>
  availability === undefined ? 'nothing known yet' : `${Math.floor(availability * 10_000) / 100} % up`;

const incidentHtml = (incident: Incident) => html`<article class="status-incident is-${statusOf(incident)}">
  <h3>${incident.title}</h3>
  ${incident.services.length > 0 ? html`<p class="dim">${incident.services.join(', ')}</p>` : ''}
  <ol>${incident.updates
    .toReversed()
    .map(
      ({ at, status, text }) =>
        html`<li><b>${status}</b> <span class="dim">${time(at)}</span>${text === '' ? '' : html`<p>${text}</p>`}</li>`,
    )}</ol>
</article>`;

const mark = (state: ServiceState) =>
  html`<svg class="status-mark" viewBox="0 0 16 16" aria-hidden="true"><path d="${MARKS[state]}"></path></svg>`;

function sentence({ state, services }: StatusView): string {
  if (services.length === 0) return 'No service is listed.';
  if (state === 'up') return services.length === 1 ? 'The service is up.' : 'All services are up.';
  const names = services.filter((service) => service.state === state).map(({ name }) => name);
  const listed = names.length > 3 ? `${names.length} services` : new Intl.ListFormat('en').format(names);
  // Just after a start, or where nothing measures them.
  if (state === 'unknown') return `Nothing is known of ${listed} now.`;
  return `${listed} ${names.length === 1 ? 'is' : 'are'} ${WORDS[state]}.`;
}

const time = (ms: number) =>
  html`<time datetime="${new Date(ms).toISOString()}">${dateText(ms)}, ${new Date(ms).toISOString().slice(11, 16)} UTC</time>`;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function dateText(ms: number): string {
  const date = new Date(ms);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

function lengthText(ms: number): string {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  const hours = Math.floor(minutes / 60);
  if (hours === 0) return `${minutes} min`;
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** The same for programs; times are ISO 8601, lengths of a day in seconds. */
export function statusPageJson({ at, incidents, services, ...rest }: StatusView): object {
  return {
    ...rest,
    at: iso(at),
    services: services.map(({ days, firstDay: _, availability, ...service }) => ({
      ...service,
      availability: availability ?? null,
      days: days.flatMap((day) =>
        day
          ? [
              {
                day: iso(day.day).slice(0, 10),
                up: seconds(day.up),
                degraded: seconds(day.degraded),
                down: seconds(day.down),
              },
            ]
          : [],
      ),
    })),
    incidents: incidents.map(({ title, services: affected, startedAt, endedAt, updates, ...incident }) => ({
      id: incident.id,
      title,
      services: affected,
      status: statusOf({ updates }),
      startedAt: iso(startedAt),
      endedAt: endedAt === undefined ? null : iso(endedAt),
      updates: updates.map(({ at: when, status, text }) => ({ at: iso(when), status, text })),
    })),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const seconds = (ms: number): number => Math.round(ms / 1000);
