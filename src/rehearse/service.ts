import type { MessagePort } from 'node:worker_threads';
import type { RelabelConfig } from '../config/relabel.ts';
import type { AlertingRuleConfig, RuleGroupConfig } from '../config/rules.ts';
import type { Labels } from '../model/labels.ts';
import type { TimeRange } from '../model/time.ts';
import type { Threshold } from '../rules/threshold.ts';
import { bystanders } from './bystanders.ts';
import { routedAlerts } from './outgoing.ts';
import { type RangeEvaluate, type Rehearsal, rehearse, rehearseVariants, type Variant } from './rehearse.ts';
import { type RehearsedRouting, type RoutedAlert, type RoutingSettings, rehearseRouting } from './routing.ts';
import { type RehearsalSummary, type RoutingSummary, summarize, summarizeRouting } from './summary.ts';

/** One rehearsal asked of a thread; plain data. */
export interface RehearsalRequest {
  readonly group: RuleGroupConfig;
  readonly rule: AlertingRuleConfig;
  readonly range: TimeRange;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly externalUrl: string;
  /** Unix ms: firings that are not over are counted up to here. */
  readonly now: number;
  /** By whose clock a night is one; UTC unless given. */
  readonly timeZone?: string;
  /** Who would have been told. Without it that is not asked. */
  readonly routing?: RoutingSettings;
  readonly alertRelabelConfigs?: readonly RelabelConfig[];
  readonly sweep?: Sweep;
}

/** What to try beside the rule as it is. */
export interface Sweep {
  readonly variants: readonly Variant[];
  /** What the rule compares, when thresholds are among what is tried. */
  readonly compared?: Threshold;
}

export interface SweptRehearsal {
  readonly variant: Variant;
  readonly summary: RehearsalSummary;
  readonly routing?: RoutingSummary;
}

export type RehearsalAnswer =
  | {
      readonly rehearsal: Rehearsal;
      readonly summary: RehearsalSummary;
      readonly routing?: RehearsedRouting;
      readonly routingSummary?: RoutingSummary;
      readonly sweep?: readonly SweptRehearsal[];
    }
  | { readonly error: string };

/** `alert_relabel_configs` at work: undefined drops the alert. */
export type Relabel = (configs: readonly RelabelConfig[], labels: Labels) => Labels | undefined;

/**
 * Rehearses what comes in on a port, in this thread.
 * @param evaluate over the stored history
 */
export function serveRehearsals(port: MessagePort, evaluate: RangeEvaluate, relabel?: Relabel): void {
  port.on('message', (request: RehearsalRequest) => {
    const answer = (message: RehearsalAnswer): void => port.postMessage(message);
    answerTo(request, evaluate, relabel).then(answer, (error: unknown) =>
      answer({ error: error instanceof Error ? error.message : String(error) }),
    );
  });
}

/** @throws Error with PromQL's text when an expression fails */
export async function answerTo(
  request: RehearsalRequest,
  evaluate: RangeEvaluate,
  relabel?: Relabel,
): Promise<RehearsalAnswer> {
  const { rule, range, now, routing, sweep, timeZone } = request;
  const configs = request.alertRelabelConfigs ?? [];
  if (routing && configs.length > 0 && !relabel)
    throw new Error('alert_relabel_configs cannot be rehearsed here');
  const leave = (labels: Labels): Labels | undefined =>
    configs.length > 0 ? relabel?.(configs, labels) : labels;

  const rehearsal = await rehearse({ ...request, evaluate });
  const others: readonly RoutedAlert[] = routing
    ? routedAlerts(await bystanders(rule.alert, range, evaluate), request, leave)
    : [];
  const routed = (one: Rehearsal): RehearsedRouting | undefined =>
    routing && rehearseRouting(routing, routedAlerts(one.firings, request, leave), others, range);
  const told = routed(rehearsal);
  const answer = {
    rehearsal,
    summary: summarize(rehearsal, now, timeZone),
    ...(told && { routing: told, routingSummary: summarizeRouting(told, timeZone) }),
  };
  if (!sweep) return answer;
  const swept = await rehearseVariants({ ...request, evaluate }, sweep.variants, sweep.compared);
  return {
    ...answer,
    sweep: swept.map((one, i): SweptRehearsal => {
      const toldThen = routed(one);
      return {
        variant: sweep.variants[i]!,
        summary: summarize(one, now, timeZone),
        ...(toldThen && { routing: summarizeRouting(toldThen, timeZone) }),
      };
    }),
  };
}
