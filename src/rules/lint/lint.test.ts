import { describe, expect, test } from 'vitest';
import { route } from '../../notifiers/notifier.fixture.ts';
import { type RuleText, ruleGroup } from '../../testing/rules.ts';
import type { LintFinding } from './finding.ts';
import { type LintInput, lint, parsedRules } from './lint.ts';
import type { LintedRouting } from './routing.ts';
import { gatherFacts } from './stored.ts';

const shown = (findings: readonly LintFinding[]): string[] => findings.map(({ check }) => check);

const ANNOTATED = { summary: 'x' };

/** Checks found in one alert that is otherwise fine. */
function inAlert(expr: string, more: Partial<RuleText> = {}, input: Partial<LintInput> = {}): string[] {
  const rule = { alert: 'A', expr, annotations: ANNOTATED, ...more };
  return shown(lint({ groups: [ruleGroup([rule])], ...input }));
}

describe('expressions', () => {
  test.each<[expr: string, checks: string[]]>([
    ['up > 1', ['alert-never-fires']],
    ['up == 2', ['alert-never-fires']],
    ['up >= 0', ['alert-always-fires']],
    ['up == 0', []],
    ['count(up) == 0', ['alert-never-fires']],
    ['count(up) > 0', []],
    ['count(up) < 3', []],
    ['absent(up) == 0', ['alert-never-fires']],
    ['absent(up) == 1', []],
    ['rate(a_total[5m]) < 0', ['alert-never-fires']],
    ['rate(a_total[5m]) >= 0', ['alert-always-fires']],
    ['rate(a_total[5m]) > 0', []],
    ['node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes > 85', ['alert-never-fires']],
    ['node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes * 100 > 85', []],
    ['(1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes) * 100 > 101', ['alert-never-fires']],
    ['sum(rate(r_total{code="500"}[5m])) / sum(rate(r_total[5m])) > 5', ['alert-never-fires']],
    ['sum(rate(r_total{code="500"}[5m])) / sum(rate(r_total[5m])) > 0.05', []],
    ['sum(rate(r_total{code="500"}[5m])) / sum(rate(other_total[5m])) > 5', []],
    ['sum(rate(r_total{code="500"}[5m])) / sum(rate(r_total[1m])) > 5', []],
    ['avg(rate(node_cpu_seconds_total{mode="idle"}[5m])) > 20', ['alert-never-fires']],
    ['up > 1 and b > 2', ['alert-never-fires']],
    ['up > 1 or b > 2', []],
    ['vector(1)', []],
    ['rate(connections_active[5m]) > 1', ['rate-of-gauge']],
    ['rate(active_users_total[5m]) > 1', []],
    ['rate(job:active:sum[5m]) > 1', []],
    ['increase(queue_free[5m]) > 1', ['rate-of-gauge']],
    ['rate(process_cpu_seconds[5m]) > 1', []],
    ['delta(errors_total[5m]) > 1', ['delta-of-counter']],
    ['delta(temperature[5m]) > 1', []],
    ['predict_linear(node_filesystem_size_bytes[1h], 3600) < 0', ['forecast-of-constant']],
    ['predict_linear(node_memory_MemTotal_bytes[90d:1h], 3600) < 0', ['forecast-of-constant']],
    ['predict_linear(node_filesystem_avail_bytes[1h], 3600) < 0', []],
    ['predict_linear(node_filesystem_avail_bytes[90d:1h], 3600) < 0', []],
    ['rate(connections_active[1h:5m]) > 1', ['rate-of-gauge']],
    ['node_filesystem_avail_bytes[90d:1h]', ['not-a-vector']],
    ['errors_total[5m]', ['not-a-vector']],
    ['"text"', ['not-a-vector']],
    ['max_over_time(node_filesystem_avail_bytes[90d:1h]) > 5', []],
    ['rate(sum(a_total)[5m:1m]) > 1', ['rate-of-sum']],
    ['max_over_time(sum(a_total)[5m:1m]) > 1', []],
    ['histogram_quantile(0.9, sum by (job) (rate(a_bucket[5m]))) > 1', ['quantile-without-le']],
    ['histogram_quantile(0.9, sum by (job, le) (rate(a_bucket[5m]))) > 1', []],
    ['histogram_quantile(0.9, sum without (pod) (rate(a_bucket[5m]))) > 1', []],
    ['histogram_quantile(0.9, sum by (job) (rate(native[5m]))) > 1', []],
    ['sum by (job) (a) / sum(b) > 1', ['sides-never-match']],
    ['sum by (job) (a) / on () group_left () sum(b) > 1', []],
    ['sum by (job) (a) / sum by (job) (b) > 1', []],
    ['sum by (job, x) (a) / ignoring (x) group_left () sum by (job) (b) > 1', []],
    ['sum by (job) (a) > scalar(sum(b))', []],
    ['sum by (job) (a) unless sum(b)', []],
    ['topk(3, a) > 5', ['topk-in-alert']],
    ['count({__name__=~".+"}) > 5', ['scans-everything']],
    ['count({__name__=~".+", job="a"}) > 5', []],
    ['rate(container_restart_count[5m]) > 0', ['unknown-cadvisor-metric']],
    ['container_memory_rss > 5', []],
  ])('%s', (expr, checks) => {
    expect(inAlert(expr)).toEqual(checks);
  });

  test('a window of less than four scrapes', () => {
    const at = (expr: string) => inAlert(expr, {}, { scrapeIntervalMs: 30_000 });
    expect(at('rate(a_total[1m]) > 1')).toEqual(['window-below-scrapes']);
    expect(at('rate(a_total[2m]) > 1')).toEqual([]);
    expect(at('irate(a_total[1m]) > 1')).toEqual([]);
    expect(at('max_over_time(a[30s]) > 1')).toEqual([]);
  });
});

