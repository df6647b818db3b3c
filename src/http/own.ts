import { Hono } from 'hono';
import type { QueryPool } from '../query/pool.ts';
import { ApiError, success } from './envelope.ts';

export interface OwnRouteDeps {
  readonly queries: QueryPool;
  /** What `/api/status` says of the appliance as a whole. */
  status(): Readonly<Record<string, unknown>>;
  /** Writes the head to disk. */
  flush(): Promise<void>;
}

/** Ours, under `/api` without a version: queries in flight, the appliance's state; and the flush of `/api/v1/admin`. */
export function ownRoutes(deps: OwnRouteDeps): Hono {
  const app = new Hono();
  app.get('/status', (c) => c.json(deps.status()));
  app.get('/queries', (c) => c.json(deps.queries.list()));
  app.delete('/queries/:id', (c) => {
    const id = Number(c.req.param('id'));
    return deps.queries.cancel(id)
      ? c.body(null, 204)
      : c.json({ error: `no query ${JSON.stringify(c.req.param('id'))} runs or waits` }, 404);
  });
  app.post('/v1/admin/flush', async (c) => {
    try {
      await deps.flush();
    } catch (error) {
      throw new ApiError('internal', `flush failed: ${(error as Error).message}`);
    }
    return success(c, null);
  });
  return app;
}
