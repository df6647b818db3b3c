import { durationText } from '../format/duration.ts';
import { parseApiTime, timeText, type Zone } from '../format/time.ts';
import type { AlertRow } from './alerts.ts';
import type { AlertingRule } from './api-types.ts';
import type { AlertTrace, FlushTrace, NextFlush, RouteStep, Verdict } from './trace-types.ts';

export type StepState = 'ok' | 'pending' | 'firing' | 'quiet' | 'planned';

/** One step on an alert's way from its rule to the one who is told. */
export interface TraceStep {
  readonly key: string;
  readonly state: StepState;
  readonly title: string;
  readonly detail?: string;
  /** Set in the fixed-width face: an expression, matchers, a group. */
  readonly code?: string;
  /** When it happened, Unix ms. */
  readonly at?: number;
  /** When it will happen if nothing changes; of planned steps. */
  readonly due?: number;
}

export interface TraceInput {
  /** Absent once the alert is over. */
  readonly row: AlertRow | undefined;
  readonly rule: AlertingRule | undefined;
  /** Absent while the notifier has not heard of the alert. */
  readonly trace: AlertTrace | undefined;
  readonly now: number;
  /** By whose clock times are written. */
  readonly zone: Zone;
}

/** Tells the whole way of an alert: rule, pending, firing, route, group, what held it back, receiver, answer, and what comes next. */
export function traceSteps(input: TraceInput): TraceStep[] {
  const { trace } = input;
  const steps = ruleSteps(input);
  if (input.row?.state === 'pending' && !trace) return steps;
  if (!trace) {
    steps.push({
      key: 'unheard',
      state: 'quiet',
      title: 'Not handed to the notifier',
      detail: 'It hears of the alert at the rule’s next evaluation.',
    });
    return steps;
  }
  const chosen = trace.routes.filter((step) => step.chosen);
  if (chosen.length === 0 && trace.flushes.length === 0) {
    steps.push({
      key: 'nobody',
      state: 'quiet',
      title: 'Goes to nobody',
      detail: 'No route is configured.',
    });
  }
  const receivers = new Set([
    ...chosen.map((step) => step.receiver),
    ...trace.groups.map((group) => group.receiver),
  ]);
  // An alert that is over is on no route any more: the last flushes tell where it went.
  if (receivers.size === 0) for (const flush of trace.flushes.slice(0, 1)) receivers.add(flush.receiver);
  for (const receiver of receivers) steps.push(...receiverSteps(receiver, trace, input));
  return steps;
}

function ruleSteps({ row, rule, trace, now }: TraceInput): TraceStep[] {
  const steps: TraceStep[] = [];
  const holdMs = (rule?.duration ?? 0) * 1000;
  const firedAt = parseApiTime(trace?.alert?.startsAt);
  const endedAt = parseApiTime(trace?.alert?.endsAt);
  if (rule) steps.push({ key: 'rule', state: 'ok', title: `Rule ${rule.name}`, code: rule.query });
  if (row && holdMs > 0) {
    steps.push({
      key: 'pending',
      state: 'pending',
      title: 'Pending',
      at: row.activeAt,
      detail: `It has to hold for ${durationText(holdMs)}.`,
    });
  }
  if (row?.state === 'pending') {
    steps.push({ key: 'fires', state: 'planned', title: 'Fires', due: row.activeAt + holdMs });
    return steps;
  }
  const firing = firedAt ?? (row && row.activeAt + holdMs);
  if (firing !== undefined) {
    steps.push({ key: 'firing', state: 'firing', title: 'Firing', at: Math.min(firing, now) });
  }
  if (!row && endedAt !== undefined && endedAt <= now) {
    steps.push({ key: 'over', state: 'ok', title: 'Over', at: endedAt });
  }
  return steps;
}

function receiverSteps(
  receiver: string,
  trace: AlertTrace,
  { now, zone }: Pick<TraceInput, 'now' | 'zone'>,
): TraceStep[] {
  const next = trace.groups.find((group) => group.receiver === receiver);
  const last = trace.flushes.find((flush) => flush.receiver === receiver);
  return [
    ...routeSteps(receiver, trace.routes),
    ...groupSteps(receiver, last, next),
    ...(last ? verdictSteps(receiver, last, next) : []),
    ...(last ? answerSteps(receiver, last, trace) : []),
    ...(next ? plannedSteps(receiver, next, now, zone) : []),
  ];
}

function routeSteps(receiver: string, routes: readonly RouteStep[]): TraceStep[] {
  const end = routes.find((step) => step.chosen && step.receiver === receiver);
  if (!end) return [];
  const path = routes.filter(
    (step) => step.matched && (step.id === end.id || end.id.startsWith(`${step.id}/`)),
  );
  const skipped = routes.filter((step) => !step.matched);
  const passedBy = skipped
    .slice(0, 3)
    .map((step) => `${step.receiver} (${step.failing.map(matcherText).join(', ')} does not hold)`);
  const rest = skipped.length - passedBy.length;
  return [
    {
      key: `route ${receiver}`,
      state: 'ok',
      title: `Routed to ${receiver}`,
      code: path.map((step) => (step.matchers === '{}' ? 'everything' : step.matchers)).join(' › '),
      ...(passedBy.length === 0
        ? {}
        : { detail: `Not to ${passedBy.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}.` }),
    },
  ];
}

