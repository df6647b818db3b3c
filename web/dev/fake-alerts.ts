import type { FakeAnswer, Scenario, Silence } from './fake-api.ts';
import type { FakeNotified } from './fake-notifier.ts';

/** Made-up rules and the alerts of the busy scenario. */
const MINUTE = 60_000;

/** Expressions of the alerts that can fire, as the links of their notifications carry them. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  HighErrorRate:
    '(sum by (job) (rate(http_requests_total{status=~"5.."}[5m])) / sum by (job) (rate(http_requests_total[5m]))) > 0.05',
  LowDiskSpace:
    'node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"} * 100 < 15',
};

export function fakeAlerts(scenario: Scenario, now: number): FakeAlert[] {
  if (scenario !== 'busy') return [];
  const alert = alertAt(now);
  return [
    alert(
      'HighErrorRate',
      'firing',
      12 * MINUTE,
      '5.312e-02',
      { job: 'backend', severity: 'critical', team: 'backend' },
      'High error rate detected on backend',
    ),
    alert(
      'LowDiskSpace',
      'firing',
      190 * MINUTE,
      '8.1e+00',
      {
        job: 'node',
        instance: 'host-2:9100',
        device: '/dev/sda1',
        mountpoint: '/',
        severity: 'critical',
        team: 'devops',
      },
      'Low disk space on host-2:9100',
    ),
    alert(
      'DatabaseSlowQueries',
      'firing',
      50 * MINUTE,
      '1.4e+00',
      { job: 'postgres', instance: 'db-1:9187', severity: 'warning', team: 'backend' },
      'Database queries are slow',
    ),
    alert(
      'HighMemoryUsage',
      'pending',
      3 * MINUTE,
      '8.614e+01',
      { job: 'node', instance: 'host-2:9100', severity: 'warning', team: 'devops' },
      'High memory usage on host-2:9100',
    ),
  ];
}

export type FakeAlert = ReturnType<ReturnType<typeof alertAt>>;

const agoOf =
  (now: number) =>
  (ms: number): string =>
    new Date(now - ms).toISOString();

const alertAt =
  (now: number) =>
  (
    alertname: string,
    state: string,
    age: number,
    value: string,
    labels: Record<string, string>,
    summary: string,
  ) => {
    return {
      labels: { alertname, ...labels },
      annotations: {
        summary,
        description: `${summary}: the value is ${Number(value)}.`,
        runbook_url: `https://wiki.example.com/runbooks/${alertname}`,
      },
      state,
      activeAt: agoOf(now)(age),
      value,
    };
  };

/** The same as the notifier sees them. */
export function fakeNotified(scenario: Scenario, silences: readonly Silence[], now: number) {
  return fakeAlerts(scenario, now)
    .filter((a) => a.state === 'firing')
    .map((a) => {
      const silencedBy = silences
        .filter(
          (s) =>
            s.status.state === 'active' &&
            (s.matchers as { name: string; value: string }[]).some(
              (m) => m.name === 'alertname' && m.value === a.labels.alertname,
            ),
        )
        .map((s) => s.id);
      return {
        labels: { ...a.labels, environment: 'production' },
        annotations: a.annotations,
        fingerprint: a.labels.alertname,
        receivers: [{ name: `team-${(a.labels as Record<string, string>).team}` }],
        status: {
          state: silencedBy.length ? 'suppressed' : 'active',
          silencedBy,
          inhibitedBy: [],
          mutedBy: [],
        },
        startsAt: a.activeAt,
        endsAt: agoOf(now)(-5 * MINUTE),
        generatorURL: `http://host-1:9797/graph?g0.expr=${encodeURIComponent(EXPRESSIONS[a.labels.alertname] ?? 'up')}&g0.tab=1`,
      };
    });
}

export const notifiedFacts = (
  scenario: Scenario,
  silences: readonly Silence[],
  now: number,
): FakeNotified[] =>
  fakeNotified(scenario, silences, now).map(({ labels, annotations, startsAt, status }) => ({
    name: labels.alertname,
    labels,
    annotations,
    age: now - Date.parse(startsAt),
    team: (labels as Record<string, string>).team!,
    silencedBy: status.silencedBy,
  }));

