import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { labelsToObject, labelValue, withLabels } from '../model/labels.ts';
import { openDatabase } from '../sqlite/database.ts';
import { type CollectingAppender, collectingAppender } from '../testing/collecting-appender.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import {
  alertFacts,
  collectingAlertSink,
  ruleGroup,
  ruleManager,
  scriptedEvaluator,
} from '../testing/rules.ts';
import { silentLog } from '../testing/silent-log.ts';
import { evaluationTime } from './group.ts';
import type { RuleManagerOptions } from './manager.ts';

const START = Date.UTC(2026, 0, 1);

function bench(own: Partial<RuleManagerOptions> = {}, shared: { clock?: FakeClock } = {}) {
  const clock = shared.clock ?? fakeClock(START);
  const parts = {
    clock,
    evaluator: scriptedEvaluator(),
    appender: collectingAppender(),
    sink: collectingAlertSink(),
    registry: new Registry(),
    db: openDatabase(':memory:', { addon: undefined }),
  };
  const manager = ruleManager({
    externalUrl: 'http://belfry.example',
    formatExpr: (expr: string) => expr.trim(),
    ...parts,
    ...own,
  });
  return { ...parts, db: own.db ?? parts.db, manager };
}

/** All samples as `time series value`, times in seconds after `from`, in the order of time. */
function lines(appender: CollectingAppender, from = 0): string[] {
  return appender
    .series()
    .flatMap((series) => appender.samples(series).map((sample) => ({ series, ...sample })))
    .sort((a, b) => a.timestamp - b.timestamp)
    .map(({ timestamp, series, value }) => `${(timestamp - from) / 1000} ${series} ${value}`);
}

/** Moves to just after the group's next time of evaluation, and gives that time. */
async function toFirst(clock: FakeClock, group: ReturnType<typeof ruleGroup>): Promise<number> {
  const at = evaluationTime(group, clock.now()) + group.interval;
  await clock.advance(at - clock.now());
  return at;
}

