import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { RuleEvaluator } from '../model/evaluation.ts';
import type { Histogram } from '../model/histogram.ts';
import { labelsFromObject, METRIC_NAME } from '../model/labels.ts';
import { parseExpr } from '../promql/parse.ts';
import { formatExpr } from '../promql/print.ts';
import { ruleEvaluation } from '../query/rule-service.ts';
import { openDatabase } from '../sqlite/database.ts';
import { expandRuleTemplates } from '../templates/rule-expander.ts';
import { type FakeClock, fakeClock } from '../testing/fake-clock.ts';
import { alertFacts, collectingAlertSink, ruleGroup, ruleManager } from '../testing/rules.ts';
import { openQueryable } from '../tsdb/open-queryable.ts';
import { storeBench } from '../tsdb/store.fixture.ts';
import { evaluationTime } from './group.ts';

const START = Date.UTC(2026, 0, 1);
const stores = storeBench();
const monitors: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const monitor of monitors.splice(0)) await monitor.close();
  await stores.clean();
});

/** The rules over a real store and real PromQL, all in this thread. */
function monitor(dir: string, clock: FakeClock) {
  const store = stores.open(dir, { clock });
  const queryable = openQueryable(store.shared, { addon: undefined, visibility: 'appended' });
  const evaluate = ruleEvaluation({
    queryable,
    settings: {
      lookbackMs: 300_000,
      defaultSubqueryStepMs: 60_000,
      delayedNameRemoval: false,
      useStartTimestamps: false,
      typeAndUnitLabels: false,
    },
    limits: { maxSamples: 1e6, maxBytes: 1e8, maxResultBytes: 1e8, timeoutMs: 10_000 },
    expand: expandRuleTemplates,
    monotonic: clock.monotonic,
  });
  const evaluator: RuleEvaluator = { evaluate: async (evaluation) => evaluate(evaluation) };
  const sink = collectingAlertSink();
  const db = openDatabase(join(dir, 'state.db'), { addon: undefined });
  const manager = ruleManager({
    clock,
    evaluator,
    appender: store,
    sink,
    db,
    formatExpr: (expr) => formatExpr(parseExpr(expr)),
  });
  const target = store.source('target');
  let isOpen = true;
  const made = {
    manager,
    sink,
    scrape(values: Readonly<Record<string, number>>) {
      target.begin(clock.now());
      for (const [job, value] of Object.entries(values)) {
        target.set(target.slot(labelsFromObject({ [METRIC_NAME]: 'errors', job })), value);
      }
      target.commit();
    },
    observe(histogram: Histogram) {
      target.begin(clock.now());
      target.setHistogram(target.slot(labelsFromObject({ [METRIC_NAME]: 'latency' })), histogram);
      target.commit();
    },
    async query(expr: string) {
      const { samples } = await evaluator.evaluate({ expr, timestamp: clock.now(), timeoutMs: 1000 });
      return samples.map(({ labels, value }) => `${labels.join(' ')} ${value}`);
    },
    async close() {
      if (!isOpen) return;
      isOpen = false;
      await manager.stop();
      target.close();
      queryable.close();
      await stores.close(store);
      db.close();
    },
  };
  monitors.push(made);
  return made;
}

const group = ruleGroup(
  [
    { record: 'job:errors:double', expr: 'errors * 2' },
    {
      alert: 'Errors',
      expr: 'job:errors:double > 10',
      for: '30s',
      annotations: {
        summary: '{{ $labels.job }}: {{ $value }} of {{ query "sum(errors)" | first | value }}',
      },
    },
    { alert: 'Firing', expr: 'ALERTS{alertname="Errors", alertstate="firing"}' },
  ],
  { interval: '15s' },
);

async function scrapes(
  { scrape }: ReturnType<typeof monitor>,
  clock: FakeClock,
  values: Readonly<Record<string, number>>,
  count: number,
): Promise<void> {
  for (let i = 0; i < count; i++) {
    scrape(values);
    await clock.advance('15s');
  }
}

test('rules see what rules before them wrote in the same cycle, and state survives a restart', async () => {
  const dir = stores.directory();
  const clock = fakeClock(START);
  await clock.advance(evaluationTime(group, START + 60_000) - START - 1000);

  const first = monitor(dir, clock);
  first.manager.apply([group]);
  await scrapes(first, clock, { a: 7, b: 1 }, 1);
  expect(first.manager.alerts()).toMatchObject([
    {
      labels: ['alertname', 'Errors', 'job', 'a'],
      state: 'pending',
      annotations: ['summary', 'a: 14 of 8'],
    },
  ]);
  await scrapes(first, clock, { a: 7, b: 1 }, 2);
  expect(first.manager.alerts().map(({ labels, state }) => `${labels[1]} ${state}`)).toEqual([
    'Errors firing',
    'Firing firing',
  ]);
  expect(first.sink.take().map(({ labels }) => labels.join(' '))).toEqual([
    'alertname Errors job a',
    'alertname Firing alertstate firing job a',
  ]);
  const before = alertFacts(first.manager);
  await first.close();

  await clock.advance('2m');
  const second = monitor(dir, clock);
  second.manager.apply([group]);
  expect(alertFacts(second.manager)).toEqual(before);
  await scrapes(second, clock, { a: 1, b: 1 }, 1);
  expect(second.manager.alerts()).toEqual([]);
  expect(await second.query('job:errors:double')).toEqual([
    '__name__ job:errors:double job a 2',
    '__name__ job:errors:double job b 2',
  ]);
  expect(await second.query('ALERTS')).toEqual([]);
  expect(second.sink.take().filter((alert) => alert.endsAt <= clock.now())).toHaveLength(2);
});

test('a rule records native histograms as such', async () => {
  const dir = stores.directory();
  const clock = fakeClock(START);
  const recording = ruleGroup([{ record: 'latency:double', expr: 'latency * 2' }], { interval: '15s' });
  await clock.advance(evaluationTime(recording, START + 60_000) - START - 1000);
  const { manager, observe, query } = monitor(dir, clock);
  manager.apply([recording]);
  observe({
    schema: 0,
    count: 5,
    sum: 18.5,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveBuckets: [1, 4],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [],
    counterResetHint: 'unknown',
  });
  await clock.advance('15s');
  expect(await query('histogram_count(latency:double)')).toEqual([' 10']);
  expect(await query('histogram_sum(latency:double)')).toEqual([' 37']);
  expect(await query('histogram_fraction(1, 2, latency:double)')).toEqual([' 0.8']);
});
