import { Hono } from 'hono';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { AlertingRuleConfig, RuleGroupConfig } from '../config/rules.ts';
import { formatDuration, parseDuration } from '../model/duration.ts';
import { labelsToObject } from '../model/labels.ts';
import type { Silence } from '../notifiers/silences.ts';
import type { RehearsedReceiver, RehearsedRouting, RoutingSettings } from '../rehearse/routing.ts';
import type { RehearsalAnswer, RehearsalRequest, Sweep, SweptRehearsal } from '../rehearse/service.ts';
import { thresholdOf } from '../rules/threshold.ts';
import { limitedBody } from './body-limit.ts';
import { jsonBody } from './json-body.ts';

export interface RehearseDeps {
  readonly clock: Clock;
  readonly groups: () => readonly RuleGroupConfig[];
  readonly checkExpr: (text: string) => { readonly message: string } | undefined;
  readonly externalLabels: () => Readonly<Record<string, string>>;
  readonly externalUrl: () => string;
  /** Who is told of alerts now (`routingOf`); undefined without a route. Without it only firings are rehearsed. */
  readonly routing?: () => RoutingSettings | undefined;
  readonly alertRelabelConfigs?: () => RehearsalRequest['alertRelabelConfigs'];
  /** What is wrong with a template of a rule. */
  readonly checkTemplate?: (text: string) => { readonly message: string } | undefined;
  /** Runs in a thread of its own; rejects when another rehearsal is running or it took too long. */
  readonly run: (request: RehearsalRequest, signal: AbortSignal) => Promise<RehearsalAnswer>;
}

const MAX_BODY_BYTES = 64 * 1024;
const MAX_RANGE_MS = 100 * 86_400_000;
const DEFAULT_RANGE_MS = 7 * 86_400_000;

const duration = z.string().transform((text, context) => {
  try {
    return parseDuration(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
});

/** Times are Unix seconds or RFC 3339. */
const time = z.union([z.number(), z.string()]).transform((given, context) => {
  const ms = typeof given === 'number' ? given * 1000 : Date.parse(given);
  if (Number.isFinite(ms)) return ms;
  context.addIssue({
    code: 'custom',
    message: `expected Unix seconds or RFC 3339, got ${JSON.stringify(given)}`,
  });
  return z.NEVER;
});

/** A rule that need not be loaded, as it stands in a rule file. */
const writtenRule = z.strictObject({
  alert: z.string().min(1),
  expr: z.string().min(1),
  for: duration.optional(),
  keep_firing_for: duration.optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});

const timeZone = z.string().superRefine((name, context) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    context.addIssue({ code: 'custom', message: `expected a time zone, got ${JSON.stringify(name)}` });
  }
});

const body = z.strictObject({
  /** Name of a rule that is loaded. */
  alert: z.string().min(1).optional(),
  /** Name of its group, when several have a rule of that name. */
  group: z.string().optional(),
  /** Or a rule that is not. */
  rule: writtenRule.optional(),
  /** Between evaluations of a rule that is not loaded. */
  interval: duration.optional(),
  from: time.optional(),
  to: time.optional(),
  /** What to try instead of what the rule says. */
  expr: z.string().optional(),
  for: duration.optional(),
  keep_firing_for: duration.optional(),
  /** What to try beside it, in all combinations. */
  sweep: z
    .strictObject({ threshold: z.array(z.number()).optional(), for: z.array(duration).optional() })
    .optional(),
  /** By whose clock a night is one. */
  timezone: timeZone.optional(),
});
type Wanted = z.output<typeof body>;

/** Most combinations tried at once. */
const MAX_VARIANTS = 100;
/** Most notifications listed; all are counted. */
const MAX_LISTED = 1000;
const DEFAULT_INTERVAL_MS = 60_000;

/** What cannot be answered, and the status that says so. */
class RehearsalError extends Error {
  readonly status: 400 | 404;

  constructor(status: 400 | 404, message: string) {
    super(message);
    this.name = 'RehearsalError';
    this.status = status;
  }
}

/** `POST /rehearse`, to be mounted at `/api`: what a rule would have done over a stored period, and who would have been told. */
export function rehearseRoutes(deps: RehearseDeps): Hono {
  const app = new Hono();
  app.post('/rehearse', limitedBody(MAX_BODY_BYTES), async (c) => {
    const given = await jsonBody(c, body);
    if ('error' in given) return c.json(given, 400);
    let request: RehearsalRequest;
    try {
      request = requestOf(given.data, deps);
    } catch (error) {
      if (error instanceof RehearsalError) return c.json({ error: error.message }, error.status);
      throw error;
    }
    const answer = await deps
      .run(request, c.req.raw.signal)
      .catch((error: Error) => ({ error: error.message }));
    if ('error' in answer) return c.json({ error: answer.error }, 422);
    const { firings, ...counts } = answer.rehearsal;
    const { group, rule, range } = request;
    return c.json({
      alert: rule.alert,
      group: group.name,
      for: formatDuration(rule.for),
      threshold: thresholdOf(rule.expr)?.value,
      from: iso(range.from),
      to: iso(range.to),
      summary: answer.summary,
      ...counts,
      firings: firings.map((firing) => ({
        ...firing,
        labels: labelsToObject(firing.labels),
        annotations: labelsToObject(firing.annotations),
        pendingAt: iso(firing.pendingAt),
        firingAt: iso(firing.firingAt),
        resolvedAt: firing.resolvedAt === undefined ? undefined : iso(firing.resolvedAt),
      })),
      routing: answer.routingSummary,
      notifications: answer.routing && listed(answer.routing),
      sweep: answer.sweep?.map(sweptJson),
    });
  });
  return app;
}