describe('a group', () => {
  test('is evaluated each interval, at times that its name decides', async () => {
    const { clock, evaluator, manager } = bench();
    const group = ruleGroup([{ record: 'a', expr: 'x' }]);
    manager.apply([group]);
    const at = await toFirst(clock, group);
    await clock.advance('30s');
    expect(evaluator.asked.map((each) => each.timestamp - at)).toEqual([0, 15_000, 30_000]);
    expect(at - START).toBeLessThanOrEqual(15_000);
    const times = ['a', 'b', 'c', 'd'].map((name) => evaluationTime(ruleGroup([], { name }), START) % 15_000);
    expect(new Set(times).size).toBe(4);
  });

  test('evaluates its rules in order and shows later ones what earlier ones recorded', async () => {
    const { appender, clock, evaluator, manager } = bench();
    const seen: number[] = [];
    evaluator.set('one', [{ labels: { __name__: 'm', job: 'x' }, value: 7 }]);
    evaluator.set('two', () => {
      seen.push(lines(appender).length);
      return [];
    });
    const group = ruleGroup([
      { record: 'job:one', expr: 'one', labels: { team: 'a', job: 'y' } },
      { record: 'two', expr: 'two' },
    ]);
    manager.apply([group]);
    const at = await toFirst(clock, group);
    expect(seen).toEqual([1]);
    expect(lines(appender, at)).toEqual(['0 job:one{job="y", team="a"} 7']);
  });

  test('evaluates in the past by query_offset, and writes there too', async () => {
    const { appender, clock, evaluator, manager } = bench();
    evaluator.set('x', [{ labels: {}, value: 1 }]);
    const group = ruleGroup([{ record: 'a', expr: 'x' }], { query_offset: '1m' });
    manager.apply([group]);
    const at = await toFirst(clock, group);
    expect(evaluator.asked[0]!.timestamp).toBe(at - 60_000);
    expect(lines(appender, at)).toEqual(['-60 a 1']);
  });

  test('query_offset does not move what templates ask', async () => {
    const { clock, evaluator, manager } = bench();
    evaluator.set('x', [{ labels: {}, value: 1 }]);
    const group = ruleGroup([{ alert: 'A', expr: 'x' }], { query_offset: '1m' });
    manager.apply([group]);
    const at = await toFirst(clock, group);
    expect(evaluator.asked[0]).toMatchObject({ timestamp: at - 60_000, templates: { at } });
  });

  test('skips the iterations that it missed and counts them', async () => {
    const { clock, evaluator, manager, registry } = bench();
    const group = ruleGroup([{ record: 'a', expr: 'x' }]);
    let release = (): void => {};
    evaluator.delay = () => new Promise((resolve) => (release = resolve));
    manager.apply([group]);
    const at = await toFirst(clock, group);
    await clock.advance('38s');
    evaluator.delay = undefined;
    release();
    await clock.advance('10s');
    expect(evaluator.asked.map((each) => (each.timestamp - at) / 1000)).toEqual([0, 30, 45]);
    expect(await registry.getSingleMetricAsString('belfry_rule_group_iterations_missed_total')).toContain(
      'rule_group="rules.yml;group"} 1',
    );
  });

  test('goes on after the clock was set back', async () => {
    const { clock, evaluator, manager } = bench();
    const group = ruleGroup([{ record: 'a', expr: 'x' }]);
    manager.apply([group]);
    await toFirst(clock, group);
    clock.jump(-3_600_000);
    await clock.advance('45s');
    expect(evaluator.asked.length).toBeGreaterThanOrEqual(3);
  });

  test('whose rule fails says so and leaves the others alone', async () => {
    const { appender, clock, evaluator, manager } = bench();
    evaluator.set('bad', 'found duplicate series for the match group');
    evaluator.set('good', [{ labels: {}, value: 1 }]);
    const group = ruleGroup([
      { record: 'a', expr: 'bad' },
      { record: 'b', expr: 'good' },
    ]);
    manager.apply([group]);
    await toFirst(clock, group);
    const [view] = manager.groups();
    expect(view!.rules).toMatchObject([
      {
        name: 'a',
        health: 'err',
        lastError: 'found duplicate series for the match group',
        type: 'recording',
      },
      { name: 'b', health: 'ok' },
    ]);
    expect(Object.keys(appender.current())).toEqual(['b']);
  });

  test('marks recorded series stale once they are absent, but not when the rule fails', async () => {
    const { appender, clock, evaluator, manager } = bench();
    evaluator.set('x', [{ labels: { a: '1' }, value: 1 }]);
    const group = ruleGroup([{ record: 'r', expr: 'x' }]);
    manager.apply([group]);
    const at = await toFirst(clock, group);
    evaluator.set('x', 'it broke');
    await clock.advance('15s');
    expect(Object.keys(appender.current())).toEqual(['r{a="1"}']);
    evaluator.set('x', []);
    await clock.advance('45s');
    expect(lines(appender, at)).toEqual(['0 r{a="1"} 1', '30 r{a="1"} stale']);
  });

  test.each([
    [
      [
        { labels: { __name__: 'a' }, value: 1 },
        { labels: { __name__: 'b' }, value: 2 },
      ],
      0,
      'vector contains metrics with the same labelset after applying rule labels',
    ],
    [
      [
        { labels: { a: '1' }, value: 1 },
        { labels: { a: '2' }, value: 2 },
      ],
      1,
      'exceeded limit of 1 with 2 series',
    ],
  ])('records nothing of %j with a limit of %d', async (elements, limit, lastError) => {
    const { appender, clock, evaluator, manager } = bench();
    evaluator.set('x', elements);
    const group = ruleGroup([{ record: 'r', expr: 'x' }], { limit });
    manager.apply([group]);
    await toFirst(clock, group);
    expect(manager.groups()[0]!.rules).toMatchObject([{ health: 'err', lastError }]);
    expect(lines(appender)).toEqual([]);
  });
});

