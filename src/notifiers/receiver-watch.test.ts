import { expect, test } from 'vitest';
import { type Bench, bench, hook, route } from './notifier.fixture.ts';

/** Alerts go to `w`; what is said about receivers goes to `ops`. */
const two = () =>
  bench({
    route: route({
      group_by: ['alertname'],
      group_interval: 30_000,
      routes: [{ receiver: 'ops', matchers: 'alertname="BelfryReceiverFailing"' }],
    }),
    receivers: [hook('w'), hook('ops')],
  });

const told = (made: Bench) =>
  made.posts.filter(({ to }) => to === 'ops').map(({ t, alerts }) => [Math.floor(t / 30) * 30, alerts]);
const always = (status: number | 'reset') => Array<typeof status>(10_000).fill(status);
const long = { labels: { alertname: 'A' }, starts: 0, ends: 100_000 };

test.each([
  ['refuses', 400],
  ['cannot be reached', 'reset'],
] as const)(
  'a receiver that %s for two minutes is told of elsewhere, and that it is back',
  async (_, answer) => {
    const made = two();
    made.script.set('w', always(answer));
    await made.post(long);
    await made.at(119);
    expect(told(made)).toEqual([]);
    await made.at(130);
    expect(told(made)).toEqual([[120, ['BelfryReceiverFailing']]]);
    const [alert] = made.posts.find(({ to }) => to === 'ops')!.body.alerts as [
      { labels: object; annotations: { summary: string; description: string } },
    ];
    expect(alert.labels).toEqual({
      alertname: 'BelfryReceiverFailing',
      receiver: 'w',
      integration: 'webhook[0]',
      severity: 'critical',
    });
    expect(alert.annotations.summary).toBe('Notifications do not reach webhook[0] of receiver w');
    expect(alert.annotations.description).toContain(
      answer === 400
        ? 'The last error was: unexpected status code 400'
        : 'The last error was: socket hang up',
    );
    made.script.delete('w');
    await made.at(250);
    expect(told(made).at(-1)![1]).toEqual(['BelfryReceiverFailing resolved']);
    expect(made.notifier.outbox()).toEqual([]);
  },
);

test('it goes on for as long as the receiver fails, beyond its own end and over a crash', async () => {
  const first = two();
  first.script.set('w', always(400));
  await first.post(long);
  await first.at(3600);
  const active = (made: Bench) => [...made.notifier.alerts()].map(({ alert }) => alert.labels[1]);
  expect(active(first)).toEqual(expect.arrayContaining(['A', 'BelfryReceiverFailing']));
  const others = (made: Bench) => [...made.notifier.others()].map(({ labels }) => labels[1]);
  expect(others(first)).toContain('BelfryReceiverFailing');
  const again = first.crash();
  expect(others(again)).toEqual(['BelfryReceiverFailing']);
  again.script.set('w', always(400));
  await again.at(3700);
  expect(active(again)).toContain('BelfryReceiverFailing');
  expect(told(again).map(([, alerts]) => alerts)).toEqual([['BelfryReceiverFailing']]);
  again.script.delete('w');
  await again.at(3800);
  expect(active(again)).not.toContain('BelfryReceiverFailing');
});

test('an outage that ends within two minutes says nothing', async () => {
  const made = two();
  made.script.set('w', [500, 500, 'reset', 400, 400]);
  await made.post(long);
  await made.at(600);
  expect(told(made)).toEqual([]);
  expect(made.seen('w').length).toBe(6);
});

test('messages about failing receivers raise no alert themselves', async () => {
  const made = two();
  made.script.set('w', always(400));
  made.script.set('ops', always(400));
  await made.post(long);
  await made.at(1200);
  const failing = [...made.notifier.alerts()].filter(({ alert }) =>
    alert.labels.includes('BelfryReceiverFailing'),
  );
  expect(failing.map(({ alert }) => alert.labels.includes('w'))).toEqual([true]);
});
