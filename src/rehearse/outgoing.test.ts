import { expect, test } from 'vitest';
import { formatLabels, labelsFromObject, withLabels } from '../model/labels.ts';
import { ruleGroup } from '../testing/rules.ts';
import { bystanders } from './bystanders.ts';
import { routedAlerts } from './outgoing.ts';

const MINUTE = 60_000;
const labels = labelsFromObject({ alertname: 'A', room: 'a' });
const settings = {
  group: ruleGroup([], { interval: '30s' }),
  externalLabels: { site: 'x', room: 'ignored' },
};

test('alerts leave with external labels, relabelled, and are told again once they are over', () => {
  const firings = [
    { labels, pendingAt: 0, firingAt: MINUTE, resolvedAt: 10 * MINUTE },
    { labels, pendingAt: 14 * MINUTE, firingAt: 14 * MINUTE, resolvedAt: undefined },
  ];
  const routed = routedAlerts(firings, settings, (given) => withLabels(given, { room: '' }));
  expect(routed.map((alert) => ({ ...alert, labels: formatLabels(alert.labels) }))).toEqual([
    {
      labels: '{alertname="A", site="x"}',
      startsAt: MINUTE,
      endsAt: 10 * MINUTE,
      resolvedAgainAt: [11.5 * MINUTE, 13 * MINUTE],
    },
    { labels: '{alertname="A", site="x"}', startsAt: 14 * MINUTE, endsAt: undefined, resolvedAgainAt: [] },
  ]);
});

test('what relabelling drops leaves no alert', () => {
  const firings = [{ labels, pendingAt: 0, firingAt: 0, resolvedAt: undefined }];
  expect(routedAlerts(firings, settings, () => undefined)).toEqual([]);
});

test('alerts of other rules come from the history of ALERTS, joined over its pieces', async () => {
  const asked: string[] = [];
  const hours = 24 * 7;
  const fires = (at: number): boolean => at < 90 * 60 * MINUTE || at >= (hours * 60 - 3) * MINUTE;
  const found = await bystanders('Mine "x"', { from: 0, to: hours * 60 * MINUTE }, async (range) => {
    asked.push(range.expr);
    const timestamps: number[] = [];
    for (let at = range.start; at <= range.end; at += range.stepMs) if (fires(at)) timestamps.push(at);
    const series = labelsFromObject({ __name__: 'ALERTS', alertstate: 'firing', alertname: 'B' });
    return [{ labels: series, timestamps, values: timestamps.map(() => 1) }];
  });
  expect(asked).toEqual(Array(3).fill('ALERTS{alertstate="firing", alertname!="Mine \\"x\\""}'));
  expect(found.map((one) => [formatLabels(one.labels), one.firingAt / MINUTE, one.resolvedAt])).toEqual([
    ['{alertname="B"}', 0, 90 * 60 * MINUTE],
    ['{alertname="B"}', hours * 60 - 3, undefined],
  ]);
});
