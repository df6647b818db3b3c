import { type Context, Hono } from 'hono';
import type { Clock } from '../../clock.ts';
import { labelsFromObject } from '../../model/labels.ts';
import type { MetricMetadata } from '../../model/queryable.ts';
import type { PresentAlert } from '../../rules/views.ts';
import { ApiError, success } from '../envelope.ts';
import { slicedJson } from '../json-list.ts';
import { labelWriter } from '../label-json.ts';
import { createSlicer } from '../slicer.ts';
import { alertListPieces, ruleAlertWriter, ruleListPieces } from './rule-json.ts';
import { readSelector, ruleList } from './rules.ts';

/** What the scraper and the rules say of themselves, in upstream's JSON. */
export interface MonitoringSource {
  readonly clock: Pick<Clock, 'monotonic'>;
  activeTargets(): readonly { readonly scrapePool: string }[];
  droppedTargets(): readonly { readonly scrapePool: string }[];
  droppedTargetCounts(): Readonly<Record<string, number>>;
  scrapePools(): readonly string[];
  /** Per target and metric: `{target, metric, type, help, unit}`. */
  targetMetadata(): readonly (MetricMetadata & {
    readonly target: Readonly<Record<string, string>>;
    readonly metric: string;
  })[];
  /** Metadata of metrics that have no target: what was pushed. */
  storedMetadata(): ReadonlyMap<string, MetricMetadata>;
  ruleGroups(): readonly RuleGroupJson[];
  alerts(): Iterable<PresentAlert>;
  alertmanagers(): {
    activeAlertmanagers: readonly { url: string }[];
    droppedAlertmanagers: readonly { url: string }[];
  };
}

export interface RuleJson {
  readonly name: string;
  readonly type: 'alerting' | 'recording';
  readonly labels: Readonly<Record<string, string>>;
  readonly alerts?: readonly PresentAlert[];
}

export interface RuleGroupJson {
  readonly name: string;
  readonly file: string;
  readonly rules: readonly RuleJson[];
}

/** `/targets`, `/scrape_pools`, `/metadata`, `/targets/metadata`, `/rules`, `/alerts`, `/alertmanagers` of /api/v1. */
export function monitoringRoutes(source: MonitoringSource): Hono {
  const app = new Hono();

  app.get('/targets', (c) => {
    const state = c.req.query('state')?.toLowerCase() || 'any';
    const isShown = (kind: string): boolean => state === 'any' || state === kind;
    const pool = c.req.query('scrapePool');
    const inPool = (target: { readonly scrapePool: string }): boolean => !pool || target.scrapePool === pool;
    return success(c, {
      activeTargets: isShown('active') ? source.activeTargets().filter(inPool) : [],
      droppedTargets: isShown('dropped') ? source.droppedTargets().filter(inPool) : [],
      droppedTargetCounts: isShown('dropped') ? source.droppedTargetCounts() : null,
    });
  });

  app.get('/scrape_pools', (c) => success(c, { scrapePools: [...source.scrapePools()].sort() }));

  app.get('/targets/metadata', (c) => {
    const metric = c.req.query('metric');
    const limit = numberOf(c, 'limit');
    const isWanted = targetFilter(c.req.query('match_target'));
    const rows: ReturnType<MonitoringSource['targetMetadata']>[number][] = [];
    let target: unknown;
    for (const row of source.targetMetadata()) {
      if ((metric && row.metric !== metric) || !isWanted(row.target)) continue;
      // The limit is of targets to look at: the last one is listed to its end.
      if (row.target !== target && rows.length >= limit) break;
      target = row.target;
      rows.push(row);
    }
    // The name is said only where it was not asked for.
    return success(c, metric ? rows.map(({ metric: _metric, ...row }) => row) : rows);
  });

  app.get('/metadata', (c) => {
    const wanted = c.req.query('metric');
    const limit = numberOf(c, 'limit');
    // Here, unlike there, 0 is no limit.
    const perMetric = numberOf(c, 'limit_per_metric') || Number.POSITIVE_INFINITY;
    const byMetric = new Map<string, Map<string, unknown>>();
    const add = (metric: string, { type, help, unit }: MetricMetadata): void => {
      if (wanted && metric !== wanted) return;
      const known = byMetric.get(metric) ?? new Map<string, unknown>();
      if (known.size < perMetric) known.set(JSON.stringify([type, help, unit]), { type, help, unit });
      byMetric.set(metric, known);
    };
    for (const { metric, ...about } of source.targetMetadata()) add(metric, about);
    for (const [metric, about] of source.storedMetadata()) if (!byMetric.has(metric)) add(metric, about);
    const entries = [...byMetric].slice(0, limit);
    return success(c, Object.fromEntries(entries.map(([metric, known]) => [metric, [...known.values()]])));
  });

  const labelsJson = labelWriter();
  app.get('/rules', (c) => {
    const list = ruleList(source.ruleGroups(), new URL(c.req.url).searchParams);
    return slicedJson(
      ruleListPieces(list, ruleAlertWriter(labelsJson)),
      createSlicer(source.clock.monotonic),
    );
  });

  app.get('/alerts', () => {
    const pieces = alertListPieces(source.alerts(), ruleAlertWriter(labelsJson));
    return slicedJson(pieces, createSlicer(source.clock.monotonic));
  });
  app.get('/alertmanagers', (c) => success(c, source.alertmanagers()));
  return app;
}

/** Upstream's optional limits: absent or negative means all. */
function numberOf(c: Context, name: string): number {
  const text = c.req.query(name) ?? '';
  if (text === '') return Number.POSITIVE_INFINITY;
  if (!/^[+-]?\d+$/.test(text)) throw new ApiError('bad_data', `${name} must be a number`);
  return Number(text) < 0 ? Number.POSITIVE_INFINITY : Number(text);
}

function targetFilter(selector: string | undefined): (target: Readonly<Record<string, string>>) => boolean {
  if (!selector) return () => true;
  const matches = readSelector('match_target', selector);
  return (target) => matches(labelsFromObject(target));
}