describe('texts', () => {
  const text = (expr: string, summary: string) => inAlert(expr, { annotations: { summary } });
  test.each<[expr: string, summary: string, checks: string[]]>([
    ['rate(r_total[5m]) > 0', 'restarted {{ $value }} times in 5 minutes', ['text-rate']],
    ['increase(r_total[5m]) > 0', 'restarted {{ $value }} times in 5 minutes', []],
    ['rate(r_total[5m]) * 300 > 0', 'restarted {{ $value }} times in 5 minutes', []],
    ['rate(r_total[5m]) > 0', '{{ $value }} errors in the last 5m', ['text-rate']],
    ['rate(r_total[5m]) > 0', '{{ $value }} errors per second in the last 5m', []],
    ['a > 10 * avg_over_time(a[1h])', '{{ $value }}x higher than normal', []],
    ['rate(a_total[5m]) > 10 * rate(a_total[1h])', '{{ $value }}x higher than normal', ['text-factor']],
    ['rate(a_total[5m]) / rate(a_total[1h]) > 10', '{{ $value }}x higher than normal', []],
    ['a / b > 0.5', '{{ $value | humanizePercentage }}%', ['text-percent']],
    ['a / b > 0.5', '{{ $value | humanizePercentage }}', []],
    ['a / b * 100 > 50', '{{ $value | humanizePercentage }}', ['text-percent']],
    ['100 - (a * 100) > 50', '{{ $value | humanizePercentage }}', ['text-percent']],
    [
      'node_filesystem_avail_bytes / node_filesystem_size_bytes < 0.1',
      '{{ $value }}% left',
      ['text-percent'],
    ],
    ['node_filesystem_avail_bytes / node_filesystem_size_bytes * 100 < 10', '{{ $value }}% left', []],
    ['a / b < 0.1', '{{ $value }}% left', []],
    ['latency_milliseconds > 5', 'takes {{ $value }}s', ['text-unit']],
    ['latency_milliseconds > 5', 'takes {{ $value }} ms', []],
    ['latency_milliseconds / 1000 > 5', 'takes {{ $value }}s', []],
    ['queue_bytes > 5', 'takes {{ $value | humanizeDuration }}', ['text-unit']],
    ['sum by (job) (a) > 1', 'on {{ $labels.instance }}', ['template-label-missing']],
    ['sum by (job) (a) > 1', 'on {{ $labels.job }}', []],
    ['sum without (instance) (a) > 1', 'on {{ $labels.job }}', []],
    ['absent(up{job="a"})', 'on {{ $labels.job }}', []],
    ['absent(up{job="a"})', 'on {{ $labels.instance }}', ['template-label-missing']],
    ['a * on (pod) group_left (node) b > 1', 'on {{ $labels.node }} {{ $labels.other }}', []],
    ['a * on (pod) b > 1', 'on {{ $labels.node }}', ['template-label-missing']],
    ['sum by (job) (a) > 1', '{{ range query "up" }}{{ .Labels.instance }}{{ end }}', []],
  ])('%s: %s', (expr, summary, checks) => {
    expect(text(expr, summary)).toEqual(checks);
  });
});

