import { test } from 'vitest';
import { type AlertInput, type Bench, bench, hook, matchers, route } from './notifier.fixture.ts';

/** Ten thousand active alerts in a thousand groups, fifty silences and an inhibit rule: the storm that must not be felt. */
const ALERTS: readonly AlertInput[] = Array.from({ length: 10_000 }, (_, i) => ({
  labels: {
    alertname: `Alert${i % 1000}`,
    instance: `host-${i}.example.org:9100`,
    job: 'node',
    severity: i % 2 === 0 ? 'warning' : 'critical',
    cluster: 'eu-west-1',
  },
  annotations: { summary: `something is wrong with host ${i}`, description: 'x'.repeat(200) },
  starts: 0,
  ends: 1_000_000,
}));

async function storm(): Promise<Bench> {
  const made = bench({
    route: route({ group_by: ['alertname'], group_interval: 5000 }),
    receivers: [hook('w')],
    inhibit_rules: [
      {
        source_matchers: matchers('severity="none"'),
        target_matchers: matchers('severity="warning"'),
        equal: ['cluster'],
      },
    ],
  });
  for (let i = 0; i < 50; i++) {
    await made.notifier.setSilence({
      id: '',
      matcherSets: [matchers(`instance=~"other-${i}.*",job="x"`)],
      startsAt: 0,
      endsAt: made.clock.now() + 1e9,
      createdBy: 'me',
      comment: 'c',
      annotations: {},
    });
  }
  await made.post(...ALERTS);
  await made.at(2);
  return made;
}

test('ten thousand alerts in a thousand groups', async ({ bench: measure }) => {
  const made = await storm();
  let seconds = 2;
  await measure('posted again', async () => {
    await made.post(...ALERTS);
  }).run();
  await measure('a quiet look at all groups', async () => {
    seconds += 5;
    await made.at(seconds);
  }).run();
  await measure('all alerts with their states', () => void [...made.notifier.alerts()]).run();
  await measure('all groups', () => void [...made.notifier.groups()]).run();
});
