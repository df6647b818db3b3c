/** What the page Status and the frame ask for. */
const MINUTE = 60_000;

export const ME = {
  kind: 'anyone',
  name: '',
  role: null,
  scopes: ['read', 'respond', 'ingest', 'admin'],
  canLogOut: false,
  isLoginNeeded: false,
};

export const BUILD = {
  version: '0.1.0',
  revision: '6f0a1c9',
  branch: 'main',
  buildUser: '',
  buildDate: '2026-11-23T06:00:00Z',
  goVersion: 'node v24.21.0',
};

export const FLAGS = {
  config: 'belfry.yaml',
  data: './data',
  listen: '127.0.0.1:9797',
  'web.external-url': '',
};

export const runtime = (now: number): unknown => ({
  startTime: new Date(now - 3 * 86_400_000 - 5 * 3_600_000).toISOString(),
  serverTime: new Date(now).toISOString(),
  CWD: '/srv/belfry',
  hostname: 'host-1',
  reloadConfigSuccess: true,
  lastConfigTime: new Date(now - 86_400_000).toISOString(),
  timeSeriesCount: 1204,
  corruptionCount: 0,
  goroutineCount: 2,
  GOMAXPROCS: 2,
  GOGC: '',
  storageRetention: '30d or 20GB',
});

export function storedFiles(now: number): unknown[] {
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

export function tsdb(): unknown {
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

export const CONFIG = `global:
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
