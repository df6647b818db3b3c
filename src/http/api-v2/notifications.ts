import { Hono } from 'hono';
import { fingerprint } from '../../model/fingerprint.ts';
import { labelsToObject } from '../../model/labels.ts';
import type { HistoryFilter } from '../../notifiers/history.ts';
import type { Notifier } from '../../notifiers/notifier.ts';
import { formatTime } from './validation.ts';

/** Ours, to be mounted at `/api`: why an alert was or was not told to someone, and what was sent. */
export function notificationRoutes({ notifier }: { notifier: Notifier }): Hono {
  const app = new Hono();

  /** Which of the alerts of `/api/v2/alerts` no rule of ours has sent. */
  app.get('/alerts/others', (c) => c.json(Array.from(notifier.others(), ({ fingerprint }) => fingerprint)));

  app.get('/alerts/:fingerprint/trace', (c) => {
    const wanted = c.req.param('fingerprint');
    const trace = notifier.trace(wanted);
    if (!trace.alert && trace.flushes.length === 0) {
      return c.json({ error: `no alert ${JSON.stringify(wanted)} is known` }, 404);
    }
    return c.json({
      ...trace,
      alert: trace.alert && {
        fingerprint: fingerprint(trace.alert.labels),
        labels: labelsToObject(trace.alert.labels),
        annotations: labelsToObject(trace.alert.annotations),
        startsAt: formatTime(trace.alert.startsAt),
        endsAt: formatTime(trace.alert.endsAt),
        updatedAt: formatTime(trace.alert.updatedAt),
      },
    });
  });

  app.get('/notifications', (c) => {
    const query = c.req.query();
    const number = (name: string): number | undefined => {
      const value = Number(query[name]);
      return query[name] === undefined || Number.isNaN(value) ? undefined : value;
    };
    const filter: HistoryFilter = {
      receiver: query.receiver,
      integration: query.integration,
      outcome: query.outcome === 'delivered' || query.outcome === 'failed' ? query.outcome : undefined,
      fingerprint: query.fingerprint,
      search: query.search,
      from: number('from'),
      to: number('to'),
      before: number('before'),
      limit: number('limit'),
    };
    return c.json(notifier.notifications(filter));
  });

  app.get('/notifications/outbox', (c) => c.json(notifier.outbox()));

  app.post('/notifications/outbox/resend', async (c) => {
    const { key } = await c.req.json<{ key?: string }>().catch(() => ({ key: undefined }));
    if (typeof key !== 'string')
      return c.json({ error: 'expected {"key": "…"}, the key of an outbox row' }, 400);
    return notifier.resend(key)
      ? c.body(null, 202)
      : c.json({ error: `nothing to send under ${JSON.stringify(key)}, or it is being sent` }, 404);
  });

  app.post('/receivers/:name/test', async (c) => {
    const name = c.req.param('name');
    const status = c.req.query('resolve') === undefined ? 'firing' : 'resolved';
    const outcomes = await notifier.test(name, status);
    return outcomes ? c.json(outcomes) : c.json({ error: `no receiver ${JSON.stringify(name)}` }, 404);
  });

  app.post('/templates/preview', async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    const { template, fingerprint: wanted, html } = (body ?? {}) as Record<string, unknown>;
    if (typeof template !== 'string' || (wanted !== undefined && typeof wanted !== 'string')) {
      return c.json({ error: 'expected {"template": "…", "fingerprint": "…", "html": false}' }, 400);
    }
    try {
      const text = notifier.preview(template, html === true ? 'html' : 'text', wanted);
      return text === undefined
        ? c.json({ error: `no alert ${JSON.stringify(wanted)} is known` }, 404)
        : c.json({ text });
    } catch (error) {
      if ((error as Error).name !== 'TemplateError') throw error;
      return c.json({ error: (error as Error).message }, 400);
    }
  });

  app.get('/receivers', (c) =>
    c.json(
      notifier.receivers().map(({ name, labels }) => ({
        name,
        labels,
        lastDelivered: notifier.lastDelivered(name),
      })),
    ),
  );

  return app;
}
