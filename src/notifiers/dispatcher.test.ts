import { expect, test } from 'vitest';
import type { Clock } from '../clock.ts';
import { configFromData } from '../config/config.ts';
import { labelsFromObject } from '../model/labels.ts';
import { Dispatcher } from './dispatcher.ts';
import { buildRoutes } from './routes.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a group that is removed while its tick is due ticks no more', async () => {
  const timers = new Set<() => void>();
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after(_, fire) {
      const timer = (): void => {
        timers.delete(timer);
        fire();
      };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
  };
  const root = buildRoutes(configFromData({ route: { receiver: 'r' }, receivers: [{ name: 'r' }] }).route!);
  const dispatcher = new Dispatcher({
    clock,
    root,
    flush(group) {
      group.alerts.clear();
      return true;
    },
    together: (run) => run(),
  });
  const [maintenance] = timers;
  const alert = {
    labels: labelsFromObject({ alertname: 'a' }),
    annotations: labelsFromObject({}),
    startsAt: 0,
    endsAt: 1,
    updatedAt: 0,
    generatorURL: '',
    fingerprint: 'a',
    timeout: false,
  };
  dispatcher.insert([alert]);
  const timersOfGroups = () => [...timers].filter((timer) => timer !== maintenance);
  timersOfGroups()[0]!();
  await turn();
  // Its next tick and the look for groups without alerts come in the same turn, after a pause of the process for example.
  timersOfGroups()[0]!();
  maintenance!();
  await turn();
  expect(dispatcher.size).toBe(0);
  // The next look alone.
  expect(timers.size).toBe(1);
  dispatcher.stop();
});
