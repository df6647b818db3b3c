import type { Rehearsal } from './rehearse.ts';

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
  const hour = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' });
  const endedAt = new Map<string, number>();
  let longestMs = 0;
  let totalMs = 0;
  let nights = 0;
  let flaps = 0;
  for (const { labels, firingAt, resolvedAt = now } of firings) {
    const key = labels.join('\0');
    const lastedMs = resolvedAt - firingAt;
    longestMs = Math.max(longestMs, lastedMs);
    totalMs += lastedMs;
    const at = Number(hour.format(firingAt));
    if (at >= 22 || at < 6) nights++;
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