describe('an alerting rule', () => {
  const rule = {
    alert: 'HighErrorRate',
    expr: 'errors > 0.05',
    for: '30s',
    labels: { severity: 'critical' },
    annotations: { summary: '{{ $labels.job }} at {{ $value | humanizePercentage }}' },
  };

  test('goes pending, firing, resolved; ALERTS and ALERTS_FOR_STATE say so; the sink hears of firing and resolved', async () => {
    const { appender, clock, evaluator, manager, sink } = bench({
      externalLabels: { site: 'lab', severity: 'none' },
      relabel: (labels) => withLabels(labels, { job: '' }),
    });
    evaluator.set('errors > 0.05', [{ labels: { job: 'api' }, value: 0.125 }]);
    const group = ruleGroup([rule]);
    manager.apply([group]);
    const at = await toFirst(clock, group);
    expect(manager.alerts()).toMatchObject([
      {
        labels: ['alertname', 'HighErrorRate', 'job', 'api', 'severity', 'critical'],
        annotations: ['summary', 'api at 12.5%'],
        state: 'pending',
        activeAt: at,
        value: 0.125,
      },
    ]);
    expect(sink.take()).toEqual([]);
    await clock.advance('30s');
    const [fired] = sink.take();
    expect(labelsToObject(fired!.labels)).toEqual({
      alertname: 'HighErrorRate',
      severity: 'critical',
      site: 'lab',
    });
    expect(fired).toMatchObject({
      startsAt: at + 30_000,
      endsAt: at + 30_000 + 240_000,
      generatorURL: 'http://belfry.example/graph?g0.expr=errors+%3E+0.05&g0.tab=1',
    });
    evaluator.set('errors > 0.05', []);
    await clock.advance('15s');
    expect(sink.take()).toMatchObject([{ startsAt: at + 30_000, endsAt: at + 45_000 }]);
    expect(manager.alerts()).toEqual([]);
    const labels = 'alertname="HighErrorRate"';
    const rest = 'job="api", severity="critical"';
    const seconds = Math.floor(at / 1000);
    expect(lines(appender, at)).toEqual([
      `0 ALERTS_FOR_STATE{${labels}, ${rest}} ${seconds}`,
      `0 ALERTS{${labels}, alertstate="pending", ${rest}} 1`,
      `15 ALERTS_FOR_STATE{${labels}, ${rest}} ${seconds}`,
      `15 ALERTS{${labels}, alertstate="pending", ${rest}} 1`,
      `30 ALERTS_FOR_STATE{${labels}, ${rest}} ${seconds}`,
      `30 ALERTS{${labels}, alertstate="firing", ${rest}} 1`,
      `30 ALERTS{${labels}, alertstate="pending", ${rest}} stale`,
      `45 ALERTS_FOR_STATE{${labels}, ${rest}} stale`,
      `45 ALERTS{${labels}, alertstate="firing", ${rest}} stale`,
    ]);
    expect(
      [...manager.history(0, clock.now() + 1, 100)].flat().map(({ from, to }) => `${from}→${to}`),
    ).toEqual(['firing→inactive', 'pending→firing', 'inactive→pending']);
  });

  test('tells a resolved alert again for 15 minutes', async () => {
    const { clock, evaluator, manager, sink } = bench();
    evaluator.set('x', [{ labels: {}, value: 1 }]);
    const group = ruleGroup([{ alert: 'A', expr: 'x' }], { interval: '1m' });
    manager.apply([group]);
    const at = await toFirst(clock, group);
    evaluator.set('x', []);
    await clock.advance('40m');
    const sent = sink.take();
    expect(sent.slice(1).every((alert) => alert.endsAt === at + 60_000)).toBe(true);
    expect(Math.max(...sent.map((alert) => alert.updatedAt)) - at).toBeLessThanOrEqual(17 * 60_000);
    expect(sent.length).toBeGreaterThan(6);
  });

  test('keeps its alerts and sends nothing when it fails', async () => {
    const { clock, evaluator, manager, sink } = bench();
    evaluator.set('x', [{ labels: {}, value: 1 }]);
    const group = ruleGroup([{ alert: 'A', expr: 'x' }]);
    manager.apply([group]);
    await toFirst(clock, group);
    sink.take();
    evaluator.set('x', 'query timed out in expression evaluation');
    await clock.advance('10m');
    expect(manager.groups()[0]!.rules[0]).toMatchObject({
      state: 'firing',
      health: 'err',
      lastError: 'query timed out in expression evaluation',
    });
    expect(sink.take()).toEqual([]);
  });

  test('shows a template that fails as text, and counts it', async () => {
    const { clock, evaluator, manager, registry } = bench();
    evaluator.set('x', [{ labels: {}, value: 1 }]);
    const group = ruleGroup([
      { alert: 'A', expr: 'x', annotations: { summary: '{{ query "up" | first }}' } },
    ]);
    manager.apply([group]);
    await toFirst(clock, group);
    expect(labelValue(manager.alerts()[0]!.annotations, 'summary')).toMatch(
      /^<error expanding template: error executing/,
    );
    const metric = await registry.getSingleMetricAsString('belfry_rule_template_failures_total');
    expect(metric).toContain('belfry_rule_template_failures_total 1');
  });

  test('whose sink fails sends again after the resend delay', async () => {
    let isDown = true;
    const sink = collectingAlertSink();
    const { clock, evaluator, manager } = bench({
      sink: {
        accept: (alerts) => (isDown ? Promise.reject(new Error('busy')) : sink.accept(alerts)),
      },
    });
    evaluator.set('x', [{ labels: {}, value: 1 }]);
    const group = ruleGroup([{ alert: 'A', expr: 'x' }]);
    manager.apply([group]);
    await toFirst(clock, group);
    isDown = false;
    await clock.advance('1m');
    expect(sink.take()).toEqual([]);
    await clock.advance('15s');
    expect(sink.take()).toHaveLength(1);
  });
});

