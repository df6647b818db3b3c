import { describe, expect, test } from 'vitest';
import type { RuleSample } from '../model/evaluation.ts';
import { formatLabels, labelsFromObject } from '../model/labels.ts';
import {
  type ActiveAlerts,
  type AlertTiming,
  evaluateAlerts,
  markSent,
  needsSending,
} from './alert-state.ts';

const MINUTE = 60_000;

const sample = (labels: Record<string, string>, value = 1, expandedLabels = {}): RuleSample => ({
  labels: labelsFromObject(labels),
  value,
  expandedLabels,
  expandedAnnotations: { summary: `at ${value}` },
});

/** Replays minute by minute: each step says what is there, and the states come out. */
function replay(timing: Partial<AlertTiming>, steps: readonly boolean[]): string[] {
  const active: ActiveAlerts = new Map();
  const full = { forMs: 0, keepFiringForMs: 0, limit: 0, ...timing };
  return steps.map((isThere, i) => {
    evaluateAlerts(active, 'A', full, isThere ? [sample({ job: 'x' }, i)] : [], (i + 1) * MINUTE);
    return [...active.values()].map((alert) => alert.state).join() || 'none';
  });
}

const on = (count: number): boolean[] => Array(count).fill(true);
const off = (count: number): boolean[] => Array(count).fill(false);

test('annotations keep their array for as long as they say the same', () => {
  const active: ActiveAlerts = new Map();
  const timing = { forMs: 0, keepFiringForMs: 0, limit: 0 };
  const annotations = (value: number, at: number) => {
    evaluateAlerts(active, 'A', timing, [sample({ job: 'x' }, value)], at);
    return [...active.values()][0]!.annotations;
  };
  const first = annotations(1, MINUTE);
  expect(annotations(1, 2 * MINUTE)).toBe(first);
  expect(annotations(2, 3 * MINUTE)).toEqual(labelsFromObject({ summary: 'at 2' }));
});

describe('an alert', () => {
  test('without for fires in its first evaluation', () => {
    expect(replay({}, on(1))).toEqual(['firing']);
  });

  test('is pending until the condition has held for `for`', () => {
    expect(replay({ forMs: 2 * MINUTE }, on(4))).toEqual(['pending', 'pending', 'firing', 'firing']);
  });

  test('that was only pending is forgotten, and starts anew', () => {
    const steps = [...on(2), ...off(1), ...on(3)];
    expect(replay({ forMs: 2 * MINUTE }, steps)).toEqual([
      'pending',
      'pending',
      'none',
      'pending',
      'pending',
      'firing',
    ]);
  });

  test('resolves at once when absent, is kept for 15 minutes and then forgotten', () => {
    const states = replay({}, [...on(1), ...off(17)]);
    expect(states.slice(0, 17)).toEqual(['firing', ...Array(16).fill('inactive')]);
    expect(states[17]).toBe('none');
  });

  test('goes on firing for keep_firing_for, counted from the first absence', () => {
    const steps = [...on(1), ...off(2), ...on(1), ...off(4)];
    expect(replay({ keepFiringForMs: 3 * MINUTE }, steps)).toEqual([
      ...['firing', 'firing', 'firing', 'firing'],
      ...['firing', 'firing', 'firing', 'inactive'],
    ]);
  });

  test('that is pending is not kept by keep_firing_for', () => {
    expect(replay({ forMs: MINUTE, keepFiringForMs: 5 * MINUTE }, [true, false])).toEqual([
      'pending',
      'none',
    ]);
  });

  test('goes back to pending when `for` is made longer', () => {
    const active: ActiveAlerts = new Map();
    const timing = { forMs: 0, keepFiringForMs: 0, limit: 0 };
    evaluateAlerts(active, 'A', timing, [sample({})], MINUTE);
    evaluateAlerts(active, 'A', { ...timing, forMs: 5 * MINUTE }, [sample({})], 2 * MINUTE);
    expect([...active.values()][0]).toMatchObject({ state: 'pending', firedAt: 0, activeAt: MINUTE });
  });

  test('takes value and annotations of each evaluation, and loses the metric name', () => {
    const active: ActiveAlerts = new Map();
    const timing = { forMs: 0, keepFiringForMs: 0, limit: 0 };
    for (const value of [1, 2]) {
      evaluateAlerts(active, 'A', timing, [sample({ __name__: 'up', job: 'x' }, value)], value * MINUTE);
    }
    const [alert] = [...active.values()];
    expect(active.size).toBe(1);
    expect(formatLabels(alert!.labels)).toBe('{alertname="A", job="x"}');
    expect(alert).toMatchObject({ value: 2, activeAt: MINUTE, annotations: ['summary', 'at 2'] });
  });

  test("has the rule's labels over those of the element, an empty one removes, and its own name over all", () => {
    const active: ActiveAlerts = new Map();
    const element = sample({ job: 'x', zone: 'a' }, 1, { job: 'y', zone: '', alertname: 'B' });
    evaluateAlerts(active, 'A', { forMs: 0, keepFiringForMs: 0, limit: 0 }, [element], MINUTE);
    expect([...active.values()].map((alert) => formatLabels(alert.labels))).toEqual([
      '{alertname="A", job="y"}',
    ]);
  });
});

