import type { Clock } from '../clock.ts';
import { fingerprint } from '../model/fingerprint.ts';
import { labelsFromObject } from '../model/labels.ts';
import type { Integration } from './delivery.ts';
import { describeNotification, type History } from './history.ts';
import type { Notification } from './notification.ts';

/** A message that proves that a receiver can be reached, and says that it is nothing else. */
export function testNotification(
  receiver: string,
  status: 'firing' | 'resolved',
  at: number,
  externalURL: string,
): Notification {
  const labels = labelsFromObject({ alertname: 'BelfryTest', severity: 'none', test: 'true' });
  const groupLabels = labelsFromObject({ alertname: 'BelfryTest' });
  return {
    receiver,
    groupKey: `{}/{test="true"}:{alertname="BelfryTest", receiver=${JSON.stringify(receiver)}}`,
    groupLabels,
    routeLabels: {},
    reason: status === 'firing' ? 'first notification' : 'all alerts resolved',
    alerts: [
      {
        fingerprint: fingerprint(labels),
        status,
        labels,
        annotations: labelsFromObject({
          summary: `Test of receiver ${receiver}`,
          description: 'Sent by a person to prove that this receiver can be reached. Nothing is wrong.',
        }),
        startsAt: at - 60_000,
        endsAt: status === 'firing' ? 0 : at,
        generatorURL: externalURL,
        updatedAt: at,
      },
    ],
    data: {},
    externalURL,
    at,
  };
}

/** How a test message fared at one integration. */
export interface TestOutcome {
  readonly integration: string;
  readonly index: number;
  readonly outcome: 'delivered' | 'failed';
  /** The receiver's answer or the error. */
  readonly answer: string;
  readonly durationMs: number;
}

/** Longest that a test message may take. */
const LIMIT_MS = 10_000;

/** Sends a test once to each integration of a receiver, and puts it into the history. */
export function sendTest(
  ways: readonly Integration[],
  notification: Notification,
  { clock, history }: { readonly clock: Clock; readonly history: History },
): Promise<readonly TestOutcome[]> {
  return Promise.all(
    ways.map(async (way): Promise<TestOutcome> => {
      const began = clock.monotonic();
      const limit = new AbortController();
      const timer = clock.after(LIMIT_MS, () => limit.abort());
      const attempt = await way.attempt(notification, limit.signal);
      timer.cancel();
      const isDelivered = attempt.kind === 'delivered';
      const ended: TestOutcome = {
        integration: way.kind,
        index: way.index,
        outcome: isDelivered ? 'delivered' : 'failed',
        answer: isDelivered ? attempt.answer : attempt.message,
        durationMs: Math.round(clock.monotonic() - began),
      };
      const described = { ...describeNotification(notification), reason: 'test' };
      history.add({ ...described, ...ended, at: clock.now(), attempts: 1 });
      return ended;
    }),
  );
}
