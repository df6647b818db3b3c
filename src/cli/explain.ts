import { quote } from '../model/labels.ts';
import type { HistoryEntry } from '../notifiers/history.ts';
import { formatAlertMatcher } from '../notifiers/matching.ts';
import type { AlertTrace } from '../notifiers/notifier.ts';
import type { FlushTrace, IntegrationDecision, Outcome, Verdict } from '../notifiers/traces.ts';
import { date, type ListedAlert } from './listing.ts';

/** A trace as the API gives it. */
export interface ShownTrace extends Pick<AlertTrace, 'status' | 'routes' | 'groups' | 'flushes'> {
  readonly alert?: Pick<ListedAlert, 'fingerprint' | 'labels' | 'annotations' | 'startsAt' | 'endsAt'>;
  readonly notifications: readonly HistoryEntry[];
}

/** Flushes and messages that are named; the API has more. */
const SHOWN = 5;

/** The whole answer to why an alert was or was not told to someone, for people. @param now Unix ms */
export function explain(trace: ShownTrace, now: number): string {
  return [
    ...aboutAlert(trace, now),
    ...aboutRoutes(trace),
    ...aboutGroups(trace, now),
    ...aboutFlushes(trace.flushes),
    ...aboutMessages(trace),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function aboutAlert({ alert, status }: ShownTrace, now: number): string[] {
  if (!alert) return ['The alert is over; this is what is remembered of it.'];
  const labels = Object.entries(alert.labels).map(([name, value]) => `${name}=${quote(value)}`);
  const isOver = Date.parse(alert.endsAt) <= now;
  const since = isOver ? `resolved since ${date(alert.endsAt)}` : `firing since ${date(alert.startsAt)}`;
  return [
    `${labels.join(' ')}`,
    `  fingerprint ${alert.fingerprint}, ${since}${status ? `, ${status.state}` : ''}`,
  ];
}

function aboutRoutes({ routes }: ShownTrace): string[] {
  if (routes.length === 0) return [];
  const lines = routes.map((step) => {
    const depth = '  '.repeat(step.id.split('/{').length);
    const name = step.matchers === '{}' ? 'default route' : `route ${step.matchers}`;
    if (!step.matched) {
      const failing = step.failing.map(formatAlertMatcher).join(' and ');
      return `${depth}${name}: not matched, because the alert is not ${failing}`;
    }
    const because = step.matchers === '{}' ? 'as every alert' : `because all of ${step.matchers} hold`;
    if (!step.chosen) return `${depth}${name}: matched ${because}; a route below takes it`;
    const goesOn = step.continued ? '; the search goes on (continue: true)' : '';
    return `${depth}${name}: matched ${because}, goes to receiver ${quote(step.receiver)}${goesOn}`;
  });
  return ['', 'Routes:', ...lines];
}

function aboutGroups({ groups, flushes }: ShownTrace, now: number): string[] {
  if (groups.length === 0) return [];
  return [
    '',
    'Now:',
    ...groups.flatMap((group) => {
      const at = `${date(group.nextFlushAt)} (${fromNow(group.nextFlushAt - now)})`;
      const own = flushes.filter(
        ({ groupKey, receiver }) => groupKey === group.key && receiver === group.receiver,
      );
      const lines = [
        `  receiver ${quote(group.receiver)}, group ${group.key}: looked at next at ${at}`,
        `    ${verdictText(group.verdict)}${sinceText(group.verdict, own)}`,
      ];
      for (const news of group.integrations) {
        const repeat =
          news.reason === 'none' && news.repeatAfter !== undefined
            ? `, an unchanged group is told again at the first look after ${date(news.repeatAfter)}`
            : '';
        const last =
          news.lastToldAt === undefined ? 'never told before' : `last told at ${date(news.lastToldAt)}`;
        const will =
          news.reason === 'none'
            ? 'would not be sent to'
            : `would be sent at ${date(group.nextFlushAt)} (${news.reason}) to`;
        lines.push(`    ${will} ${news.integration}[${news.index}]: ${last}${repeat}`);
      }
      return lines;
    }),
  ];
}

function aboutFlushes(flushes: readonly FlushTrace[]): string[] {
  if (flushes.length === 0) return [];
  const lines = flushes.slice(0, SHOWN).flatMap((flush) => {
    const times = flush.count > 1 ? ` to ${date(flush.lastAt)} (${flush.count} looks alike)` : '';
    const [own] = flush.alerts;
    const head = `  ${date(flush.at)}${times}, receiver ${quote(flush.receiver)}: ${own ? `${own.status}, ${verdictText(own.verdict)}` : 'one of many, not named'}`;
    return [head, ...flush.integrations.map((one) => `    ${decisionText(one)}`)];
  });
  return ['', 'Looks at the group, newest first:', ...lines, ...more(flushes.length)];
}

function aboutMessages({ notifications }: ShownTrace): string[] {
  if (notifications.length === 0) return ['', 'No message about it was sent.'];
  const lines = notifications.slice(0, SHOWN).map((one) => {
    const tries = `${triesText(one)}, ${one.durationMs} ms`;
    return `  ${date(one.at)} ${one.outcome} to receiver ${quote(one.receiver)} by ${one.integration}[${one.index}] (${one.reason}; ${tries}): ${one.answer}`;
  });
  return ['', 'Messages, newest first:', ...lines, ...more(notifications.length)];
}

const more = (count: number): string[] => (count > SHOWN ? [`  and ${count - SHOWN} more`] : []);

/** What the stages before the integrations made of the alert. */
function verdictText(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'passed':
      return 'not inhibited, muted or silenced';
    case 'inhibited': {
      const rule = verdict.rule === '' ? '' : ` (rule ${verdict.rule})`;
      return `inhibited by ${labelText(verdict.byLabels)}, fingerprint ${verdict.by}${rule}`;
    }
    case 'inactive':
      return `not sent outside the active time ${verdict.intervals.join(', ')}`;
    case 'muted':
      return `muted by the time ${verdict.intervals.join(', ')}`;
    case 'silenced':
      return `silenced by ${verdict.by.join(', ')}`;
  }
}

function decisionText(one: IntegrationDecision): string {
  const way = `${one.integration}[${one.index}]`;
  if (one.reason !== 'none') return `${way}: ${one.reason}, ${outcomeText(one.outcome)}`;
  const told = one.lastToldAt === undefined ? '' : `, the same was told at ${date(one.lastToldAt)}`;
  return `${way}: ${outcomeText(one.outcome)}${told}`;
}

function outcomeText(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'nothing to send':
      return 'nothing to send';
    case 'recorded':
      return 'only resolved alerts, which it is not told of';
    case 'sending':
      return outcome.error === undefined
        ? 'being sent'
        : `being sent again after ${triesText(outcome)}: ${outcome.error}`;
    case 'delivered':
      return `delivered after ${triesText(outcome)} and ${outcome.durationMs} ms: ${outcome.answer}`;
    case 'failed':
      return `${outcome.rejected ? 'refused' : 'given up until the next look'} after ${triesText(outcome)} and ${outcome.durationMs} ms: ${outcome.error}`;
  }
}

const triesText = ({ attempts }: { readonly attempts: number }): string =>
  `${attempts} ${attempts === 1 ? 'try' : 'tries'}`;

/** Since when the last looks came to the same verdict. */
function sinceText(verdict: Verdict, flushes: readonly FlushTrace[]): string {
  if (verdict.kind === 'passed') return '';
  let since: number | undefined;
  for (const flush of flushes) {
    if (flush.alerts[0]?.verdict.kind !== verdict.kind) break;
    since = flush.at;
  }
  return since === undefined ? '' : `, since ${date(since)} or before`;
}

function labelText(flat: readonly string[]): string {
  const pairs: string[] = [];
  for (let i = 0; i < flat.length; i += 2) pairs.push(`${flat[i]}=${quote(flat[i + 1]!)}`);
  return `{${pairs.join(', ')}}`;
}

function fromNow(ms: number): string {
  if (ms <= 0) return 'now';
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `in ${seconds} s` : `in ${Math.round(seconds / 60)} min`;
}