test('elements that become the same alert are an error, and change nothing', () => {
  const active: ActiveAlerts = new Map();
  const timing = { forMs: 0, keepFiringForMs: 0, limit: 0 };
  evaluateAlerts(active, 'A', timing, [sample({ job: 'x' })], MINUTE);
  const twice = [sample({ __name__: 'a', job: 'x' }), sample({ __name__: 'b', job: 'x' })];
  expect(() => evaluateAlerts(active, 'A', timing, twice, 2 * MINUTE)).toThrow(
    'vector contains metrics with the same labelset after applying alert labels',
  );
  expect([...active.values()]).toMatchObject([{ state: 'firing', value: 1 }]);
});

test('above the limit there is an error and all alerts are gone', () => {
  const active: ActiveAlerts = new Map();
  const timing = { forMs: 0, keepFiringForMs: 0, limit: 1 };
  evaluateAlerts(active, 'A', timing, [sample({ job: 'x' })], MINUTE);
  const two = [sample({ job: 'x' }), sample({ job: 'y' })];
  expect(() => evaluateAlerts(active, 'A', timing, two, 2 * MINUTE)).toThrow(
    'exceeded limit of 1 with 2 alerts',
  );
  expect(active.size).toBe(0);
});

test('changes of state are told, also that of an alert which is only pending', () => {
  const active: ActiveAlerts = new Map();
  const timing = { forMs: MINUTE, keepFiringForMs: 0, limit: 0 };
  const steps = [[sample({})], [sample({})], [], [sample({})], []];
  const changes = steps.map((samples, i) =>
    evaluateAlerts(active, 'A', timing, samples, (i + 1) * MINUTE).map(({ from, to }) => `${from}→${to}`),
  );
  expect(changes).toEqual([
    ['inactive→pending'],
    ['pending→firing'],
    ['firing→inactive'],
    ['inactive→pending'],
    ['pending→inactive'],
  ]);
});

test('an alert is sent on firing, again after the resend delay, on resolving, and again while it is kept', () => {
  const active: ActiveAlerts = new Map();
  const timing = { forMs: MINUTE, keepFiringForMs: 0, limit: 0 };
  const sent: string[] = [];
  for (let second = 0; second <= 240; second += 30) {
    const timestamp = 1_000_000 + second * 1000;
    evaluateAlerts(active, 'A', timing, second <= 150 ? [sample({})] : [], timestamp);
    for (const alert of active.values()) {
      if (!needsSending(alert, timestamp, MINUTE)) continue;
      markSent(alert, timestamp, MINUTE, 30_000);
      sent.push(`${second}s ${alert.state} until ${(alert.validUntil - 1_000_000) / 1000}s`);
    }
  }
  expect(sent).toEqual(['60s firing until 300s', '150s firing until 390s', '180s inactive until 420s']);
});

describe('a clock that was set back by an hour', () => {
  const timing: AlertTiming = { forMs: 2 * MINUTE, keepFiringForMs: 0, limit: 0 };
  const at = (active: ActiveAlerts, minute: number, isThere: boolean): string => {
    evaluateAlerts(active, 'A', timing, isThere ? [sample({ job: 'x' })] : [], minute * MINUTE);
    const states = [...active.values()].map((alert) => {
      const isDue = needsSending(alert, minute * MINUTE, MINUTE);
      if (isDue) markSent(alert, minute * MINUTE, MINUTE, MINUTE);
      return `${alert.state}${isDue ? ', told' : ''}`;
    });
    return states.join() || 'none';
  };

  test('what became pending before waits no longer than `for`', () => {
    const active: ActiveAlerts = new Map();
    expect(at(active, 70, true)).toBe('pending');
    expect([11, 12, 13].map((minute) => at(active, minute, true))).toEqual([
      'pending',
      'pending',
      'firing, told',
    ]);
  });

  test('what fired before goes on, is told again with an end that is not far ahead, and its end is told', () => {
    const active: ActiveAlerts = new Map();
    expect([70, 71, 72].map((minute) => at(active, minute, true)).at(-1)).toBe('firing, told');
    expect(at(active, 13, true)).toBe('firing, told');
    expect([...active.values()].map(({ validUntil }) => validUntil / MINUTE)).toEqual([17]);
    expect(at(active, 14, false)).toBe('inactive, told');
  });

  test('what was resolved before is told as resolved again', () => {
    const active: ActiveAlerts = new Map();
    for (const minute of [70, 71, 72]) at(active, minute, true);
    expect(at(active, 73, false)).toBe('inactive, told');
    expect(at(active, 14, false)).toBe('inactive, told');
    expect(at(active, 15, true)).toBe('pending');
  });
});
