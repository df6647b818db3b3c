import { fingerprint } from '../model/fingerprint.ts';
import { compareLabels, type Labels, labelsKey, labelValue } from '../model/labels.ts';
import type { TimeRange } from '../model/time.ts';
import type { AlertTransition } from './alert-state.ts';
import type { PresentAlert } from './views.ts';

/** One time that an alert was pending or fired. Times are Unix ms. */
export interface AlertEpisode {
  /** Undefined when it was so already before what is known begins. */
  readonly pendingAt: number | undefined;
  /** Undefined when it did not come to fire, or fired before what is known begins (`isFiringBefore`). */
  readonly firingAt: number | undefined;
  readonly isFiringBefore: boolean;
  /** Undefined when it goes on. */
  readonly endedAt: number | undefined;
  /** When it began to fire, or else when it ended or became pending; NaN where that was the value, or none is known. */
  readonly value: number;
}

/** The episodes of one alert within a period, oldest first. */
export interface AlertPast {
  readonly labels: Labels;
  readonly fingerprint: string;
  readonly episodes: readonly AlertEpisode[];
}

/**
 * What alerts did in a period.
 * @param transitions those with a time in the period, in any order
 * @param active the alerts that are pending or firing now: those that did nothing in the period were so all along
 */
export function alertHistory(
  transitions: readonly AlertTransition[],
  active: readonly Pick<PresentAlert, 'labels' | 'state' | 'activeAt' | 'value'>[],
  range: TimeRange,
  alertname?: string,
): AlertPast[] {
  const isWanted = (labels: Labels): boolean =>
    alertname === undefined || labelValue(labels, 'alertname') === alertname;
  const byAlert = new Map<string, { labels: Labels; episodes: Open[] }>();
  const sorted = [...transitions].sort((a, b) => a.at - b.at);
  for (const transition of sorted) {
    if (!isWanted(transition.labels)) continue;
    const key = labelsKey(transition.labels);
    const past = byAlert.get(key) ?? { labels: transition.labels, episodes: [] };
    byAlert.set(key, past);
    follow(past.episodes, transition);
  }
  for (const alert of active) {
    const { labels, activeAt: since } = alert;
    const key = labelsKey(labels);
    if (byAlert.has(key) || !isWanted(labels) || since >= range.to) continue;
    const isFiring = alert.state === 'firing';
    const whole: Open = {
      pendingAt: since,
      firingAt: undefined,
      isFiringBefore: isFiring,
      endedAt: undefined,
      value: alert.value,
    };
    byAlert.set(key, { labels, episodes: [whole] });
  }
  return [...byAlert.values()]
    .sort((a, b) => compareLabels(a.labels, b.labels))
    .map(({ labels, episodes }) => ({ labels, fingerprint: fingerprint(labels), episodes }));
}

type Open = { -readonly [Key in keyof AlertEpisode]: AlertEpisode[Key] };

/** Takes a transition into the episodes of its alert. */
function follow(episodes: Open[], { from, to, at, value }: AlertTransition): void {
  const last = episodes.at(-1);
  let open = last && last.endedAt === undefined ? last : undefined;
  if (from === 'inactive' || !open) {
    // A period may begin in the middle of an episode, and state that was lost has no end.
    open = {
      pendingAt: from === 'inactive' ? at : undefined,
      firingAt: undefined,
      isFiringBefore: from === 'firing',
      endedAt: undefined,
      value,
    };
    episodes.push(open);
  }
  if (to === 'firing') {
    open.firingAt = at;
    open.value = value;
  } else if (to === 'inactive') {
    open.endedAt = at;
  }
}
