import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AlertingRuleConfig } from '../config/rules.ts';
import { formatLabels, labelsFromObject, labelsToObject } from '../model/labels.ts';
import { type ActiveAlerts, evaluateAlerts } from '../rules/alert-state.ts';
import { evaluationTime } from '../rules/group.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { type Element, type RuleText, ruleGroup, ruleManager, scriptedEvaluator } from '../testing/rules.ts';
import { rangeOf } from './range.fixture.ts';
import { type Rehearsal, rehearse, rehearseVariants } from './rehearse.ts';
import { summarize } from './summary.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;

function replay(
  text: RuleText,
  instant: (timestamp: number) => readonly Element[],
  own: { minutes?: number; limit?: number; interval?: string; query_offset?: string } = {},
): Promise<Rehearsal> {
  const group = ruleGroup([text], { interval: '1m', ...own });
  return rehearse({
    group,
    rule: group.rules[0] as AlertingRuleConfig,
    range: { from: START, to: START + (own.minutes ?? 60) * MINUTE },
    evaluate: rangeOf(instant),
    externalLabels: {},
    externalUrl: 'http://belfry.example',
  });
}

/** Minutes after the first evaluation of the period. */
const minutes = (at: number | undefined): number | undefined => {
  if (at === undefined) return undefined;
  const group = ruleGroup([], { interval: '1m' });
  return (at - evaluationTime(group, START - 1) - MINUTE) / MINUTE;
};

/** True from minute `from` up to, not with, `to`. */
const between =
  (...spans: readonly (readonly [from: number, to: number])[]) =>
  (at: number): readonly Element[] => {
    const minute = minutes(at)!;
    const span = spans.find(([from, to]) => minute >= from && minute < to);
    return span ? [{ labels: { job: 'a' }, value: minute }] : [];
  };

describe('a rehearsal', () => {
  test('tells when the alert was pending, fired and was over, and how high the value went', async () => {
    const { firings, evaluations, pendingOnly } = await replay(
      {
        alert: 'A',
        expr: 'x',
        for: '5m',
        labels: { severity: 'page' },
        annotations: { s: 'at {{ $value }}' },
      },
      between([3, 5], [10, 20]),
    );
    expect(evaluations).toBe(65);
    expect(pendingOnly).toBe(1);
    expect(
      firings.map((firing) => ({
        ...labelsToObject(firing.labels),
        ...labelsToObject(firing.annotations),
        times: [firing.pendingAt, firing.firingAt, firing.resolvedAt].map(minutes),
        values: [firing.lowest, firing.peak],
      })),
    ).toEqual([
      { alertname: 'A', job: 'a', severity: 'page', s: 'at 15', times: [10, 15, 20], values: [10, 19] },
    ]);
  });

  test('finds firing what was due before the period began', async () => {
    const { firings } = await replay({ alert: 'A', expr: 'x', for: '10m' }, between([-60, 2]));
    expect(firings.map((firing) => [firing.firingAt, firing.resolvedAt].map(minutes))).toEqual([[0, 2]]);
  });

  test('leaves out what was over before the period, and the end of what goes on', async () => {
    const { firings } = await replay({ alert: 'A', expr: 'x', for: '10m', keep_firing_for: '1m' }, (at) => {
      const minute = minutes(at)!;
      return minute < -10 || minute >= 40 ? [{ labels: {}, value: 1 }] : [];
    });
    expect(firings.map((firing) => [firing.firingAt, firing.resolvedAt].map(minutes))).toEqual([
      [50, undefined],
    ]);
  });

  test('evaluates in the past by query_offset', async () => {
    const { firings } = await replay({ alert: 'A', expr: 'x' }, between([10, 12]), { query_offset: '3m' });
    expect(firings.map((firing) => [firing.firingAt, firing.resolvedAt].map(minutes))).toEqual([[13, 15]]);
  });

  test('makes a new alert of each value that is part of a label', async () => {
    const { firings } = await replay(
      { alert: 'A', expr: 'x', labels: { v: '{{ $value }}' } },
      between([1, 4]),
    );
    expect(firings.map((firing) => formatLabels(firing.labels))).toEqual([
      '{alertname="A", job="a", v="1"}',
      '{alertname="A", job="a", v="2"}',
      '{alertname="A", job="a", v="3"}',
    ]);
  });

  test('says how many evaluations would have failed, and why', async () => {
    const twice = [
      { labels: { __name__: 'a' }, value: 1 },
      { labels: { __name__: 'b' }, value: 1 },
    ];
    const { errors, firings } = await replay(
      { alert: 'A', expr: 'x' },
      (at) => (minutes(at)! < 3 ? [] : twice),
      { minutes: 5 },
    );
    expect(errors.map(({ message, at, count }) => [message, minutes(at), count])).toEqual([
      ['vector contains metrics with the same labelset after applying alert labels', 3, 2],
    ]);
    expect(firings).toEqual([]);
  });

  test('ends what fires where the limit takes the alerts away', async () => {
    const grow = (at: number): Element[] =>
      Array.from({ length: minutes(at)! >= 5 ? 3 : 1 }, (_, i) => ({ labels: { i: String(i) }, value: 1 }));
    const { errors, firings } = await replay({ alert: 'A', expr: 'x' }, grow, { limit: 2, minutes: 7 });
    expect(firings.map((firing) => [firing.firingAt, firing.resolvedAt].map(minutes))).toEqual([[0, 5]]);
    expect(errors).toMatchObject([{ message: 'exceeded limit of 2 with 3 alerts', count: 2 }]);
  });

  test('of a long period asks for it in pieces that no query refuses', async () => {
    const asked: number[] = [];
    const group = ruleGroup([{ alert: 'A', expr: 'x' }]);
    const { evaluations } = await rehearse({
      group,
      rule: group.rules[0] as AlertingRuleConfig,
      range: { from: START, to: START + 30 * 86_400_000 },
      evaluate: async ({ start, end, stepMs }) => {
        asked.push((end - start) / stepMs + 1);
        return [];
      },
      externalLabels: {},
      externalUrl: '',
    });
    expect(evaluations).toBe(172_800);
    expect(Math.max(...asked)).toBeLessThanOrEqual(11_000);
    expect(asked.reduce((a, b) => a + b)).toBe(172_800);
  });
});

