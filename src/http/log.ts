import { Hono } from 'hono';
import type { LogTail } from '../log-tail.ts';
import { LOG_LEVELS, type LogLevel } from '../logging.ts';

const MAX_LISTED = 500;

/** `GET /log?level=&search=&from=&to=&limit=`, to be mounted at `/api`: the end of Belfry's own log, newest first. Times are Unix ms. */
export function logRoutes({ tail }: { readonly tail: Pick<LogTail, 'list'> }): Hono {
  const app = new Hono();
  app.get('/log', (c) => {
    const { level = 'debug', search = '', from = '0', to = '8.64e15', limit = '200' } = c.req.query();
    if (!LOG_LEVELS.includes(level as LogLevel))
      return c.json({ error: `level: expected ${LOG_LEVELS.join(', ')}, got ${JSON.stringify(level)}` }, 400);
    const numbers = { from: Number(from), to: Number(to), limit: Number(limit) };
    for (const [name, value] of Object.entries(numbers))
      if (!Number.isFinite(value))
        return c.json({ error: `${name}: expected a number (times are Unix ms)` }, 400);
    return c.json(
      tail.list({
        level: level as LogLevel,
        search,
        ...numbers,
        limit: Math.min(MAX_LISTED, Math.max(1, numbers.limit)),
      }),
    );
  });
  return app;
}
