import { type Clock, sleep } from '../clock.ts';
import type { Notification } from './notification.ts';

/** Why a try failed; the label of the failure counter, as upstream's. */
export const FAILURE_REASONS = [
  'other',
  'clientError',
  'serverError',
  'contextCanceled',
  'contextDeadlineExceeded',
  'authError',
  'rateLimited',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

/** How one try ended. */
export type Attempt =
  /** `data` is kept in the notification log for later messages of the group. */
  | { readonly kind: 'delivered'; readonly answer: string; readonly data?: Readonly<Record<string, string>> }
  /** Worth another try soon. */
  | { readonly kind: 'retry'; readonly reason: FailureReason; readonly message: string }
  /** Not worth one before something changes; the group's next tick tries again. */
  | { readonly kind: 'rejected'; readonly reason: FailureReason; readonly message: string };

/** One way to reach someone: a webhook, a mail address. */
export interface Integration {
  readonly receiver: string;
  /** `webhook`, `email`, … */
  readonly kind: string;
  /** Place among those of its kind in the receiver. */
  readonly index: number;
  readonly sendResolved: boolean;
  /** Changes when its settings do. */
  readonly version: string;
  /** Sends once. Never throws. Ends soon after `signal` is aborted. */
  attempt(notification: Notification, signal: AbortSignal): Promise<Attempt>;
}

export interface Delivery {
  readonly kind: 'delivered' | 'rejected' | 'timed out' | 'cut off';
  readonly attempts: number;
  readonly durationMs: number;
  /** The receiver's answer or the last error. */
  readonly answer: string;
  readonly reason: FailureReason;
  readonly data: Readonly<Record<string, string>> | undefined;
}

export interface DeliveryOptions {
  readonly clock: Clock;
  /** How long tries go on, ms. */
  readonly limitMs: number;
  /** Cuts off the try under way; the message stays in the outbox. */
  readonly signal: AbortSignal;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Hears of each try that failed and will be repeated. */
  readonly onRetry?: (attempts: number, message: string) => void;
}

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 60_000;
const GROWTH = 1.5;
const SPREAD = 0.5;

/** Shortest time that tries go on, ms, however short the group's interval is. */
const MIN_LIMIT_MS = 10_000;

export function deliveryLimit(groupIntervalMs: number): number {
  return Math.max(groupIntervalMs, MIN_LIMIT_MS);
}

/** Waits grow by half each time, up to a minute, and are spread by half either way. @param failures at least 1 */
function retryWait(failures: number, random: number): number {
  const wait = Math.min(FIRST_WAIT_MS * GROWTH ** (failures - 1), MAX_WAIT_MS);
  return wait * (1 - SPREAD + 2 * SPREAD * random);
}

/** Tries until the message is delivered, refused for good, out of time or cut off. */
export async function deliver(
  integration: Pick<Integration, 'attempt'>,
  notification: Notification,
  options: DeliveryOptions,
): Promise<Delivery> {
  const { clock } = options;
  const began = clock.monotonic();
  const timeUp = new AbortController();
  const timer = clock.after(options.limitMs, () => timeUp.abort());
  const signal = AbortSignal.any([options.signal, timeUp.signal]);
  let attempts = 0;
  let failure: { reason: FailureReason; message: string } | undefined;
  const end = (kind: Delivery['kind'], answer: string, reason: FailureReason): Delivery => ({
    kind,
    attempts,
    durationMs: Math.round(clock.monotonic() - began),
    answer,
    reason,
    data: undefined,
  });
  try {
    for (;;) {
      attempts++;
      const attempt = await integration.attempt(notification, signal);
      if (attempt.kind === 'delivered') {
        return { ...end('delivered', attempt.answer, 'other'), data: attempt.data };
      }
      if (attempt.kind === 'rejected' && !signal.aborted) {
        return end('rejected', attempt.message, attempt.reason);
      }
      if (!signal.aborted || !failure) failure = attempt;
      if (!signal.aborted) {
        options.onRetry?.(attempts, attempt.message);
        await sleep(clock, retryWait(attempts, options.random()), signal).catch(() => undefined);
      }
      if (options.signal.aborted) return end('cut off', failure.message, 'contextCanceled');
      if (signal.aborted) return end('timed out', failure.message, failure.reason);
    }
  } finally {
    timer.cancel();
  }
}