test('it agrees with what really happens', async () => {
  const text: RuleText = {
    alert: 'A',
    expr: 'x',
    for: '2m',
    keep_firing_for: '1m',
    annotations: { summary: '{{ $labels.job }} {{ $value | humanize }}' },
  };
  const instant = (at: number): Element[] =>
    ['a', 'b', 'c'].flatMap((job, i) => {
      const minute = Math.floor((at - START) / MINUTE) + i * 3;
      return (minute * 2654435761) % 97 < 55 || minute % 11 < 5 ? [{ labels: { job }, value: minute }] : [];
    });
  const group = ruleGroup([text], { interval: '30s' });
  const to = START + 120 * MINUTE;
  const clock = fakeClock(START);
  const evaluator = scriptedEvaluator();
  evaluator.set('x', instant);
  const manager = ruleManager({ clock, evaluator });
  manager.apply([group]);
  await clock.advance(to - START - 1);
  await manager.stop();
  const lived = [...manager.history(START, to, 10_000)]
    .flat()
    .filter(({ to: state, from }) => state === 'firing' || from === 'firing')
    .map(({ labels, at, to: state }) => `${at} ${formatLabels(labels)} ${state}`);

  const { firings } = await rehearse({
    group,
    rule: group.rules[0] as AlertingRuleConfig,
    range: { from: START, to },
    evaluate: rangeOf((at) => (at < START ? [] : instant(at))),
    externalLabels: {},
    externalUrl: '',
  });
  const rehearsed = firings.flatMap(({ labels, firingAt, resolvedAt }) => [
    `${firingAt} ${formatLabels(labels)} firing`,
    ...(resolvedAt === undefined ? [] : [`${resolvedAt} ${formatLabels(labels)} inactive`]),
  ]);
  expect(lived.length).toBeGreaterThan(10);
  expect(rehearsed.sort()).toEqual(lived.sort());
});

test('the summary counts flaps, nights and the longest', async () => {
  const rehearsal = await replay({ alert: 'A', expr: 'x' }, between([0, 3], [8, 10], [30, 45]));
  expect(summarize(rehearsal, START + 60 * MINUTE)).toEqual({
    firings: 3,
    alerts: 1,
    pendingOnly: 0,
    longestMs: 15 * MINUTE,
    totalMs: 20 * MINUTE,
    nightShare: 1,
    flaps: 1,
  });
  expect(summarize(rehearsal, START + 60 * MINUTE, 'Asia/Tokyo').nightShare).toBe(0);
});

