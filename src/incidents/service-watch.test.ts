import Database from 'better-sqlite3';
import { beforeEach, expect, test } from 'vitest';
import type { StatusPageConfig } from '../config/status-page.ts';
import { statusPageConfig } from '../config/status-page.ts';
import type { RuleEvaluation } from '../model/evaluation.ts';
import { type Labels, labelsFromObject } from '../model/labels.ts';
import { compileMatchers } from '../notifiers/matching.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { migrateIncidents } from './incident-store.ts';
import { availability, createServiceDays, DAY_MS } from './service-days.ts';
import { createServiceWatch } from './service-watch.ts';

const MIDNIGHT = Date.UTC(2026, 0, 2);
const NONE = labelsFromObject({});

const page = (services: object[], more: object = {}): StatusPageConfig =>
  statusPageConfig.parse({ services, ...more });

let alerts: { labels: Labels; silenced?: boolean }[];
/** What each expression gives, or why it fails. */
let values: Record<string, number[] | Error>;
let evaluations: RuleEvaluation[];
beforeEach(() => {
  alerts = [];
  values = {};
  evaluations = [];
});

function watch(startMs = MIDNIGHT) {
  const clock = fakeClock(startMs);
  const db = new Database(':memory:');
  migrateIncidents(db);
  const days = createServiceDays(db);
  const log = silentLog();
  const made = createServiceWatch({
    days,
    evaluator: {
      async evaluate(evaluation) {
        evaluations.push(evaluation);
        const given = values[evaluation.expr] ?? [];
        if (given instanceof Error) throw given;
        return { samples: given.map((value) => ({ labels: NONE, value })), warnings: [] };
      },
    },
    firing: () => alerts.map(({ labels, silenced = false }) => ({ labels, isSilenced: () => silenced })),
    compile: (matchers) => compileMatchers(matchers).matches,
    clock,
    log,
    queryTimeoutMs: 1000,
  });
  const states = () => made.services().map(({ state }) => state);
  return { made, clock, db, days, log, states };
}

const alert = (labels: Record<string, string>) => ({
  labels: labelsFromObject({ alertname: 'A', ...labels }),
});

test.each<[values: number[], state: string]>([
  [[], 'unknown'],
  [[Number.NaN], 'unknown'],
  [[1, 1], 'up'],
  [[0, 1], 'degraded'],
  [[0, 0], 'down'],
  [[0.5], 'up'],
])('parts of values %j: the service is %s', async (given, state) => {
  const { made, clock, states } = watch();
  values = { 'up{job="web"}': given };
  made.apply(page([{ name: 'Web', expr: 'up{job="web"}' }]), 0);
  expect(states()).toEqual(['unknown']);
  await clock.advance(0);
  expect(states()).toEqual([state]);
  expect(evaluations[0]).toEqual({ expr: 'up{job="web"}', timestamp: MIDNIGHT, timeoutMs: 1000 });
});

test('alerts that fire make a service degraded or, by their severity, down; silenced ones and others do not', async () => {
  const { made, clock, states } = watch();
  made.apply(page(['a', 'b', 'c', 'd'].map((name) => ({ name, matchers: [`service="${name}"`] }))), 0);
  alerts = [
    alert({ service: 'a', severity: 'warning' }),
    alert({ service: 'b', severity: 'critical' }),
    alert({ service: 'b', severity: 'warning' }),
    { ...alert({ service: 'c', severity: 'critical' }), silenced: true },
    alert({ severity: 'critical' }),
  ];
  await clock.advance(0);
  expect(states()).toEqual(['degraded', 'down', 'up', 'up']);
  alerts = [];
  await clock.advance('30s');
  expect(states()).toEqual(['up', 'up', 'up', 'up']);
});

test('what means down is configured; alerts and measurement count together, the worst wins', async () => {
  const { made, clock, states } = watch();
  values = { good: [1], bad: [0], broken: new Error('no such function') };
  alerts = [alert({ team: 'x', page: 'yes' })];
  made.apply(
    page(
      [
        { name: 'a', matchers: ['team="x"'], expr: 'good' },
        { name: 'b', matchers: ['team="y"'], expr: 'bad' },
        { name: 'c', matchers: ['team="y"'], expr: 'broken' },
        { name: 'd', matchers: ['team="x"'], expr: 'broken' },
      ],
      { down_matchers: ['page="yes"'] },
    ),
    0,
  );
  await clock.advance(0);
  expect(states()).toEqual(['down', 'down', 'unknown', 'down']);
});

