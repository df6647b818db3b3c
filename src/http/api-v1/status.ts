import { Hono } from 'hono';
import { success } from '../envelope.ts';

export interface StatusSource {
  /** Fields of `/status/buildinfo`; the version is Prometheus' level we pass, so that clients choose their features rightly. */
  buildInfo(): Readonly<Record<string, string>>;
  runtimeInfo(): Readonly<Record<string, string | number | boolean>>;
  /** Command line flags as given or by default. */
  flags(): Readonly<Record<string, string>>;
  /** The running configuration as YAML, secrets hidden. */
  configYaml(): string;
  walReplay(): { min: number; max: number; current: number; state: string };
}

/** `/status/*` of /api/v1, but for `/status/tsdb`, which is a query. */
export function statusRoutes(source: StatusSource): Hono {
  const app = new Hono();
  app.get('/status/buildinfo', (c) => success(c, source.buildInfo()));
  app.get('/status/runtimeinfo', (c) => success(c, source.runtimeInfo()));
  app.get('/status/flags', (c) => success(c, source.flags()));
  app.get('/status/config', (c) => success(c, { yaml: source.configYaml() }));
  app.get('/status/walreplay', (c) => success(c, source.walReplay()));
  return app;
}
