import { labelsKey, quote, withoutLabels } from '../model/labels.ts';
import type { TimeRange } from '../model/time.ts';
import type { RangeEvaluate } from './rehearse.ts';

/** What the history of `ALERTS` says of one alert. Times are Unix ms. */
export interface Bystander {
  readonly labels: ReturnType<typeof withoutLabels>;
  readonly pendingAt: number;
  readonly firingAt: number;
  readonly resolvedAt: number | undefined;
}

const STEP_MS = 60_000;
const STEPS_AT_ONCE = 5000;

/** Alerts of other names that fired in the period, to the minute: they may inhibit or share a group. In order of time. */
export async function bystanders(
  alertname: string,
  range: TimeRange,
  evaluate: RangeEvaluate,
): Promise<Bystander[]> {
  const expr = `ALERTS{alertstate="firing", alertname!=${quote(alertname)}}`;
  const open = new Map<string, { labels: Bystander['labels']; since: number; last: number }>();
  const found: Bystander[] = [];
  for (let start = range.from; start < range.to; start += STEPS_AT_ONCE * STEP_MS) {
    const steps = Math.min(STEPS_AT_ONCE, Math.ceil((range.to - start) / STEP_MS));
    const series = await evaluate({ expr, start, end: start + (steps - 1) * STEP_MS, stepMs: STEP_MS });
    for (const { labels, timestamps } of series) {
      const key = labelsKey(labels);
      for (let i = 0; i < timestamps.length; i++) {
        const at = timestamps[i]!;
        const known = open.get(key);
        if (known && at - known.last <= STEP_MS) {
          known.last = at;
          continue;
        }
        if (known) found.push(closed(known, known.last + STEP_MS));
        open.set(key, { labels: withoutLabels(labels, '__name__', 'alertstate'), since: at, last: at });
      }
    }
  }
  for (const one of open.values()) {
    const end = one.last + STEP_MS;
    found.push(closed(one, end < range.to ? end : undefined));
  }
  return found.sort((a, b) => a.firingAt - b.firingAt);
}

const closed = (
  { labels, since }: { labels: Bystander['labels']; since: number },
  resolvedAt: number | undefined,
): Bystander => ({ labels, pendingAt: since, firingAt: since, resolvedAt });
