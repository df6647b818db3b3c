import { fakeSeries } from './fake-metrics.ts';
import { type FakeNotified, fakeOutbox, fakeSent, fakeTrace } from './fake-notifier.ts';

/** Series of users that a target made up. */
const PARKED = {
  series: 81_234,
  since: '2026-01-01T10:00:00.000Z',
  reason: 'series_budget of 200000 used up by 200000 series of the target',
  metrics: [
    {
      metric: 'http_requests_total',
      series: 80_112,
      label: 'user_id',
      values: 100,
      rule: '- source_labels: [__name__, user_id]\n  regex: "http_requests_total;.+"\n  action: drop\n',
    },
    {
      metric: 'carts_open',
      series: 1122,
      label: 'session',
      values: 31,
      rule: '- source_labels: [__name__, session]\n  regex: "carts_open;.+"\n  action: drop\n',
    },
  ],
};

export type Scenario = 'busy' | 'calm' | 'empty' | 'broken';

export interface FakeAnswer {
  readonly status: number;
  readonly body: unknown;
}

interface Silence {
  id: string;
  matchers: unknown[];
  startsAt: string;
  endsAt: string;
  createdBy: string;
  comment: string;
  status: { state: 'active' | 'expired' };
}

/** Answers the page's requests with made-up data; silences can really be made and ended. */
export interface FakeApi {
  scenario: Scenario;
  readonly silences: Silence[];
  answer(method: string, path: string, query: URLSearchParams, body: string): FakeAnswer | undefined;
}

interface NotifiedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly status: { readonly silencedBy: readonly string[] };
}

const MINUTE = 60_000;

const ME = {
  kind: 'anyone',
  name: '',
  role: null,
  scopes: ['read', 'respond', 'ingest', 'admin'],
  canLogOut: false,
  isLoginNeeded: false,
};

/** Expressions of the alerts that can fire, as the links of their notifications carry them. */
const EXPRESSIONS: Readonly<Record<string, string>> = {
  HighErrorRate:
    '(sum by (job) (rate(http_requests_total{status=~"5.."}[5m])) / sum by (job) (rate(http_requests_total[5m]))) > 0.05',
  LowDiskSpace:
    'node_filesystem_avail_bytes{mountpoint="/"} / node_filesystem_size_bytes{mountpoint="/"} * 100 < 15',
};