describe('groups', () => {
  test('for shorter than the interval', () => {
    expect(inAlert('up == 0', { for: '10s' })).toEqual(['for-below-interval']);
    expect(inAlert('up == 0', { for: '15s' })).toEqual([]);
  });

  test('no summary, no severity and no runbook where others have one', () => {
    const bare = { alert: 'B', expr: 'b == 0' };
    const full = {
      alert: 'A',
      expr: 'a == 0',
      labels: { severity: 'page' },
      annotations: { ...ANNOTATED, runbook_url: 'x' },
    };
    expect(shown(lint({ groups: [ruleGroup([full, bare])] }))).toEqual([
      'no-severity',
      'no-summary',
      'no-runbook',
    ]);
    expect(shown(lint({ groups: [ruleGroup([bare])] }))).toEqual(['no-summary']);
  });

  test('the same rule twice', () => {
    const rule = { alert: 'A', expr: 'a == 0', annotations: ANNOTATED };
    expect(shown(lint({ groups: [ruleGroup([rule, { ...rule, expr: 'a  ==  0' }])] }))).toEqual([
      'duplicate-rule',
    ]);
    expect(shown(lint({ groups: [ruleGroup([rule, { ...rule, expr: 'a == 1' }])] }))).toEqual([]);
  });
});

describe('routing', () => {
  const alert = (name: string, labels: Record<string, string>, expr = 'sum(x) > 1'): RuleText => ({
    alert: name,
    expr,
    labels,
    annotations: ANNOTATED,
  });
  const routed = (rules: readonly RuleText[], routing: Partial<LintedRouting>): string[] =>
    shown(
      lint({
        groups: [ruleGroup(rules)],
        routing: {
          route: undefined,
          inhibit_rules: [],
          pagers: new Map(),
          texts: [],
          externalLabels: {},
          targetLabels: undefined,
          storedLabels: new Set(),
          ...routing,
        },
      }),
    );
  const inhibit = (equal: readonly string[]) => ({
    inhibit_rules: [
      {
        source_matchers: [{ name: 'severity', op: '=' as const, value: 'critical' }],
        target_matchers: [{ name: 'severity', op: '=' as const, value: 'warning' }],
        equal,
      },
    ],
  });

  test('an inhibit rule that asks for an equal alertname of alerts that never share one', () => {
    const [a, b] = [alert('A', { severity: 'critical' }), alert('B', { severity: 'warning' })];
    expect(routed([a, b], inhibit(['alertname']))).toEqual(['inhibit-never-matches']);
    expect(routed([a, b, alert('A', { severity: 'warning' })], inhibit(['alertname']))).toEqual([]);
    expect(routed([a, b], inhibit(['cluster']))).toEqual([]);
    expect(routed([a], inhibit([]))).toEqual(['inhibit-never-matches']);
    expect(routed([], inhibit([]))).toEqual([]);
  });

  test('a severity that a template decides may be any', () => {
    const open = alert('A', { severity: '{{ if gt $value 5.0 }}critical{{ else }}warning{{ end }}' });
    expect(routed([open], inhibit(['alertname']))).toEqual([]);
  });

  test('intervals that undo each other, told where they stand', () => {
    const rules = [alert('A', {})];
    const of = (input: Parameters<typeof route>[0]) => routed(rules, { route: route(input) });
    expect(of({ group_interval: 300_000, repeat_interval: 60_000 })).toEqual(['repeat-below-group-interval']);
    expect(of({ group_interval: 10_000 })).toEqual(['group-interval-below-evaluation']);
    expect(of({ group_interval: 15_000, routes: [{}, {}] })).toEqual([]);
    expect(of({ group_interval: 10_000, routes: [{}, {}] })).toEqual(['group-interval-below-evaluation']);
  });

  test('labels to group by that nothing mentions', () => {
    const rules = [alert('A', { team: 'a' }, 'sum by (job) (x) > 1')];
    const tree = route({ group_by: ['alertname', 'team', 'job', 'cluster'], group_interval: 60_000 });
    const targetLabels = new Set(['job', 'instance']);
    expect(routed(rules, { route: tree, targetLabels })).toEqual(['group-by-unknown-label']);
    expect(routed(rules, { route: tree, targetLabels, externalLabels: { cluster: 'x' } })).toEqual([]);
    expect(routed(rules, { route: tree, targetLabels, storedLabels: new Set(['cluster']) })).toEqual([]);
    expect(routed(rules, { route: tree })).toEqual([]);
  });

  test('labels that receivers are told and nothing mentions', () => {
    const rules = [alert('A', { team: 'a' }, 'sum by (job) (x) > 1')];
    const told = (text: string, more: Partial<LintedRouting> = {}) =>
      routed(rules, {
        route: route({ group_interval: 60_000 }),
        targetLabels: new Set(['job', 'instance']),
        texts: [{ path: ['receivers', 0, 'webhook_configs', 0, 'payload', 'run'], text }],
        ...more,
      });
    expect(told('docker restart {{ .CommonLabels.container_name }}')).toEqual(['receiver-label-missing']);
    expect(told('{{ range .Alerts }}{{ index .Labels "service" }}{{ end }}')).toEqual([
      'receiver-label-missing',
    ]);
    expect(told('{{ .GroupLabels.service }}', { storedLabels: new Set(['service']) })).toEqual([]);
    expect(told('{{ .GroupLabels.service }}', { targetLabels: undefined })).toEqual([]);
    expect(
      told('{{ .CommonLabels.team }} {{ (index .Alerts 0).Labels.job }} {{ .GroupLabels.alertname }}'),
    ).toEqual([]);
    expect(
      told('{{ .CommonLabels.SortedPairs.Values | join " " }} {{ .CommonAnnotations.service }}'),
    ).toEqual([]);
  });

  test('a value that no route takes, and an alert that pages twice', () => {
    const tree = route({
      receiver: 'rest',
      group_interval: 60_000,
      routes: [
        { matchers: 'severity="critical"', receiver: 'pager', continue: true },
        { matchers: 'team="a"', receiver: 'a' },
        { matchers: 'team="b"', receiver: 'b' },
      ],
    });
    const pagers = new Map([
      ['pager', 'pagerduty'],
      ['a', 'opsgenie'],
    ]);
    const of = (labels: Record<string, string>) => routed([alert('A', labels)], { route: tree, pagers });
    expect(of({ team: 'c', severity: 'warning' })).toEqual(['unrouted-label']);
    expect(of({ team: 'c', severity: 'critical' })).toEqual([]);
    expect(of({ team: 'a', severity: 'critical' })).toEqual(['paged-twice']);
    expect(of({ team: 'b', severity: 'critical' })).toEqual([]);
    const open = alert('A', { team: '{{ $labels.team }}', severity: 'warning' }, 'x > 1');
    expect(routed([open], { route: tree, pagers })).toEqual([]);
  });
});