test('until everything was scraped and evaluated once, what an earlier run has left says nothing', async () => {
  const { made, clock, days, states } = watch();
  values = { x: [0] };
  alerts = [alert({ team: 'y', severity: 'critical' })];
  const services = [
    { name: 'a', expr: 'x' },
    { name: 'b', matchers: ['team="y"'] },
  ];
  made.apply(page(services), 30_000);
  await clock.advance('29s');
  expect(states()).toEqual(['unknown', 'unknown']);
  values = { x: [1] };
  alerts = [];
  await clock.advance('1s');
  expect(states()).toEqual(['up', 'up']);
  await clock.advance('30s');
  expect(days.since(0).get('a')).toEqual([{ day: MIDNIGHT, up: 30_000, degraded: 0, down: 0 }]);
  // A reload later does not wait again.
  made.apply(page([...services, { name: 'c', expr: 'x' }]), 30_000);
  await clock.advance(0);
  expect(states()).toEqual(['up', 'up', 'up']);
});

test('an expression that fails is complained of once, until it fails otherwise', async () => {
  const { made, clock, log } = watch();
  values = { x: new Error('too many samples') };
  made.apply(page([{ name: 'a', expr: 'x' }]), 0);
  await clock.advance('2m');
  expect(log.events.map(({ fields }) => fields)).toEqual([{ service: 'a', problem: 'too many samples' }]);
  values = { x: [1] };
  await clock.advance('1m');
  values = { x: new Error('too many samples') };
  await clock.advance('1m');
  expect(log.events).toHaveLength(2);
});

test('the time since a look belongs to what was found then, on that day', async () => {
  const { made, clock, days } = watch(MIDNIGHT - 60_000);
  values = { x: [1] };
  made.apply(page([{ name: 'a', expr: 'x' }]), 0);
  await clock.advance('60s');
  values = { x: [0] };
  await clock.advance('60s');
  expect(days.since(0).get('a')).toEqual([
    { day: MIDNIGHT - DAY_MS, up: 60_000, degraded: 0, down: 0 },
    // The look at midnight still saw it up, thirty seconds later it was down.
    { day: MIDNIGHT, up: 30_000, degraded: 0, down: 30_000 },
  ]);
});

test('of the time in which the process was not there or did not turn, nothing is known', async () => {
  const { made, clock, days } = watch();
  values = { x: [1] };
  made.apply(page([{ name: 'a', expr: 'x' }]), 0);
  await clock.advance('30s');
  made.stop();
  await clock.advance('1h');
  made.apply(page([{ name: 'a', expr: 'x' }]), 0);
  await clock.advance('30s');
  expect(days.since(0).get('a')).toEqual([{ day: MIDNIGHT, up: 60_000, degraded: 0, down: 0 }]);
});

test('a reload keeps the state of services that stay and forgets those that go', async () => {
  const { made, clock, states } = watch();
  values = { x: [0] };
  made.apply(
    page([
      { name: 'a', expr: 'x' },
      { name: 'b', expr: 'x' },
    ]),
    0,
  );
  await clock.advance('10s');
  made.apply(
    page([
      { name: 'b', expr: 'x' },
      { name: 'new', expr: 'x' },
    ]),
    0,
  );
  expect(states()).toEqual(['down', 'unknown']);
  expect(made.services()[0]!.since).toBe(MIDNIGHT);
  await clock.advance(0);
  expect(states()).toEqual(['down', 'down']);
  made.apply(undefined, 0);
  const before = evaluations.length;
  await clock.advance('5m');
  expect([made.services(), evaluations.length]).toEqual([[], before]);
});

test('what the disk refuses is kept and stored later', async () => {
  const { made, clock, db, days, log } = watch();
  values = { x: [1] };
  made.apply(page([{ name: 'a', expr: 'x' }]), 0);
  db.exec("CREATE TRIGGER full BEFORE INSERT ON service_days BEGIN SELECT raise(ABORT, 'disk full'); END");
  await clock.advance('90s');
  expect(log.events.map(({ fields }) => fields.problem)).toEqual(['disk full']);
  expect(days.since(0).get('a')).toMatchObject([{ up: 90_000 }]);
  db.exec('DROP TRIGGER full');
  await clock.advance('30s');
  expect(db.prepare('SELECT up FROM service_days').pluck().all()).toEqual([120_000]);
});

test('days add up over restarts, stay 400 days, and count as available while not down', () => {
  const { days, db } = watch();
  days.add('a', MIDNIGHT, 'up', 1000);
  days.add('a', MIDNIGHT + 5, 'down', 500);
  days.add('a', MIDNIGHT, 'unknown', 9999);
  days.save();
  const again = createServiceDays(db);
  again.add('a', MIDNIGHT, 'degraded', 500);
  expect(again.since(0).get('a')).toEqual([{ day: MIDNIGHT, up: 1000, degraded: 500, down: 500 }]);
  expect(availability(again.since(0).get('a')!)).toBe(0.75);
  expect(availability([])).toBeUndefined();
  again.add('a', MIDNIGHT + 401 * DAY_MS, 'up', 1);
  again.save();
  expect(
    again
      .since(0)
      .get('a')!
      .map(({ day }) => day),
  ).toEqual([MIDNIGHT + 401 * DAY_MS]);
});
