import type { Labels } from '../model/labels.ts';
import type { Inhibitor } from './inhibit.ts';
import type { TimeIntervals } from './mute-times.ts';
import type { NotifiedAlert } from './notification.ts';
import type { Route } from './routes.ts';
import type { Silences } from './silences.ts';
import type { AlertDecision, Verdict } from './traces.ts';

/** What the stages look at. */
export interface StageContext {
  readonly route: Pick<Route, 'activeTimes' | 'muteTimes'>;
  readonly inhibitor: Inhibitor;
  readonly silences: Silences;
  readonly times: TimeIntervals;
  /** The time of the flush, Unix ms. */
  readonly now: number;
}

/** Takes alerts out of a notification: gives the reason for one that does not pass. */
type Stage = (labels: Labels, context: StageContext) => Verdict | undefined;

const inhibitStage: Stage = (labels, { inhibitor, now }) => {
  const inhibition = inhibitor.inhibits(labels, now);
  return (
    inhibition && {
      kind: 'inhibited',
      rule: inhibition.rule,
      by: inhibition.source,
      byLabels: inhibition.sourceLabels,
    }
  );
};

const activeStage: Stage = (_, { route, times, now }) => {
  const names = route.activeTimes;
  if (names.length === 0 || times.holding(names, now).length > 0) return undefined;
  return { kind: 'inactive', intervals: names };
};

const muteStage: Stage = (_, { route, times, now }) => {
  const holding = times.holding(route.muteTimes, now);
  return holding.length > 0 ? { kind: 'muted', intervals: holding } : undefined;
};

const silenceStage: Stage = (labels, { silences, now }) => {
  const silencing = silences.silencing(labels, now);
  return silencing.length > 0 ? { kind: 'silenced', by: silencing.map((silence) => silence.id) } : undefined;
};

/** In the order in which they are asked; the first that mutes an alert decides. */
const stages: readonly Stage[] = [inhibitStage, activeStage, muteStage, silenceStage];

const PASSED: Verdict = { kind: 'passed' };

/** What becomes of each alert of a flush before any integration sees it. */
export function judge(alerts: readonly NotifiedAlert[], context: StageContext): readonly AlertDecision[] {
  return alerts.map(({ fingerprint, status, labels }) => ({
    fingerprint,
    status,
    verdict: verdictOf(labels, context),
  }));
}

function verdictOf(labels: Labels, context: StageContext): Verdict {
  for (const stage of stages) {
    const verdict = stage(labels, context);
    if (verdict) return verdict;
  }
  return PASSED;
}