function groupSteps(
  receiver: string,
  last: FlushTrace | undefined,
  next: NextFlush | undefined,
): TraceStep[] {
  const key = last?.groupKey ?? next?.key;
  if (key === undefined) return [];
  const labels = last ? pairs(last.groupLabels) : key.slice(key.lastIndexOf(':') + 1);
  return [{ key: `group ${receiver}`, state: 'ok', title: 'Grouped with', code: labels }];
}

/** What the stages said last; when they will say something else now, that. */
function verdictSteps(receiver: string, last: FlushTrace, next: NextFlush | undefined): TraceStep[] {
  const verdict = next?.verdict ?? last.alerts[0]?.verdict;
  if (!verdict || verdict.kind === 'passed') return [];
  return [{ key: `verdict ${receiver}`, state: 'quiet', ...verdictText(verdict), at: last.lastAt }];
}

function verdictText(verdict: Verdict): Pick<TraceStep, 'title' | 'detail' | 'code'> {
  switch (verdict.kind) {
    case 'passed':
      return { title: 'Held back by nothing' };
    case 'inhibited':
      return {
        title: 'Held back by another alert',
        code: pairs(verdict.byLabels),
        detail: `Rule of inhibition ${verdict.rule}.`,
      };
    case 'silenced':
      return {
        title: verdict.by.length === 1 ? 'Silenced' : `Silenced by ${verdict.by.length} silences`,
        code: verdict.by.join(', '),
      };
    case 'muted':
      return { title: 'Muted at this time', detail: `Time interval ${verdict.intervals.join(', ')}.` };
    case 'inactive':
      return {
        title: 'Outside of the active times',
        detail: `Active in ${verdict.intervals.join(', ')}.`,
      };
  }
}

function answerSteps(receiver: string, last: FlushTrace, trace: AlertTrace): TraceStep[] {
  return last.integrations.map((one): TraceStep => {
    const { outcome, integration, index } = one;
    const name = index > 0 ? `${integration} ${index + 1}` : integration;
    const key = `answer ${receiver} ${integration} ${index}`;
    const tries = (attempts: number): string => (attempts === 1 ? '' : ` after ${attempts} tries`);
    switch (outcome.kind) {
      case 'sending':
        return {
          key,
          state: 'pending',
          title: `${name}: being sent`,
          detail: outcome.error ? `Try ${outcome.attempts} failed: ${outcome.error}` : one.reason,
          at: last.at,
        };
      case 'delivered':
        return {
          key,
          state: 'ok',
          title: `${name}: delivered${tries(outcome.attempts)}`,
          detail: `${one.reason}; answer in ${outcome.durationMs} ms: ${outcome.answer || 'none'}`,
          at: last.at,
        };
      case 'failed':
        return {
          key,
          state: 'firing',
          title: `${name}: ${outcome.rejected ? 'refused' : 'failed'}${tries(outcome.attempts)}`,
          detail: outcome.error,
          at: last.at,
        };
      default: {
        const sent = trace.notifications.find(
          (entry) =>
            entry.receiver === receiver && entry.integration === integration && entry.index === index,
        );
        if (!sent) return { key, state: 'ok', title: `${name}: nothing to send`, at: last.lastAt };
        return {
          key,
          state: sent.outcome === 'delivered' ? 'ok' : 'firing',
          title: `${name}: ${sent.outcome}${tries(sent.attempts)}`,
          detail: `${sent.reason}; ${sent.answer}`,
          at: sent.at,
        };
      }
    }
  });
}

function plannedSteps(receiver: string, next: NextFlush, now: number, zone: Zone): TraceStep[] {
  const told = next.integrations.filter((one) => one.reason !== 'none');
  const repeats = next.integrations.flatMap((one) =>
    one.repeatAfter === undefined ? [] : [one.repeatAfter],
  );
  const quiet =
    next.verdict.kind !== 'passed'
      ? 'It stays held back.'
      : repeats.length > 0
        ? `Nothing new to say then; told again after ${timeText(Math.min(...repeats), now, zone)}.`
        : 'Nothing new to say then.';
  return [
    {
      key: `next ${receiver}`,
      state: 'planned',
      title: told.length > 0 ? `Sends to ${told.map((one) => one.integration).join(', ')}` : 'Looks again',
      detail: told.length > 0 ? [...new Set(told.map((one) => one.reason))].join(', ') : quiet,
      due: next.nextFlushAt,
    },
  ];
}

const matcherText = ({ name, op, value }: { name: string; op: string; value: string }): string =>
  `${name}${op}${JSON.stringify(value)}`;

/** Names and values in turn, as a label set. */
function pairs(labels: readonly string[]): string {
  const found: string[] = [];
  for (let i = 0; i + 1 < labels.length; i += 2) found.push(`${labels[i]}=${JSON.stringify(labels[i + 1])}`);
  return found.length === 0 ? 'no labels' : found.join(', ');
}
