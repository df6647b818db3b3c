import { Hono } from 'hono';
import type { Clock } from '../clock.ts';
import { labelsToObject } from '../model/labels.ts';
import { type AlertEpisode, alertHistory } from '../rules/alert-history.ts';
import type { RuleManager } from '../rules/manager.ts';

export interface AlertHistoryDeps {
  readonly rules: Pick<RuleManager, 'history' | 'alerts'>;
  readonly clock: Pick<Clock, 'now'>;
}

const DEFAULT_RANGE_MS = 7 * 86_400_000;
/** Most changes of state that one answer rests on; the newest count. */
const MAX_TRANSITIONS = 20_000;

/** `GET /alerts/history`, to be mounted at `/api`: when alerts were pending and fired. Times are Unix seconds or RFC 3339. */
export function alertHistoryRoutes({ rules, clock }: AlertHistoryDeps): Hono {
  const app = new Hono();
  app.get('/alerts/history', (c) => {
    const query = c.req.query();
    const to = query.to === undefined ? clock.now() : timeOf(query.to);
    const from = query.from === undefined ? (to ?? 0) - DEFAULT_RANGE_MS : timeOf(query.from);
    if (from === undefined || to === undefined) {
      const [name, text] = to === undefined ? ['to', query.to] : ['from', query.from];
      return c.json(
        { error: `${name}: expected Unix seconds or RFC 3339, got ${JSON.stringify(text)}` },
        400,
      );
    }
    if (to <= from) return c.json({ error: 'expected a period that ends after it begins' }, 400);
    const transitions = rules.history(from, to, MAX_TRANSITIONS);
    const past = alertHistory(transitions, rules.alerts(), { from, to }, query.alertname);
    return c.json({
      from: iso(from),
      to: iso(to),
      /** Older changes of state were left out. */
      truncated: transitions.length === MAX_TRANSITIONS,
      alerts: past.map(({ labels, fingerprint, episodes }) => ({
        labels: labelsToObject(labels),
        fingerprint,
        episodes: episodes.map(episodeJson),
      })),
    });
  });
  return app;
}

const episodeJson = ({ pendingAt, firingAt, endedAt, ...rest }: AlertEpisode) => ({
  ...rest,
  pendingAt: pendingAt === undefined ? undefined : iso(pendingAt),
  firingAt: firingAt === undefined ? undefined : iso(firingAt),
  endedAt: endedAt === undefined ? undefined : iso(endedAt),
});

/** Unix ms; undefined for what is no time. */
function timeOf(text: string): number | undefined {
  const ms = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? ms : undefined;
}

const iso = (ms: number): string => new Date(ms).toISOString();
