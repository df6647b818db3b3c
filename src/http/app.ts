import { type Context, Hono } from 'hono';
import type { Log } from '../model/log.ts';
import type { ProgramFiles } from '../program-files.ts';
import { type MonitoringSource, monitoringRoutes } from './api-v1/monitoring.ts';
import { type QueryRouteDeps, queryRoutes } from './api-v1/query.ts';
import { type StatusSource, statusRoutes } from './api-v1/status.ts';
import { assetRoutes } from './assets.ts';
import { generalBodyLimit } from './body-limit.ts';
import { environmentOf } from './call.ts';
import { compressLarge } from './compress.ts';
import { type DirectHandler, directProbes, directQueries, PROBES } from './direct.ts';
import { answerError, failure, failureOf } from './envelope.ts';
import { createGuard, type GuardDeps, guarded } from './guard.ts';
import { methodNotAllowed, methodsOf } from './methods.ts';

export interface HttpDeps {
  readonly log: Log;
  readonly guard: GuardDeps;
  /** Undefined while the store is being replayed; then every route but health answers 503. */
  readonly services: () => HttpServices | undefined;
  readonly web: ProgramFiles;
  /** Path under which people see the page; empty is the root. */
  readonly prefix: () => string;
}

/** What stands behind the routes once the appliance is ready. */
export interface HttpServices {
  readonly query: QueryRouteDeps;
  readonly monitoring: MonitoringSource;
  readonly status: StatusSource;
  /** Mounted under /api/v1: remote write and read, scrape pools, relabel steps. */
  readonly remote: Hono;
  readonly search: Hono;
  /** Mounted under /api/v1. */
  readonly admin: Hono;
  /** Mounted as they are. */
  readonly federate: Hono;
  readonly apiV2: Hono;
  readonly dashboards: Hono;
  readonly statusPage: Hono;
  readonly rehearse: Hono;
  /** Under `/api`: logins, tokens, the log of changes. */
  readonly access: Hono;
  /** Ours under `/api`: queries in flight, status, flush. */
  readonly own: Hono;
  /** Own metrics: text 0.0.4, or OpenMetrics when asked for. */
  metrics(openMetrics: boolean): Promise<{ type: string; text: string }>;
  /** Reads the configuration again. @throws Error when it is refused; the old one goes on */
  reload(): Promise<void>;
}

const OTHER_METHODS = ['POST', 'PUT', 'DELETE', 'PATCH'] as const;

/** The whole HTTP surface on one port. */
export interface HttpSurface {
  readonly app: Hono;
  /** Takes what it answers sooner than the app would, as the app would. */
  readonly direct: DirectHandler;
}

export function httpSurface(deps: HttpDeps): HttpSurface {
  const app = new Hono();
  const guard = createGuard(deps.guard);
  app.onError((error) => {
    if (failureOf(error).type === 'internal') deps.log.error({ error }, 'request failed');
    return answerError(error);
  });
  app.use(guarded(guard));
  const isReady = (): boolean => deps.services() !== undefined;
  for (const [path, probe] of Object.entries(PROBES)) {
    app.get(path, (c) => {
      const { status, text } = probe(isReady());
      return c.text(text, status);
    });
  }

  let served: { services: HttpServices; routes: Hono } | undefined;
  const routes = (): Hono | undefined => {
    const services = deps.services();
    if (services && served?.services !== services) served = { services, routes: serviceRoutes(services) };
    return services && served?.routes;
  };
  const dispatch = async (c: Context): Promise<Response> => {
    const ready = routes();
    return ready
      ? ready.fetch(c.req.raw, environmentOf(c))
      : failure('unavailable', 'starting: the log is being replayed');
  };
  app.use('/api/*', generalBodyLimit());
  app.use('/api/*', compressLarge());
  app.use('/metrics', compressLarge());
  app.use('/status-page', compressLarge());
  for (const prefix of [
    '/api/*',
    '/federate',
    '/metrics',
    '/-/reload',
    '/status-page',
    '/status-page.json',
  ]) {
    app.all(prefix, dispatch);
  }
  app.on([...OTHER_METHODS], '/-/:probe', () => methodNotAllowed(['GET', 'HEAD']));
  app.route('/', assetRoutes(deps.web, deps.prefix));
  const queries = directQueries({ log: deps.log, guard, query: () => deps.services()?.query });
  const probes = directProbes({ guard, isReady });
  return { app, direct: (request, response) => queries(request, response) || probes(request, response) };
}

/** What is served once the appliance is ready. */
export function serviceRoutes(services: HttpServices): Hono {
  const app = new Hono();
  app.onError((error) => {
    throw error;
  });
  // A browser's question whether it may ask has been answered by the guard.
  app.options('/api/v1/*', (c) => c.body(null, 204));
  app.get('/metrics', async (c) => {
    const wanted = (c.req.header('accept') ?? '').includes('application/openmetrics-text');
    const { type, text } = await services.metrics(wanted);
    return new Response(text, { headers: { 'content-type': type } });
  });
  app.on(['POST', 'PUT'], '/-/reload', async (c) => {
    try {
      await services.reload();
      return c.text('');
    } catch (error) {
      return c.text(`failed to reload config: ${(error as Error).message}\n`, 500);
    }
  });
  app.route('/api/v1', queryRoutes(services.query));
  app.route('/api/v1', monitoringRoutes(services.monitoring));
  app.route('/api/v1', statusRoutes(services.status));
  app.route('/api/v1', services.admin);
  app.route('/api/v1', services.remote);
  app.route('/api/v1', services.search);
  app.route('/', services.federate);
  app.route('/api/v2', services.apiV2);
  app.route('/', services.dashboards);
  app.route('/', services.statusPage);
  app.route('/api', services.access);
  app.route('/api', services.rehearse);
  app.route('/api', services.own);
  app.all('*', (c) => {
    const { pathname } = new URL(c.req.url);
    const methods = methodsOf(app, pathname);
    return methods.length > 0
      ? methodNotAllowed(methods)
      : failure('not_found', `no such endpoint: ${c.req.method} ${pathname}`);
  });
  return app;
}
