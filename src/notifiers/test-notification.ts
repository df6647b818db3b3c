import { fingerprint } from '../model/fingerprint.ts';
import { labelsFromObject } from '../model/labels.ts';
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
