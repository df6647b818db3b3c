import { Hono } from 'hono';
import { DashboardError } from '../dashboards/parse.ts';
import type { DashboardStore } from '../dashboards/store.ts';
import { limitedBody } from './body-limit.ts';
import { noteChange } from './call.ts';

/** Largest dashboard taken, bytes; the largest of some 800 public ones has 0.6 MB. */
const MAX_BODY = 8 * 1024 * 1024;

/** `/api/dashboards`: list, one as a panel model, its authored JSON, import and removal. */
export function dashboardRoutes({ dashboards }: { dashboards: DashboardStore }): Hono {
  const app = new Hono();
  app.get('/api/dashboards', (c) => c.json(dashboards.list()));
  app.get('/api/dashboards/:uid', async (c) => {
    const version = await dashboards.version(c.req.param('uid'));
    const etag = version === undefined ? undefined : JSON.stringify(version);
    if (etag !== undefined) {
      c.header('etag', etag);
      c.header('cache-control', 'no-cache');
      if (c.req.header('if-none-match') === etag) return c.body(null, 304);
    }
    const model = await dashboards.get(c.req.param('uid'));
    return model ? c.json(model) : c.json({ error: noSuch(c.req.param('uid')) }, 404);
  });
  app.get('/api/dashboards/:uid/json', async (c) => {
    const text = await dashboards.source(c.req.param('uid'));
    if (text === undefined) return c.json({ error: noSuch(c.req.param('uid')) }, 404);
    return c.body(text, 200, { 'content-type': 'application/json' });
  });
  const tooLarge = limitedBody(MAX_BODY, 'a dashboard');
  app.post('/api/dashboards', tooLarge, async (c) => {
    try {
      const stored = dashboards.put(JSON.parse(await c.req.text()));
      noteChange(c, `dashboard ${stored.uid}`);
      return c.json(stored, 201);
    } catch (error) {
      if (error instanceof DashboardError) return c.json({ error: error.message }, 400);
      if (error instanceof SyntaxError) return c.json({ error: `expected JSON: ${error.message}` }, 400);
      throw error;
    }
  });
  app.delete('/api/dashboards/:uid', (c) =>
    dashboards.remove(c.req.param('uid'))
      ? c.body(null, 204)
      : c.json(
          {
            error: `${noSuch(c.req.param('uid'))} that was imported; those of files are removed with their file`,
          },
          404,
        ),
  );
  return app;
}

const noSuch = (uid: string): string => `there is no dashboard with the uid ${JSON.stringify(uid)}`;
