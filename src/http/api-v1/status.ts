import { Hono } from 'hono';
import { compilePattern } from '../../model/pattern.ts';
import { success } from '../envelope.ts';
import { ParameterError } from '../params.ts';
import { openApiYaml } from './openapi.ts';

export interface StatusSource {
  /** Fields of `/status/buildinfo`; the version is Prometheus' level we pass, so that clients choose their features rightly. */
  buildInfo(): Readonly<Record<string, string>>;
  runtimeInfo(): Readonly<Record<string, string | number | boolean>>;
  /** Command line flags as given or by default. */
  flags(): Readonly<Record<string, string>>;
  /** The running configuration as YAML, secrets hidden. */
  configYaml(): string;
  walReplay(): { min: number; max: number; current: number; state: string };
  features(): Readonly<Record<string, Readonly<Record<string, boolean>>>>;
  /** What a person should know now. */
  notifications(): readonly { readonly text: string; readonly date: string; readonly active: boolean }[];
  selfMetrics(isWanted: (name: string) => boolean): Promise<readonly unknown[]>;
}

/** Longest pattern of metric names, characters. */
const MAX_PATTERN = 4096;

/** `/status/*`, `/features`, `/notifications` and `/openapi.yaml` of /api/v1; `/status/tsdb` and `/status/tsdb/blocks` are answered like queries and stand with those. */
export function statusRoutes(source: StatusSource): Hono {
  const app = new Hono();
  app.get('/status/buildinfo', (c) => success(c, source.buildInfo()));
  app.get('/status/runtimeinfo', (c) => success(c, source.runtimeInfo()));
  app.get('/status/flags', (c) => success(c, source.flags()));
  app.get('/status/config', (c) => success(c, { yaml: source.configYaml() }));
  app.get('/status/walreplay', (c) => success(c, source.walReplay()));
  app.get('/status/self_metrics', async (c) =>
    success(c, await source.selfMetrics(namePattern(c.req.query('metric_name_pattern') ?? ''))),
  );
  app.get('/features', (c) => success(c, source.features()));
  app.get('/notifications', (c) => success(c, source.notifications()));
  // Nothing is pushed: an event source that gets this does not come back.
  app.get('/notifications/live', (c) => c.body(null, 204));
  app.get('/openapi.yaml', (c) => c.body(openApiYaml(), 200, { 'content-type': 'application/yaml' }));
  return app;
}

function namePattern(pattern: string): (name: string) => boolean {
  if (pattern === '') return () => true;
  if (pattern.length > MAX_PATTERN) {
    throw new ParameterError(
      'metric_name_pattern',
      `expected at most ${MAX_PATTERN} characters, got ${pattern.length}`,
    );
  }
  try {
    return compilePattern(pattern).matches;
  } catch (error) {
    throw new ParameterError('metric_name_pattern', (error as Error).message);
  }
}
