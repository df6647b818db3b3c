import { Hono } from 'hono';
import { ApiError, success } from '../envelope.ts';

/** `/scrape_pools/config` of /api/v1. @param configYaml a pool's configuration, secrets hidden; undefined when there is no such pool */
export function scrapePoolRoutes({
  configYaml,
}: {
  readonly configYaml: (pool: string) => string | undefined;
}): Hono {
  const app = new Hono();
  app.get('/scrape_pools/config', (c) => {
    const pool = c.req.query('scrapePool') ?? '';
    if (pool === '') throw new ApiError('bad_data', 'no scrapePool parameter provided');
    const yaml = configYaml(pool);
    if (yaml !== undefined) return success(c, { yaml });
    const problem = `scrape pool ${JSON.stringify(pool)} not found`;
    throw new ApiError('bad_data', `error retrieving scrape config: ${problem}`);
  });
  return app;
}
