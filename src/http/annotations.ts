import { Hono } from 'hono';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { AnnotationStore } from '../dashboards/annotation-store.ts';
import { limitedBody } from './body-limit.ts';
import { jsonBody } from './json-body.ts';

export interface AnnotationRouteDeps {
  readonly annotations: AnnotationStore;
  readonly clock: Pick<Clock, 'now'>;
}

const MAX_BODY_BYTES = 64 * 1024;
const MAX_LISTED = 1000;
const DAY_MS = 86_400_000;

/** Unix ms, as Grafana's API has it. */
const time = z.number().int().min(0).max(8.64e15);

/** Grafana's fields; `title` of its old versions stands before the text. Those that tie an annotation to a panel have no meaning here. */
const body = z.looseObject({
  time: time.optional(),
  timeEnd: time.optional(),
  title: z.string().default(''),
  text: z.string().default(''),
  tags: z.array(z.string()).max(50).default([]),
});

/** `/annotations`, to be mounted at `/api`: marks of what happened, such as deploys, for all graphs. Grafana's body and parameters. */
export function annotationRoutes({ annotations, clock }: AnnotationRouteDeps): Hono {
  const app = new Hono();
  app.post('/annotations', limitedBody(MAX_BODY_BYTES), async (c) => {
    const given = await jsonBody(c, body);
    if ('error' in given) return c.json(given, 400);
    const { title, text, tags, time: at = clock.now(), timeEnd = at } = given.data;
    const words = [title, text].filter((part) => part.trim() !== '').join(': ');
    if (words === '') return c.json({ error: 'text: expected some words, got none' }, 400);
    if (timeEnd < at) return c.json({ error: 'timeEnd: expected a moment that is not before time' }, 400);
    const id = annotations.add({ time: at, timeEnd, text: words, tags });
    return c.json({ id, message: 'Annotation added' });
  });
  app.get('/annotations', (c) => {
    const { from, to, limit } = c.req.query();
    const end = to === undefined ? clock.now() : Number(to);
    const start = from === undefined ? end - DAY_MS : Number(from);
    const most = limit === undefined ? 100 : Number(limit);
    for (const [name, value] of Object.entries({ from: start, to: end, limit: most })) {
      if (!Number.isFinite(value))
        return c.json({ error: `${name}: expected a number (times are Unix ms)` }, 400);
    }
    const tags = c.req.queries('tags') ?? [];
    return c.json(annotations.list(start, end, tags, Math.min(MAX_LISTED, Math.max(1, most))));
  });
  app.delete('/annotations/:id', (c) => {
    const id = c.req.param('id');
    return annotations.remove(Number(id))
      ? c.json({ message: 'Annotation deleted' })
      : c.json({ error: `there is no annotation ${JSON.stringify(id)}` }, 404);
  });
  return app;
}
