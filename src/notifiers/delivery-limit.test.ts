import { expect, test } from 'vitest';
import { bench, hook, route } from './notifier.fixture.ts';

/** Upstream's: a flush has max(group_interval, 10 s) for all of its tries; what it did not deliver is not in the log. */
const config = (groupIntervalMs: number) => ({
  route: route({ group_interval: groupIntervalMs }),
  receivers: [hook('w')],
});

test('a message whose time is up counts as not told: the next look at the group says it again, as the first time', async () => {
  const { post, at, script, seen, posts, notifier } = bench(config(15_000));
  const outcomes = () =>
    notifier.notifications().map(({ outcome, attempts, answer }) => [outcome, attempts, answer]);
  script.set('w', [500, 'hang', 'hang', 200]);
  await post({ labels: { alertname: 'A' }, ends: 600 });
  // The try that hangs is cut at 16 s, and what an earlier one was answered is told.
  await at(15.9);
  expect([seen('w').map(([t]) => t), outcomes()]).toEqual([[1, 1.5], []]);
  await at(30.9);
  expect(seen('w').map(([t]) => t)).toEqual([1, 1.5, 16]);
  expect(outcomes()).toEqual([['failed', 2, 'unexpected status code 500']]);
  await at(31);
  expect(seen('w').map(([t]) => t)).toEqual([1, 1.5, 16, 31]);
  expect(posts.map(({ reason }) => reason)).toEqual(Array(4).fill('first notification'));
  expect(outcomes().map(([outcome]) => outcome)).toEqual(['delivered', 'failed', 'failed']);
  await at(120);
  expect(seen('w')).toHaveLength(4);
});

test('tries go on for ten seconds at least, however short the interval of the group', async () => {
  const { post, at, script, seen } = bench(config(2000));
  script.set('w', ['hang']);
  await post({ labels: { alertname: 'A' }, ends: 600 });
  await at(10.9);
  expect(seen('w').map(([t]) => t)).toEqual([1]);
  await at(11);
  expect(seen('w').map(([t]) => t)).toEqual([1, 11]);
});

test('what resolves before anyone could be told that it fired is not told of', async () => {
  const { post, at, script, seen, notifier } = bench(config(15_000));
  script.set('w', ['hang', 'hang']);
  await post({ labels: { alertname: 'A' }, starts: 0, ends: 600 });
  await at(20);
  await post({ labels: { alertname: 'A' }, starts: 0, ends: 20 });
  await at(120);
  expect(seen('w').map(([t]) => t)).toEqual([1, 16]);
  expect(notifier.outbox()).toEqual([]);
});

test('a resolved message whose time is up is told again: the log still says that it fires', async () => {
  const { post, at, script, seen } = bench(config(15_000));
  script.set('w', [200, 'hang', 200]);
  await post({ labels: { alertname: 'A' }, starts: 0, ends: 10 });
  await at(120);
  expect(seen('w')).toEqual([
    [1, ['A']],
    [16, ['A resolved']],
    [31, ['A resolved']],
  ]);
});