test('when state cannot be written, alerting goes on from memory and says so', async () => {
  const log = silentLog();
  const { clock, db, evaluator, manager, registry, sink } = bench({ log });
  evaluator.set('x', [{ labels: {}, value: 1 }]);
  const group = ruleGroup([{ alert: 'A', expr: 'x' }]);
  manager.apply([group]);
  db.close();
  await toFirst(clock, group);
  await clock.advance('1m');
  expect(sink.take()).toHaveLength(1);
  expect(manager.groups()[0]!.rules).toMatchObject([{ state: 'firing', health: 'ok' }]);
  expect(log.events.filter((event) => event.level === 'error')).toHaveLength(1);
  const metric = await registry.getSingleMetricAsString('belfry_rule_state_write_failures_total');
  expect(metric).toContain('belfry_rule_state_write_failures_total 5');
});

test('a rule that goes on failing is one line in the log', async () => {
  const log = silentLog();
  const { clock, evaluator, manager } = bench({ log });
  evaluator.set('x', 'it broke');
  const group = ruleGroup([{ record: 'r', expr: 'x' }]);
  manager.apply([group]);
  await toFirst(clock, group);
  await clock.advance('10m');
  expect(log.events.filter((event) => event.level === 'warn')).toHaveLength(1);
});

describe('reload', () => {
  const rules = [
    { alert: 'A', expr: 'x', for: '1m' },
    { record: 'r', expr: 'y' },
  ];

  test('leaves unchanged groups at their work', async () => {
    const { clock, evaluator, manager, appender } = bench();
    evaluator.set('x', [{ labels: {}, value: 1 }]);
    const group = ruleGroup(rules);
    manager.apply([group]);
    const at = await toFirst(clock, group);
    await clock.advance('7s');
    manager.apply([{ ...group, position: { line: 9, column: 9 } }]);
    await clock.advance('8s');
    expect(evaluator.asked.map((each) => each.timestamp - at)).toEqual([0, 0, 15_000, 15_000]);
    expect(lines(appender, at).filter((line) => line.endsWith('stale'))).toEqual([]);
  });

  test('keeps the alerts of a rule whose expression or group changed', async () => {
    const { clock, evaluator, manager } = bench();
    evaluator.set('x', [{ labels: {}, value: 1 }]);
    evaluator.set('x2', [{ labels: {}, value: 2 }]);
    const group = ruleGroup(rules);
    manager.apply([group]);
    const at = await toFirst(clock, group);
    const before = manager.alerts()[0]!.activeAt;
    manager.apply([ruleGroup([rules[1]!, { ...rules[0]!, expr: 'x2' }], { interval: '30s' })]);
    await clock.advance('45s');
    expect(manager.alerts()).toMatchObject([{ state: 'pending', activeAt: before, value: 2 }]);
    expect(evaluator.asked.at(-1)!.timestamp).toBeGreaterThan(at);
  });

  test('ends the series of rules that are gone, at once', async () => {
    const { appender, clock, evaluator, manager } = bench();
    evaluator.set('x', [{ labels: {}, value: 1 }]);
    evaluator.set('y', [{ labels: { a: '1' }, value: 1 }]);
    const group = ruleGroup(rules);
    manager.apply([group]);
    const at = await toFirst(clock, group);
    expect(Object.keys(appender.current())).toHaveLength(3);
    await clock.advance('1s');
    manager.apply([ruleGroup([rules[0]!])]);
    expect(lines(appender, at).at(-1)).toBe('1 r{a="1"} stale');
    manager.apply([]);
    expect(Object.keys(appender.current())).toEqual([]);
    expect(appender.openSources()).toEqual([]);
    expect(manager.groups()).toEqual([]);
  });

  test('does not hear an evaluation of a group that was replaced meanwhile', async () => {
    const { clock, evaluator, manager, sink } = bench();
    evaluator.set('x', [{ labels: {}, value: 1 }]);
    let release = (): void => {};
    evaluator.delay = () => new Promise((resolve) => (release = resolve));
    const group = ruleGroup([{ alert: 'A', expr: 'x' }]);
    manager.apply([group]);
    await toFirst(clock, group);
    manager.apply([]);
    release();
    await clock.advance('1m');
    expect(sink.take()).toEqual([]);
    expect(evaluator.asked).toHaveLength(1);
  });
});

