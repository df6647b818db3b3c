import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as z from 'zod';
import type { Clock } from '../clock.ts';
import type { AlertingRuleConfig, RuleGroupConfig } from '../config/rules.ts';
import { parseDuration } from '../model/duration.ts';
import { labelsToObject } from '../model/labels.ts';
import type { RehearsalAnswer, RehearsalRequest } from '../rehearse/service.ts';

export interface RehearseDeps {
  readonly clock: Clock;
  readonly groups: () => readonly RuleGroupConfig[];
  readonly checkExpr: (text: string) => { readonly message: string } | undefined;
  readonly externalLabels: () => Readonly<Record<string, string>>;
  readonly externalUrl: () => string;
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

const body = z.strictObject({
  /** Name of a rule that is loaded. */
  alert: z.string().min(1),
  /** Name of its group, when several have a rule of that name. */
  group: z.string().optional(),
  from: time.optional(),
  to: time.optional(),
  /** What to try instead of what the rule says. */
  expr: z.string().optional(),
  for: duration.optional(),
  keep_firing_for: duration.optional(),
});

/** `POST /rehearse`, to be mounted at `/api`: what a rule would have done over a stored period. */
export function rehearseRoutes(deps: RehearseDeps): Hono {
  const app = new Hono();
  app.post('/rehearse', bodyLimit({ maxSize: MAX_BODY_BYTES }), async (c) => {
    const parsed = body.safeParse(await c.req.json().catch(() => undefined));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return c.json({ error: `${issue!.path.join('.') || 'body'}: ${issue!.message}` }, 400);
    }
    const wanted = parsed.data;
    const found = deps
      .groups()
      .filter((group) => wanted.group === undefined || group.name === wanted.group)
      .flatMap((group) =>
        group.rules.flatMap((rule) =>
          rule.kind === 'alert' && rule.alert === wanted.alert ? [{ group, rule }] : [],
        ),
      );
    if (found.length === 0)
      return c.json({ error: `no alerting rule ${JSON.stringify(wanted.alert)} is loaded` }, 404);
    const { group, rule } = found[0]!;
    const problem = wanted.expr === undefined ? undefined : deps.checkExpr(wanted.expr);
    if (problem) return c.json({ error: `expr: ${problem.message}` }, 400);
    const now = deps.clock.now();
    const to = wanted.to ?? now;
    const from = wanted.from ?? to - DEFAULT_RANGE_MS;
    if (to <= from || to - from > MAX_RANGE_MS) {
      return c.json({ error: 'expected a period of at most 100 days that ends after it begins' }, 400);
    }
    const tried: AlertingRuleConfig = {
      ...rule,
      expr: wanted.expr ?? rule.expr,
      for: wanted.for ?? rule.for,
      keep_firing_for: wanted.keep_firing_for ?? rule.keep_firing_for,
    };
    const answer = await deps
      .run(
        {
          group,
          rule: tried,
          range: { from, to },
          externalLabels: deps.externalLabels(),
          externalUrl: deps.externalUrl(),
          now,
        },
        c.req.raw.signal,
      )
      .catch((error: Error) => ({ error: error.message }));
    if ('error' in answer) return c.json({ error: answer.error }, 422);
    const { firings, ...counts } = answer.rehearsal;
    return c.json({
      alert: rule.alert,
      group: group.name,
      from: iso(from),
      to: iso(to),
      summary: answer.summary,
      ...counts,
      firings: firings.map((firing) => ({
        ...firing,
        labels: labelsToObject(firing.labels),
        pendingAt: iso(firing.pendingAt),
        firingAt: iso(firing.firingAt),
        resolvedAt: firing.resolvedAt === undefined ? undefined : iso(firing.resolvedAt),
      })),
    });
  });
  return app;
}

const iso = (ms: number): string => new Date(ms).toISOString();