interface Told {
  readonly job: string;
  readonly from: number;
  readonly to: number | undefined;
  readonly peak: number;
  readonly lowest: number;
}

/** What each evaluation, made in full, comes to. */
function fullEvaluations(
  { forMs, keepFiringForMs }: { forMs: number; keepFiringForMs: number },
  steps: readonly number[],
  instant: (timestamp: number) => readonly Element[],
): { firings: Told[]; pendingOnly: number } {
  const active: ActiveAlerts = new Map();
  const open = new Map<string, { from: number | undefined; peak: number; lowest: number }>();
  const firings: Told[] = [];
  let pendingOnly = 0;
  const close = (key: string, to: number | undefined): void => {
    const { from, peak, lowest } = open.get(key)!;
    open.delete(key);
    if (from === undefined) pendingOnly++;
    else firings.push({ job: key, from, to, peak, lowest });
  };
  for (const at of steps) {
    const samples = instant(at).map(({ labels, value }) => ({ labels: labelsFromObject(labels), value }));
    const timing = { forMs, keepFiringForMs, limit: 0 };
    for (const { labels, from, to } of evaluateAlerts(active, 'A', timing, samples, at)) {
      const { job } = labelsToObject(labels) as { job: string };
      if (to === 'inactive') close(job, at);
      else if (from === 'inactive') open.set(job, { from: undefined, peak: -1, lowest: 1e9 });
      if (to === 'firing') open.get(job)!.from = at;
    }
    for (const { labels, value } of instant(at)) {
      const course = open.get(labels.job!)!;
      course.peak = Math.max(course.peak, value);
      course.lowest = Math.min(course.lowest, value);
    }
  }
  for (const key of [...open.keys()]) close(key, undefined);
  return { firings, pendingOnly };
}

const inOrder = (all: readonly Told[]): readonly Told[] =>
  [...all].sort((a, b) => a.from - b.from || a.job.localeCompare(b.job));

test('looking only at what comes, goes or is due tells what evaluating all in full tells', async () => {
  const STEPS = 5200;
  const spans = fc.array(
    fc.record({
      job: fc.constantFrom('a', 'b', 'c'),
      // Around the place where the next part of the history is asked for, too.
      from: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 4980, max: 5020 })),
      length: fc.integer({ min: 1, max: 40 }),
    }),
    { maxLength: 12 },
  );
  const times = fc.constantFrom(0, 1, 3, 10);
  await fc.assert(
    fc.asyncProperty(spans, times, times, fc.constantFrom(undefined, 40), async (all, forM, keepM, above) => {
      const variant = { forMs: forM * MINUTE, keepFiringForMs: keepM * MINUTE };
      const group = ruleGroup([{ alert: 'A', expr: 'x > 0' }], { interval: '1m' });
      const first = evaluationTime(group, START - 1) + MINUTE;
      const at = Array.from({ length: STEPS }, (_, i) => first + i * MINUTE);
      const values = new Map<number, Element[]>();
      for (const { job, from, length } of all) {
        for (let i = from; i < from + length; i++) {
          const known = values.get(at[i]!) ?? [];
          values.set(at[i]!, known);
          if (!known.some(({ labels }) => labels.job === job))
            known.push({ labels: { job }, value: (i * 31 + job.charCodeAt(0)) % 97 });
        }
      }
      const instant = (time: number): readonly Element[] => values.get(time) ?? [];
      const [rehearsal] = await rehearseVariants(
        {
          group,
          rule: group.rules[0] as AlertingRuleConfig,
          range: { from: START, to: at.at(-1)! + 1 },
          evaluate: rangeOf(instant),
          externalLabels: {},
          externalUrl: '',
        },
        [above === undefined ? variant : { ...variant, threshold: above }],
        above === undefined ? undefined : { left: 'x', op: '>', value: 0 },
      );
      const kept = (time: number) => instant(time).filter(({ value }) => value > (above ?? -1));
      const expected = fullEvaluations(variant, at, kept);
      expect({
        firings: inOrder(
          rehearsal!.firings.map(({ labels, firingAt, resolvedAt, peak, lowest }) => ({
            job: labelsToObject(labels).job!,
            from: firingAt,
            to: resolvedAt,
            peak,
            lowest,
          })),
        ),
        pendingOnly: rehearsal!.pendingOnly,
      }).toEqual({ ...expected, firings: inOrder(expected.firings) });
    }),
    { numRuns: 60 },
  );
});