describe('restart', () => {
  const group = ruleGroup([{ alert: 'A', expr: 'x', for: '5m', annotations: { v: '{{ $value }}' } }]);

  async function outage(duration: string, scraped?: Promise<void>) {
    const first = bench();
    first.evaluator.set('x', [{ labels: { job: 'a' }, value: 3 }]);
    first.manager.apply([group]);
    await toFirst(first.clock, group);
    await first.clock.advance('6m');
    const before = alertFacts(first.manager);
    expect(before).toMatchObject([{ state: 'firing', value: 3 }]);
    await first.manager.stop();
    await first.clock.advance(duration);
    const second = bench(
      { db: first.db, ...(scraped ? { targetsScraped: scraped } : {}) },
      { clock: first.clock },
    );
    return { ...second, before };
  }

  test('keeps state, activeAt, value and annotations, and tells the sink at once', async () => {
    const { before, clock, manager, sink } = await outage('10m');
    manager.apply([group]);
    expect(alertFacts(manager)).toEqual(before);
    await clock.advance('0s');
    expect(sink.take()).toMatchObject([{ endsAt: clock.now() + 240_000 }]);
  });

  test('judges alerts only once their targets were scraped again', async () => {
    let scraped = (): void => {};
    const { clock, evaluator, manager, sink } = await outage(
      '10m',
      new Promise((resolve) => (scraped = resolve)),
    );
    manager.apply([group]);
    await clock.advance('1m');
    expect(evaluator.asked).toEqual([]);
    expect(manager.alerts()).toHaveLength(1);
    evaluator.set('x', [{ labels: { job: 'a' }, value: 4 }]);
    scraped();
    await clock.advance('20s');
    expect(manager.alerts()).toMatchObject([{ state: 'firing', value: 4 }]);
    expect(sink.take().every((alert) => alert.endsAt > clock.now())).toBe(true);
  });

  test('waits for rules that record, since alerts may build on them', async () => {
    let scraped = (): void => {};
    const { clock, evaluator, manager } = await outage('10m', new Promise((resolve) => (scraped = resolve)));
    const records = ruleGroup([{ record: 'r', expr: 'y' }], { name: 'records', interval: '1m' });
    manager.apply([group, records]);
    scraped();
    await clock.advance('2m');
    const asked = evaluator.asked.map((each) => each.expr);
    expect(asked[0]).toBe('y');
    expect(asked).toContain('x');
  });

  test('does not judge them earlier because of a reload', async () => {
    const { clock, evaluator, manager } = await outage('10m', new Promise(() => {}));
    manager.apply([group]);
    await clock.advance('20s');
    manager.apply([{ ...group, limit: 10 }]);
    await clock.advance('1m39s');
    expect(evaluator.asked).toEqual([]);
    await clock.advance('16s');
    expect(evaluator.asked).not.toEqual([]);
    await manager.stop();
  });

  test('may be stopped while it waits', async () => {
    const { clock, evaluator, manager, appender } = await outage('10m', new Promise(() => {}));
    manager.apply([group]);
    await manager.stop();
    await clock.advance('10m');
    expect(evaluator.asked).toEqual([]);
    expect(appender.openSources()).toEqual([]);
  });

  test('tells rules that are alike apart by their order', async () => {
    const twins = ruleGroup([
      { alert: 'Same', expr: 'x' },
      { alert: 'Same', expr: 'y' },
    ]);
    const { clock, evaluator, manager } = bench();
    evaluator.set('y', [{ labels: { from: 'y' }, value: 1 }]);
    manager.apply([twins]);
    await toFirst(clock, twins);
    manager.apply([{ ...twins, limit: 5 }]);
    const [view] = manager.groups();
    expect(view!.rules.map((rule) => (rule.type === 'alerting' ? rule.alerts.length : -1))).toEqual([0, 1]);
  });

  test('waits two minutes at most', async () => {
    const { clock, evaluator, manager } = await outage('10m', new Promise(() => {}));
    manager.apply([group]);
    await clock.advance('1m59s');
    expect(evaluator.asked).toEqual([]);
    await clock.advance('16s');
    expect(evaluator.asked.length).toBeGreaterThan(0);
  });

  test('after an outage of over an hour starts `for` anew', async () => {
    const { clock, evaluator, manager } = await outage('2h');
    evaluator.set('x', [{ labels: { job: 'a' }, value: 3 }]);
    manager.apply([group]);
    const at = await toFirst(clock, group);
    expect(manager.alerts()).toMatchObject([{ state: 'pending', activeAt: at }]);
  });

  test('resolves what is gone after a long outage', async () => {
    const { clock, manager, sink } = await outage('2h');
    manager.apply([group]);
    const at = await toFirst(clock, group);
    expect(manager.alerts()).toEqual([]);
    expect(sink.take().at(-1)).toMatchObject({ endsAt: at });
  });

  test('forgets alerts of rules that are no more', async () => {
    const { db, manager } = await outage('1m');
    manager.apply([]);
    expect(db.prepare('SELECT count(*) AS n FROM rule_alerts').get()).toEqual({ n: 0 });
  });
});

test('the view of a rule that was never evaluated has state and health unknown', () => {
  const { manager } = bench();
  manager.apply([
    ruleGroup([{ alert: 'A', expr: ' up == 0 ', for: '5m', keep_firing_for: '1m', labels: { a: 'b' } }], {
      limit: 3,
    }),
  ]);
  expect(manager.groups()).toEqual([
    {
      name: 'group',
      file: 'rules.yml',
      interval: 15,
      limit: 3,
      evaluationTime: 0,
      lastEvaluation: '0001-01-01T00:00:00Z',
      rules: [
        {
          state: 'unknown',
          name: 'A',
          query: 'up == 0',
          duration: 300,
          keepFiringFor: 60,
          labels: { a: 'b' },
          annotations: {},
          alerts: [],
          health: 'unknown',
          evaluationTime: 0,
          lastEvaluation: '0001-01-01T00:00:00Z',
          type: 'alerting',
        },
      ],
    },
  ]);
});
