import { Hono } from 'hono';
import { BusyError, type Importer } from '../import/importer.ts';
import { LineError } from '../import/text-import.ts';

/** `POST /import/openmetrics`, ours under `/api`: stores all samples of a text, or none. */
export function importRoutes({ importText }: { readonly importText: Importer }): Hono {
  const app = new Hono();
  app.post('/import/openmetrics', async (c) => {
    try {
      return c.json(await importText(c.req.raw.body ?? new ReadableStream()));
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof LineError) return c.json({ error: message, line: error.line }, 400);
      if (error instanceof BusyError) return c.json({ error: message }, 409);
      return c.json({ error: `nothing was imported: ${message}` }, 500);
    }
  });
  return app;
}
