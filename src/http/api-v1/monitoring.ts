import { Hono } from 'hono';
import { success } from '../envelope.ts';

/** What the scraper and the rules say of themselves, in upstream's JSON. */
export interface MonitoringSource {
  activeTargets(): readonly { readonly scrapePool: string }[];
  droppedTargets(): readonly { readonly scrapePool: string }[];
  droppedTargetCounts(): Readonly<Record<string, number>>;
  scrapePools(): readonly string[];
  /** Per target and metric: `{target, metric, type, help, unit}`. */
  targetMetadata(): readonly { readonly target: Readonly<Record<string, string>>; readonly metric: string }[];
  ruleGroups(): readonly RuleGroupJson[];
  alerts(): readonly unknown[];
  alertmanagers(): {
    activeAlertmanagers: readonly { url: string }[];
    droppedAlertmanagers: readonly { url: string }[];
  };
}

export interface RuleJson {
  readonly name: string;
  readonly type: 'alerting' | 'recording';
  readonly alerts?: readonly unknown[];
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
    const state = c.req.query('state') ?? 'any';
    const pool = c.req.query('scrapePool');
    const inPool = (target: { readonly scrapePool: string }): boolean => !pool || target.scrapePool === pool;
    return success(c, {
      activeTargets: state === 'dropped' ? [] : source.activeTargets().filter(inPool),
      droppedTargets: state === 'active' ? [] : source.droppedTargets().filter(inPool),
      droppedTargetCounts: state === 'active' ? {} : source.droppedTargetCounts(),
    });
  });

  app.get('/scrape_pools', (c) => success(c, { scrapePools: [...source.scrapePools()].sort() }));

  app.get('/targets/metadata', (c) => {
    const metric = c.req.query('metric');
    const rows = source.targetMetadata().filter((row) => !metric || row.metric === metric);
    return success(c, rows.slice(0, limitOf(c.req.query('limit'))));
  });

  app.get('/metadata', (c) => {
    const wanted = c.req.query('metric');
    const perMetric = limitOf(c.req.query('limit_per_metric'));
    const byMetric = new Map<string, Map<string, unknown>>();
    for (const { target: _target, metric, ...about } of source.targetMetadata()) {
      if (wanted && metric !== wanted) continue;
      const known = byMetric.get(metric) ?? new Map<string, unknown>();
      if (known.size < perMetric) known.set(JSON.stringify(about), about);
      byMetric.set(metric, known);
    }
    const entries = [...byMetric].slice(0, limitOf(c.req.query('limit')));
    return success(c, Object.fromEntries(entries.map(([metric, known]) => [metric, [...known.values()]])));
  });

  app.get('/rules', (c) => {
    const type = c.req.query('type');
    const names = c.req.queries('rule_name[]');
    const groups = c.req.queries('rule_group[]');
    const files = c.req.queries('file[]');
    const withoutAlerts = c.req.query('exclude_alerts') === 'true';
    const wantedType = type === 'alert' ? 'alerting' : type === 'record' ? 'recording' : undefined;
    const shown = source
      .ruleGroups()
      .filter((group) => (!groups || groups.includes(group.name)) && (!files || files.includes(group.file)))
      .map((group) => ({
        ...group,
        rules: group.rules
          .filter(
            (rule) => (!wantedType || rule.type === wantedType) && (!names || names.includes(rule.name)),
          )
          .map((rule) => (withoutAlerts && rule.alerts ? { ...rule, alerts: [] } : rule)),
      }))
      .filter((group) => group.rules.length > 0 || (!wantedType && !names));
    return success(c, { groups: shown });
  });

  app.get('/alerts', (c) => success(c, { alerts: source.alerts() }));
  app.get('/alertmanagers', (c) => success(c, source.alertmanagers()));
  return app;
}

/** Upstream's optional limits: absent or negative means all. */
function limitOf(text: string | undefined): number {
  const limit = Number(text ?? -1);
  return Number.isInteger(limit) && limit >= 0 ? limit : Number.POSITIVE_INFINITY;
}
