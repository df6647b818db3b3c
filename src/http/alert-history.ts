import { Hono } from 'hono';
import type { Clock } from '../clock.ts';
import type { TimeRange } from '../model/time.ts';
import { type AlertEpisode, type AlertPast, AlertPasts } from '../rules/alert-history.ts';
import type { RuleManager } from '../rules/manager.ts';
import { arrayPieces, slicedJson } from './json-list.ts';
import { labelWriter } from './label-json.ts';
import { createSlicer, type Slicer } from './slicer.ts';

export interface AlertHistoryDeps {
  readonly rules: Pick<RuleManager, 'history' | 'alerts'>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
}

const DEFAULT_RANGE_MS = 7 * 86_400_000;
/** Most changes of state that one answer rests on; the newest count. */
const MAX_TRANSITIONS = 20_000;
/** Alerts of now taken between two looks at the clock. */
const ALERTS_AT_ONCE = 256;

/** `GET /alerts/history`, to be mounted at `/api`: when alerts were pending and fired. Times are Unix seconds or RFC 3339. */
export function alertHistoryRoutes({ rules, clock }: AlertHistoryDeps): Hono {
  const app = new Hono();
  const labelsJson = labelWriter();
  app.get('/alerts/history', async (c) => {
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
    const slicer = createSlicer(clock.monotonic);
    const range = { from, to };
    const { pasts, truncated } = await gatherPasts(rules, range, query.alertname, slicer);
    return slicedJson(historyPieces(range, truncated, pasts.all(), labelsJson), slicer);
  });
  return app;
}

/** Reads what one answer rests on, in slices of time. `truncated` says that older changes of state were left out. */
export async function gatherPasts(
  rules: AlertHistoryDeps['rules'],
  range: TimeRange,
  alertname: string | undefined,
  slicer: Slicer,
): Promise<{ readonly pasts: AlertPasts; readonly truncated: boolean }> {
  const newestFirst = [];
  for (const some of rules.history(range.from, range.to, MAX_TRANSITIONS)) {
    newestFirst.push(some);
    if (slicer.isDue()) await slicer.pause();
  }
  const pasts = new AlertPasts(range, alertname);
  let count = 0;
  for (const some of newestFirst.reverse()) {
    pasts.take(some.reverse());
    count += some.length;
    if (slicer.isDue()) await slicer.pause();
  }
  const active = rules.alerts();
  for (let i = 0; i < active.length; i += ALERTS_AT_ONCE) {
    pasts.takeActive(active.slice(i, i + ALERTS_AT_ONCE));
    if (slicer.isDue()) await slicer.pause();
  }
  return { pasts, truncated: count === MAX_TRANSITIONS };
}

/** The answer in pieces; an episode is one. */
function* historyPieces(
  { from, to }: TimeRange,
  truncated: boolean,
  pasts: Iterable<AlertPast>,
  labelsJson: ReturnType<typeof labelWriter>,
): Generator<string> {
  yield `{"from":"${iso(from)}","to":"${iso(to)}","truncated":${truncated},"alerts":[`;
  let before = '';
  for (const { labels, fingerprint, episodes } of pasts) {
    yield `${before}{"labels":${labelsJson(labels)},"fingerprint":"${fingerprint}","episodes":`;
    yield* arrayPieces(Iterator.from(episodes).map((episode) => JSON.stringify(episodeJson(episode))));
    yield '}';
    before = ',';
  }
  yield ']}';
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