export function fakeGroups(scenario: Scenario, now: number): unknown[] {
  if (scenario === 'empty') return [];
  const all = fakeAlerts(scenario, now);
  const ago = agoOf(now);
  const rule = (
    name: string,
    query: string,
    minutes: number,
    severity: string,
    team: string,
    summary: string,
    health = 'ok',
    lastError = '',
  ) => {
    const own = all.filter((a) => a.labels.alertname === name);
    return {
      type: 'alerting',
      name,
      query,
      duration: minutes * 60,
      keepFiringFor: 0,
      labels: { severity, team },
      health,
      lastError,
      annotations: {
        summary,
        description: `${summary}: {{ $value }}`,
        runbook_url: `https://wiki.example.com/runbooks/${name}`,
      },
      alerts: own,
      state: own.some((a) => a.state === 'firing') ? 'firing' : own.length > 0 ? 'pending' : 'inactive',
      evaluationTime: 0.0021,
      lastEvaluation: ago(8000),
    };
  };
  return [
    {
      name: 'application',
      file: 'alerts/application.yml',
      interval: 30,
      evaluationTime: 0.01,
      lastEvaluation: ago(8000),
      rules: [
        rule(
          'HighErrorRate',
          '(\n  sum by (job) (rate(http_requests_total{status=~"5.."}[5m]))\n/\n  sum by (job) (rate(http_requests_total[5m]))\n) > 0.05',
          5,
          'critical',
          'backend',
          'High error rate detected on {{ $labels.job }}',
        ),
        rule(
          'SlowResponseTime',
          'histogram_quantile(0.95, sum by (job, le) (rate(http_request_duration_seconds_bucket[5m]))) > 2',
          10,
          'warning',
          'backend',
          'Slow response times on {{ $labels.job }}',
        ),
        rule(
          'WebSocketConnectionSpike',
          'rate(websocket_connections_active[5m]) > 100',
          5,
          'warning',
          'backend',
          'Unusual WebSocket connection rate',
        ),
      ],
    },
    {
      name: 'infrastructure',
      file: 'alerts/infrastructure.yml',
      interval: 30,
      evaluationTime: 0.01,
      lastEvaluation: ago(8000),
      rules: [
        rule(
          'HighCPUUsage',
          '100 - avg by (instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) * 100 > 80',
          10,
          'warning',
          'devops',
          'High CPU usage on {{ $labels.instance }}',
        ),
        rule(
          'HighMemoryUsage',
          '(1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes) * 100 > 85',
          10,
          'warning',
          'devops',
          'High memory usage on {{ $labels.instance }}',
        ),
        rule(
          'LowDiskSpace',
          'node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"} * 100 < 15',
          5,
          'critical',
          'devops',
          'Low disk space on {{ $labels.instance }}',
        ),
      ],
    },
    {
      name: 'database',
      file: 'alerts/database.yml',
      interval: 30,
      evaluationTime: 0.01,
      lastEvaluation: ago(8000),
      rules: [
        rule(
          'DatabaseSlowQueries',
          'rate(pg_stat_statements_mean_time_seconds[5m]) > 1',
          10,
          'warning',
          'backend',
          'Database queries are slow',
        ),
        rule(
          'DatabaseConnectionPoolExhausted',
          'pg_stat_activity_count / pg_settings_max_connections > 0.9',
          5,
          'critical',
          'database',
          'Database connection pool is almost exhausted on {{ $labels.instance }}, new connections will be refused',
        ),
        rule(
          'DatabaseReplicationLag',
          'pg_replication_lag > on() group_left db_limit',
          5,
          'critical',
          'database',
          'Database replication lag detected',
          'err',
          'many-to-many matching not allowed: matching labels must be unique on one side',
        ),
      ],
    },
  ];
}

/** Three firings in the period asked for, whatever is tried. */
export function rehearsed(body: string, now: number): FakeAnswer {
  const { from, to } = JSON.parse(body) as { from: number; to: number };
  const iso = (share: number): string => new Date((from + (to - from) * share) * 1000).toISOString();
  const firings = [0.2, 0.5, 0.9].map((share) => ({
    labels: { alertname: 'HighErrorRate', job: 'backend' },
    annotations: {},
    pendingAt: iso(share - 0.01),
    firingAt: iso(share),
    resolvedAt: share < 0.9 ? iso(share + 0.05) : undefined,
  }));
  const summary = {
    firings: 3,
    alerts: 1,
    pendingOnly: 0,
    longestMs: 4_320_000,
    totalMs: 9e6,
    nightShare: 0,
    flaps: 0,
  };
  const routing = {
    notifications: 4,
    receivers: [{ receiver: 'team-backend', integration: 'slack', notifications: 4 }],
  };
  return {
    status: 200,
    body: {
      from: iso(0),
      to: new Date(Math.min(now, to * 1000)).toISOString(),
      summary,
      errors: [],
      firings,
      routing,
    },
  };
}

/** Two firings of 15 min each, for every alert of the name. */
export function pastOf(
  query: URLSearchParams,
  alerts: readonly { readonly labels: Readonly<Record<string, string>> }[],
  now: number,
): FakeAnswer {
  const iso = (ms: number): string => new Date(now - ms).toISOString();
  const episodes = [9, 3].map((hours) => ({
    isFiringBefore: false,
    value: 1,
    firingAt: iso(hours * 60 * MINUTE),
    endedAt: iso(hours * 60 * MINUTE - 15 * MINUTE),
  }));
  const own = alerts.filter(({ labels }) => labels.alertname === query.get('alertname'));
  return { status: 200, body: { alerts: own.map(({ labels }) => ({ labels, fingerprint: 'x', episodes })) } };
}