describe('against what is stored', () => {
  const stored: Record<string, string[]> = {
    up: ['__name__', 'job', 'instance'],
    temp: ['__name__', 'job'],
  };
  const source = {
    labelNames: async ([matcher]: readonly { readonly value: string }[]) => stored[matcher!.value] ?? [],
    types: async () => new Map([['temp', 'gauge']]),
  };
  async function against(expr: string, records: readonly RuleText[] = []): Promise<string[]> {
    const groups = [ruleGroup([{ alert: 'A', expr, annotations: ANNOTATED }, ...records])];
    return shown(lint({ groups, facts: await gatherFacts(parsedRules(groups), source) }));
  }

  test.each<[expr: string, checks: string[]]>([
    ['none > 1', ['metric-unknown']],
    ['absent(none)', []],
    ['up{job="x"} == 0', []],
    ['ALERTS > 1', []],
    ['sum by (job) (up) > 1', []],
    ['sum by (cluster) (up) > 1', ['label-unknown']],
    ['sum by (cluster) (label_replace(up, "cluster", "$1", "job", "(.*)")) > 1', []],
    ['up * on (instance) temp > 1', ['label-unknown']],
    ['up * on (job) temp > 1', []],
    ['rate(temp[5m]) > 1', ['rate-of-gauge']],
    ['container_restart_count > 1', ['metric-unknown']],
  ])('%s', async (expr, checks) => {
    expect(await against(expr)).toEqual(checks);
  });

  test('what is recorded may come yet', async () => {
    expect(await against('job:up:sum > 1', [{ record: 'job:up:sum', expr: 'sum by (job) (up)' }])).toEqual(
      [],
    );
  });
});
