import { expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { countTurns } from '../testing/count-turns.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { alertHistoryRoutes } from './alert-history.ts';

const NOW = Date.UTC(2026, 0, 8);
const HOUR = 3_600_000;

function served() {
  const asked: number[][] = [];
  const labels = labelsFromObject({ alertname: 'Hot', room: 'a' });
  const app = alertHistoryRoutes({
    clock: fakeClock(NOW),
    rules: {
      *history(...args) {
        asked.push(args as number[]);
        yield [{ rule: 'r', labels, from: 'firing', to: 'inactive', at: NOW - HOUR, value: 31 }];
        yield [{ rule: 'r', labels, from: 'inactive', to: 'firing', at: NOW - 2 * HOUR, value: 33 }];
      },
      alerts: () => [],
    },
  });
  return { ask: (query: string) => app.request(`/alerts/history${query}`), asked };
}

test('the last week unless told otherwise', async () => {
  const { ask, asked } = served();
  expect(await (await ask('?alertname=Hot')).json()).toEqual({
    from: '2026-01-01T00:00:00.000Z',
    to: '2026-01-08T00:00:00.000Z',
    truncated: false,
    alerts: [
      {
        labels: { alertname: 'Hot', room: 'a' },
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        episodes: [
          {
            isFiringBefore: false,
            value: 33,
            pendingAt: '2026-01-07T22:00:00.000Z',
            firingAt: '2026-01-07T22:00:00.000Z',
            endedAt: '2026-01-07T23:00:00.000Z',
          },
        ],
      },
    ],
  });
  expect(asked).toEqual([[NOW - 168 * HOUR, NOW, 20_000]]);
});

test('times in both forms, and another name', async () => {
  const { ask, asked } = served();
  const response = await ask('?from=1767225600&to=2026-01-02T00:00:00Z&alertname=Cold');
  expect(await response.json()).toMatchObject({ alerts: [] });
  expect(asked[0]!.slice(0, 2)).toEqual([Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2)]);
});

test.each(['?from=soon', '?to=x', '?from=5&to=4', '?from=1e99'])('%s is refused', async (query) => {
  expect((await served().ask(query)).status).toBe(400);
});

test('others have their turn while much is read and written', async () => {
  const LISTS = 40;
  const clock = fakeClock(NOW);
  using turns = countTurns();
  let looks = 0;
  const turnsAt: number[] = [];
  const app = alertHistoryRoutes({
    // Every look at the clock finds that a slice is over.
    clock: { now: () => clock.now(), monotonic: () => 1000 * looks++ },
    rules: {
      *history() {
        for (let list = 0; list < LISTS; list++) {
          turnsAt.push(turns.count);
          yield Array.from({ length: 4 }, (_, i) => ({
            rule: 'r',
            labels: labelsFromObject({ alertname: `A${String(list).padStart(3, '0')}`, i: String(i) }),
            from: 'inactive' as const,
            to: 'firing' as const,
            at: NOW - HOUR - list,
            value: 1,
          }));
        }
      },
      alerts: () => [],
    },
  });
  const response = await app.request('/alerts/history');
  const read = turns.count;
  const { alerts } = (await response.json()) as { alerts: { labels: { alertname: string; i: string } }[] };
  expect(alerts.map(({ labels }) => `${labels.alertname}/${labels.i}`)).toEqual(
    alerts.map(({ labels }) => `${labels.alertname}/${labels.i}`).sort(),
  );
  expect(alerts).toHaveLength(4 * LISTS);
  expect(new Set(turnsAt).size).toBe(LISTS);
  // Taking the lists needs as many turns again, and writing some more.
  expect(read).toBeGreaterThan(2 * LISTS);
});