/** What a rehearsal must know of the configuration: who is told, without addresses and secrets. */
export function routingOf(config: Config, silences: readonly Silence[]): RoutingSettings | undefined {
  const { route, receivers, inhibit_rules, time_intervals } = config;
  if (!route) return undefined;
  return {
    route,
    receivers: receivers.map((receiver): RehearsedReceiver => {
      const integrations = Object.entries(receiver).flatMap(([key, ways]) => {
        const kind = /^(.*)_configs$/.exec(key)?.[1];
        if (kind === undefined || !Array.isArray(ways)) return [];
        return (ways as readonly { readonly send_resolved: boolean }[]).map((way, index) => ({
          kind,
          index,
          sendResolved: way.send_resolved,
        }));
      });
      return { name: receiver.name, integrations };
    }),
    inhibit_rules,
    time_intervals,
    silences,
  };
}

/** @throws RehearsalError */
function requestOf(wanted: Wanted, deps: RehearseDeps): RehearsalRequest {
  const { group, rule } = wanted.rule ? writtenOf(wanted, deps) : loadedOf(wanted, deps.groups());
  const problem = wanted.expr === undefined ? undefined : deps.checkExpr(wanted.expr);
  if (problem) throw new RehearsalError(400, `expr: ${problem.message}`);
  const now = deps.clock.now();
  const to = wanted.to ?? now;
  const from = wanted.from ?? to - DEFAULT_RANGE_MS;
  if (to <= from || to - from > MAX_RANGE_MS)
    throw new RehearsalError(400, 'expected a period of at most 100 days that ends after it begins');
  const tried: AlertingRuleConfig = {
    ...rule,
    expr: wanted.expr ?? rule.expr,
    for: wanted.for ?? rule.for,
    keep_firing_for: wanted.keep_firing_for ?? rule.keep_firing_for,
  };
  const routing = deps.routing?.();
  return {
    group,
    rule: tried,
    range: { from, to },
    externalLabels: deps.externalLabels(),
    externalUrl: deps.externalUrl(),
    now,
    alertRelabelConfigs: deps.alertRelabelConfigs?.() ?? [],
    ...(routing && { routing }),
    ...(wanted.timezone !== undefined && { timeZone: wanted.timezone }),
    ...(wanted.sweep && { sweep: sweepOf(wanted.sweep, tried) }),
  };
}

function loadedOf(
  { alert, group: name }: Wanted,
  groups: readonly RuleGroupConfig[],
): { group: RuleGroupConfig; rule: AlertingRuleConfig } {
  if (alert === undefined) throw new RehearsalError(400, 'expected alert or rule, got neither');
  for (const group of groups) {
    if (name !== undefined && group.name !== name) continue;
    for (const rule of group.rules) if (rule.kind === 'alert' && rule.alert === alert) return { group, rule };
  }
  throw new RehearsalError(404, `no alerting rule ${JSON.stringify(alert)} is loaded`);
}

function writtenOf(
  wanted: Wanted,
  { checkExpr, checkTemplate }: RehearseDeps,
): { group: RuleGroupConfig; rule: AlertingRuleConfig } {
  if (wanted.alert !== undefined) throw new RehearsalError(400, 'expected either alert or rule, got both');
  const { alert, expr, labels, annotations, ...times } = wanted.rule!;
  const problem = checkExpr(expr);
  if (problem) throw new RehearsalError(400, `rule.expr: ${problem.message}`);
  for (const text of [...Object.values(labels), ...Object.values(annotations)]) {
    const fault = checkTemplate?.(text);
    if (fault) throw new RehearsalError(400, `rule: ${fault.message}`);
  }
  const position = { line: 1, column: 1 };
  const rule: AlertingRuleConfig = {
    kind: 'alert',
    alert,
    expr,
    for: times.for ?? 0,
    keep_firing_for: times.keep_firing_for ?? 0,
    labels,
    annotations,
    position,
  };
  const interval = wanted.interval || DEFAULT_INTERVAL_MS;
  const name = wanted.group ?? 'rehearsal';
  return {
    rule,
    group: { name, file: '', interval, limit: 0, query_offset: 0, labels: {}, rules: [rule], position },
  };
}

function sweepOf(sweep: NonNullable<Wanted['sweep']>, rule: AlertingRuleConfig): Sweep {
  const compared = sweep.threshold && thresholdOf(rule.expr);
  if (sweep.threshold && !compared)
    throw new RehearsalError(
      400,
      'sweep.threshold: expected a rule that compares with a number, such as "x > 5"',
    );
  const thresholds = sweep.threshold ?? [undefined];
  const variants = thresholds.flatMap((threshold) =>
    (sweep.for ?? [rule.for]).map((forMs) => ({
      forMs,
      keepFiringForMs: rule.keep_firing_for,
      ...(threshold !== undefined && { threshold }),
    })),
  );
  if (variants.length > MAX_VARIANTS)
    throw new RehearsalError(
      400,
      `sweep: expected at most ${MAX_VARIANTS} combinations, got ${variants.length}`,
    );
  return { variants, ...(compared && { compared }) };
}

const listed = ({ notifications }: RehearsedRouting) =>
  notifications
    .slice(0, MAX_LISTED)
    .map((one) => ({ ...one, at: iso(one.at), groupLabels: labelsToObject(one.groupLabels) }));

const sweptJson = ({ variant, summary, routing }: SweptRehearsal) => ({
  for: formatDuration(variant.forMs),
  threshold: variant.threshold,
  summary,
  routing,
});

const iso = (ms: number): string => new Date(ms).toISOString();