export function createFakeApi(scenario: Scenario, now: () => number): FakeApi {
  let nextId = 1;
  let isResent = false;
  const ago = (ms: number): string => new Date(now() - ms).toISOString();
  const ok = (data: unknown): FakeAnswer => ({ status: 200, body: { status: 'success', data } });
  const api: FakeApi = {
    scenario,
    silences: [
      {
        id: 'f1d7',
        matchers: [
          { name: 'alertname', value: 'DatabaseSlowQueries', isRegex: false, isEqual: true },
          { name: 'instance', value: 'db-.*', isRegex: true, isEqual: true },
        ],
        startsAt: ago(40 * MINUTE),
        endsAt: ago(-80 * MINUTE),
        createdBy: 'maria',
        comment: 'reindexing until ten',
        status: { state: 'active' },
      },
      {
        id: 'e009',
        matchers: [{ name: 'job', value: 'redis', isRegex: false, isEqual: true }],
        startsAt: ago(300 * MINUTE),
        endsAt: ago(180 * MINUTE),
        createdBy: 'jo',
        comment: 'moved to the new host',
        status: { state: 'expired' },
      },
    ],
    answer(method, path, query, body) {
      if (api.scenario === 'broken')
        return {
          status: 503,
          body: { status: 'error', errorType: 'unavailable', error: 'the log is being replayed' },
        };
      const get = method === 'GET';
      if (path === '/api/v1/query_range') return ok({ resultType: 'matrix', result: range(query) });
      if (path === '/api/v1/query') return instant(query, now());
      if (get && path === '/api/v1/labels') return ok(['__name__', 'instance', 'job', 'mode']);
      if (get && path === '/api/v1/series') return ok([]);
      if (get && path === '/api/v1/metadata')
        return ok({ http_requests_total: [{ type: 'counter', help: 'Requests answered.', unit: '' }] });
      if (get && path.startsWith('/api/v1/label/')) return ok(labelValues(path));
      if (get && path === '/api/v1/alerts') return ok({ alerts: alerts() });
      if (get && path === '/api/v1/rules') return ok({ groups: groups() });
      if (get && path === '/api/v1/targets')
        return ok({ activeTargets: targets(), droppedTargets: DROPPED, droppedTargetCounts: { backend: 2 } });
      const traced = /^\/api\/alerts\/([^/]+)\/trace$/.exec(path)?.[1];
      if (get && traced !== undefined) {
        const found = notifiedFacts().find((one) => one.name === traced);
        return found
          ? { status: 200, body: fakeTrace(found, now()) }
          : { status: 404, body: { error: `no alert ${JSON.stringify(traced)} is known` } };
      }
      if (method === 'POST' && path === '/api/rehearse') return rehearsed(body, now());
      if (get && path === '/api/alerts/history')
        return pastOf(query, alerts() as ReturnType<typeof alert>[], now());
      if (get && path === '/api/annotations')
        return {
          status: 200,
          body: [
            {
              id: 1,
              time: now() - 20 * MINUTE,
              timeEnd: now() - 20 * MINUTE,
              text: 'v1.2 is out',
              tags: ['deploy'],
            },
          ],
        };
      if (get && path === '/api/queries') return { status: 200, body: [] };
      if (get && path === '/api/discovery') return { status: 200, body: [] };
      if (get && path === '/api/v1/status/tsdb/blocks') return ok({ blocks: storedFiles(now()) });
      if (get && path === '/api/v1/status/flags')
        return ok({
          config: 'belfry.yaml',
          data: './data',
          listen: '127.0.0.1:9797',
          'web.external-url': '',
        });
      if (get && path === '/api/notifications/outbox')
        return { status: 200, body: api.scenario === 'busy' && !isResent ? fakeOutbox(now()) : [] };
      if (method === 'POST' && path === '/api/notifications/outbox/resend') {
        isResent = true;
        return { status: 202, body: undefined };
      }
      if (get && path === '/api/notifications') {
        const wanted = query.get('search') ?? '';
        const sent = fakeSent(notifiedFacts(), now()).filter(
          (one) =>
            (query.get('outcome') ?? one.outcome) === one.outcome && JSON.stringify(one).includes(wanted),
        );
        return { status: 200, body: sent };
      }
      if (get && path === '/api/v2/alerts') return { status: 200, body: notified() };
      if (get && path === '/api/v2/silences') return { status: 200, body: api.silences };
      if (method === 'POST' && path === '/api/v2/silences') return createSilence(body);
      if (method === 'DELETE' && path.startsWith('/api/v2/silence/'))
        return expireSilence(path.split('/').at(-1)!);
      if (get && path === '/api/v1/status/buildinfo')
        return ok({
          version: '0.1.0',
          revision: '6f0a1c9',
          branch: 'main',
          buildUser: '',
          buildDate: '2026-11-23T06:00:00Z',
          goVersion: 'node v24.21.0',
        });
      if (get && path === '/api/v1/status/runtimeinfo')
        return ok({
          startTime: ago(3 * 86_400_000 + 5 * 3_600_000),
          serverTime: ago(0),
          CWD: '/srv/belfry',
          hostname: 'host-1',
          reloadConfigSuccess: true,
          lastConfigTime: ago(86_400_000),
          timeSeriesCount: 1204,
          corruptionCount: 0,
          goroutineCount: 2,
          GOMAXPROCS: 2,
          GOGC: '',
          storageRetention: '30d or 20GB',
        });
      if (get && path === '/api/me') return { status: 200, body: ME };
      if (get && ['/api/sessions', '/api/tokens', '/api/audit'].includes(path))
        return { status: 200, body: [] };
      if (get && path === '/api/status') return { status: 200, body: { degraded: null } };
      if (get && path === '/api/v1/status/tsdb') return ok(tsdb());
      if (get && path === '/api/v1/status/config') return ok({ yaml: CONFIG });
      return undefined;
    },
  };

  function alerts(): unknown[] {
    if (api.scenario !== 'busy') return [];
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

  function alert(
    alertname: string,
    state: string,
    age: number,
    value: string,
    labels: Record<string, string>,
    summary: string,
  ) {
    return {
      labels: { alertname, ...labels },
      annotations: {
        summary,
        description: `${summary}: the value is ${Number(value)}.`,
        runbook_url: `https://wiki.example.com/runbooks/${alertname}`,
      },
      state,
      activeAt: ago(age),
      value,
    };
  }

  function notified(): unknown[] {
    return (alerts() as ReturnType<typeof alert>[])
      .filter((a) => a.state === 'firing')
      .map((a) => {
        const silencedBy = api.silences
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
          endsAt: ago(-5 * MINUTE),
          generatorURL: `http://host-1:9797/graph?g0.expr=${encodeURIComponent(EXPRESSIONS[a.labels.alertname] ?? 'up')}&g0.tab=1`,
        };
      });
  }

  function notifiedFacts(): FakeNotified[] {
    return (notified() as NotifiedAlert[]).map(({ labels, annotations, startsAt, status }) => ({
      name: labels.alertname!,
      labels,
      annotations,
      age: now() - Date.parse(startsAt),
      team: labels.team!,
      silencedBy: status.silencedBy,
    }));
  }

  function groups(): unknown[] {
    if (api.scenario === 'empty') return [];
    const all = alerts() as ReturnType<typeof alert>[];
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

  function targets(): unknown[] {
    if (api.scenario === 'empty') return [];
    const target = (
      job: string,
      instance: string,
      ms: number,
      health = 'up',
      lastError = '',
      path = '/metrics',
    ) => ({
      labels: { job, instance },
      discoveredLabels: { __address__: instance },
      scrapePool: job,
      scrapeUrl: `http://${instance}${path}`,
      globalUrl: `http://${instance}${path}`,
      lastError,
      lastScrape: health === 'unknown' ? '0001-01-01T00:00:00Z' : ago(7000 + ms * 10),
      lastScrapeDuration: ms / 1000,
      health,
      scrapeInterval: '15s',
      scrapeTimeout: '10s',
    });
    const isBusy = api.scenario === 'busy';
    return [
      target('node', 'host-1:9100', 2.1),
      target('node', 'host-2:9100', 3.4),
      target('backend', 'backend-1:8000', 11.2),
      target('backend', 'backend-2:8000', 12.9),
      target('belfry', '127.0.0.1:9797', 1.3),
      isBusy
        ? target('redis', 'redis:9121', 0.8, 'down', 'connect ECONNREFUSED 10.0.4.7:9121')
        : target('redis', 'redis:9121', 1.9),
      ...(isBusy ? [{ ...target('shop', 'shop-1:8080', 42), parked: PARKED }] : []),
      ...(isBusy ? [target('postgres', 'db-1:9187', 0, 'unknown')] : []),
    ];
  }

  function createSilence(body: string): FakeAnswer {
    const { id: old, ...rest } = JSON.parse(body) as Silence;
    const known = api.silences.find((s) => s.id === old);
    if (known) {
      Object.assign(known, rest);
      return { status: 200, body: { silenceID: known.id } };
    }
    const id = `new-${nextId++}`;
    api.silences.push({ ...rest, id, status: { state: 'active' } });
    return { status: 200, body: { silenceID: id } };
  }

  function expireSilence(id: string): FakeAnswer {
    const silence = api.silences.find((s) => s.id === id);
    if (!silence) return { status: 404, body: 'silence not found' };
    silence.status.state = 'expired';
    silence.endsAt = ago(0);
    return { status: 200, body: undefined };
  }

  return api;
}

const DROPPED = ['backend-3:8000', 'backend-canary:8000'].map((address) => ({
  discoveredLabels: {
    __address__: address,
    __meta_dns_name: 'backend.internal',
    __metrics_path__: '/metrics',
    __scheme__: 'http',
    job: 'backend',
  },
  scrapePool: 'backend',
}));

/** Three firings in the period asked for, whatever is tried. */
function rehearsed(body: string, now: number): FakeAnswer {
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
function pastOf(
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

function storedFiles(now: number): unknown[] {
  const day = 1440 * MINUTE;
  const today = Math.floor(now / day) * day;
  return [0, 1, 2, 3].map((ago) => ({
    ulid: String(ago),
    minTime: today - ago * day,
    maxTime: today - (ago - 1) * day,
    stats: { numBytes: ago === 0 ? 12e6 : 31e6 + ago * 1e6 },
    compaction: { level: ago === 0 ? 1 : 2 },
  }));
}

function range(query: URLSearchParams): unknown[] {
  const [start, end, step] = ['start', 'end', 'step'].map((name) => Number(query.get(name))) as [
    number,
    number,
    number,
  ];
  return fakeSeries(query.get('query') ?? '').map(({ metric, at }) => {
    const values: [number, string][] = [];
    for (let time = start; time <= end + 1e-6; time += step) {
      const value = at(time);
      if (value !== undefined) values.push([time, String(value)]);
    }
    return { metric, values };
  });
}

function instant(query: URLSearchParams, now: number): FakeAnswer {
  const expr = query.get('query') ?? '';
  if (/[({[]$/.test(expr.trim())) {
    return {
      status: 400,
      body: {
        status: 'error',
        errorType: 'bad_data',
        error: 'invalid parameter "query": 1:5: parse error: unclosed left parenthesis',
      },
    };
  }
  const time = query.has('time') ? Number(query.get('time')) : now / 1000;
  const result = fakeSeries(expr).map(({ metric, at }) => ({ metric, value: [time, String(at(time) ?? 0)] }));
  return { status: 200, body: { status: 'success', data: { resultType: 'vector', result } } };
}

function labelValues(path: string): string[] {
  const name = decodeURIComponent(path.split('/')[4] ?? '');
  if (name === 'job') return ['backend', 'belfry', 'node', 'postgres', 'redis'];
  if (name === 'instance') return ['host-1:9100', 'host-2:9100'];
  return ['a', 'b', 'c'];
}

function tsdb(): unknown {
  const top = (pairs: [string, number][]) => pairs.map(([name, value]) => ({ name, value }));
  return {
    headStats: {
      numSeries: 1204,
      numLabelPairs: 311,
      chunkCount: 2408,
      minTime: Date.now() - 7_200_000,
      maxTime: Date.now() - 4000,
    },
    seriesCountByMetricName: top([
      ['http_request_duration_seconds_bucket', 312],
      ['node_cpu_seconds_total', 64],
      ['http_requests_total', 48],
      ['node_network_receive_bytes_total', 12],
      ['node_filesystem_avail_bytes', 9],
    ]),
    labelValueCountByLabelName: top([
      ['__name__', 214],
      ['le', 26],
      ['endpoint', 18],
      ['device', 12],
      ['mode', 8],
    ]),
    memoryInBytesByLabelName: top([['__name__', 5120]]),
    seriesCountByLabelValuePair: top([
      ['job=backend', 402],
      ['job=node', 388],
      ['job=belfry', 96],
      ['job=postgres', 88],
    ]),
  };
}

const CONFIG = `global:
  scrape_interval: 15s
  evaluation_interval: 15s
  external_labels:
    environment: production
rule_files:
  - alerts/*.yml
scrape_configs:
  - job_name: backend
    static_configs:
      - targets: [backend-1:8000, backend-2:8000]
receivers:
  - name: team-backend
    slack_configs:
      - api_url: <secret>
        channel: '#backend-alerts'
`;
