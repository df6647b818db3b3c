import { labelsKey } from '../model/labels.ts';
import type { Rehearsal } from './rehearse.ts';
import type { RehearsedRouting } from './routing.ts';

/** What a person wants to know first. */
export interface RehearsalSummary {
  readonly firings: number;
  /** Distinct label sets that fired. */
  readonly alerts: number;
  readonly pendingOnly: number;
  readonly longestMs: number;
  readonly totalMs: number;
  /** Share of the firings that began between 22:00 and 06:00 by the clock of `timeZone`; 0 without firings. */
  readonly nightShare: number;
  /** Firings that began within ten minutes after the same alert had ended. */
  readonly flaps: number;
}

const FLAP_MS = 10 * 60_000;

/** @param now end of the period, Unix ms: what fires still is counted up to it */
export function summarize(rehearsal: Rehearsal, now: number, timeZone = 'UTC'): RehearsalSummary {
  const { firings, pendingOnly } = rehearsal;
  const isNight = nightOf(timeZone);
  const endedAt = new Map<string, number>();
  let longestMs = 0;
  let totalMs = 0;
  let nights = 0;
  let flaps = 0;
  for (const { labels, firingAt, resolvedAt = now } of firings) {
    const key = labelsKey(labels);
    const lastedMs = resolvedAt - firingAt;
    longestMs = Math.max(longestMs, lastedMs);
    totalMs += lastedMs;
    if (isNight(firingAt)) nights++;
    const before = endedAt.get(key);
    if (before !== undefined && firingAt - before <= FLAP_MS) flaps++;
    endedAt.set(key, resolvedAt);
  }
  return {
    firings: firings.length,
    alerts: endedAt.size,
    pendingOnly,
    longestMs,
    totalMs,
    nightShare: firings.length === 0 ? 0 : nights / firings.length,
    flaps,
  };
}

/** Who would have been told how often. */
export interface RoutingSummary {
  readonly notifications: number;
  readonly receivers: readonly ReceiverSummary[];
  readonly untold: RehearsedRouting['untold'];
}

export interface ReceiverSummary {
  readonly receiver: string;
  readonly integration: string;
  readonly index: number;
  readonly notifications: number;
  /** Of them those that tell of something that fires, and are not repeats. */
  readonly firing: number;
  readonly repeats: number;
  /** Those that only tell that all is over. */
  readonly resolved: number;
  /** Share of the notifications that leave between 22:00 and 06:00. */
  readonly nightShare: number;
}

export function summarizeRouting(routing: RehearsedRouting, timeZone = 'UTC'): RoutingSummary {
  const isNight = nightOf(timeZone);
  const byWay = new Map<string, Omit<ReceiverSummary, 'nightShare'> & { nights: number }>();
  for (const { at, receiver, integration, index, reason } of routing.notifications) {
    const key = JSON.stringify([receiver, integration, index]);
    const known = byWay.get(key) ?? {
      receiver,
      integration,
      index,
      notifications: 0,
      firing: 0,
      repeats: 0,
      resolved: 0,
      nights: 0,
    };
    const kind =
      reason === 'repeat interval elapsed'
        ? 'repeats'
        : reason === 'all alerts resolved'
          ? 'resolved'
          : 'firing';
    byWay.set(key, {
      ...known,
      notifications: known.notifications + 1,
      [kind]: known[kind] + 1,
      nights: known.nights + (isNight(at) ? 1 : 0),
    });
  }
  return {
    notifications: routing.notifications.length,
    receivers: [...byWay.values()].map(({ nights, ...way }) => ({
      ...way,
      nightShare: nights / way.notifications,
    })),
    untold: routing.untold,
  };
}

/** Whether a time lies between 22:00 and 06:00. */
function nightOf(timeZone: string): (at: number) => boolean {
  const hour = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' });
  return (at) => {
    const now = Number(hour.format(at));
    return now >= 22 || now < 6;
  };
}
