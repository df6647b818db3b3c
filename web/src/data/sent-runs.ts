import type { SentNotification } from './trace-types.ts';

/** A message, or several in a row that failed in the same way. */
export interface SentRun {
  /** The newest. */
  readonly last: SentNotification;
  readonly count: number;
  /** Unix ms of the oldest. */
  readonly since: number;
  /** Of all of them. */
  readonly attempts: number;
}

/**
 * What is tried again and again while a receiver is away becomes one entry, until something else is sent there.
 * @param sent newest first
 */
export function sentRuns(sent: readonly SentNotification[]): SentRun[] {
  const runs: { -readonly [Key in keyof SentRun]: SentRun[Key] }[] = [];
  const open = new Map<string, (typeof runs)[number]>();
  for (const one of sent) {
    const to = `${one.receiver}\n${one.integration}`;
    const run = open.get(to);
    if (run && failedAlike(run.last, one)) {
      run.count++;
      run.since = one.at;
      run.attempts += one.attempts;
      continue;
    }
    const next = { last: one, count: 1, since: one.at, attempts: one.attempts };
    open.set(to, next);
    runs.push(next);
  }
  return runs;
}

const failedAlike = (a: SentNotification, b: SentNotification): boolean =>
  a.outcome === 'failed' &&
  b.outcome === 'failed' &&
  a.status === b.status &&
  a.reason === b.reason &&
  a.answer === b.answer &&
  a.alerts.length === b.alerts.length &&
  a.alerts.every(({ fingerprint }, i) => fingerprint === b.alerts[i]!.fingerprint);
