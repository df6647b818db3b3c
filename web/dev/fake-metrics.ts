/** Made-up series for looking at the page: recognises the page's own expressions by what they mention, draws waves for the rest. */
export interface FakeSeries {
  readonly metric: Readonly<Record<string, string>>;
  /** Value at a time in Unix seconds; undefined is a hole. */
  at(time: number): number | undefined;
}

type Metric = Readonly<Record<string, string>>;

const HOSTS: readonly Metric[] = [
  { job: 'node', instance: 'host-1:9100' },
  { job: 'node', instance: 'host-2:9100' },
];

const SERVICES: readonly Metric[] = [
  { job: 'backend', instance: 'backend-1:8000' },
  { job: 'backend', instance: 'backend-2:8000' },
  { job: 'belfry', instance: '127.0.0.1:9797' },
];

/** Smooth noise around `mean`, the same for the same seed and time. */
function wave(seed: number, mean: number, swing: number): (time: number) => number {
  return (time) => {
    const t = time / 60 + seed * 977;
    const jitter = Math.sin(Math.floor(time / 15) * 12.9898 + seed * 78.233) * 43_758.5453;
    const noise = (jitter - Math.floor(jitter) - 0.5) * 0.5;
    return (
      mean +
      swing * (0.55 * Math.sin(t / 17) + 0.3 * Math.sin(t / 5.3 + 1) + 0.15 * Math.sin(t / 1.7) + noise * 0.6)
    );
  };
}

const positive = (f: (time: number) => number) => (time: number) => Math.max(0, f(time));
const each = (
  metrics: readonly Metric[],
  make: (metric: Metric, index: number) => (time: number) => number | undefined,
) => metrics.map((metric, index): FakeSeries => ({ metric, at: make(metric, index) }));
const one = (at: (time: number) => number | undefined, metric: Metric = {}): FakeSeries[] => [{ metric, at }];

const GB = 1024 ** 3;

/** Climbs over its usual level some minutes before now and stays there. */
const climbing =
  (base: number, top: number, minutes: number, seed: number) =>
  (time: number): number => {
    const since = time - (Date.now() / 1000 - minutes * 60);
    const share = Math.min(1, Math.max(0, (since + 300) / 600));
    return wave(seed, base + (top - base) * share, base * 0.4)(time);
  };

/** When made-up alerts were pending and firing, in minutes before now: the present one, and one of before. */
const FIRINGS: Readonly<
  Record<string, readonly (readonly [pending: number, firing: number, end: number])[]>
> = {
  HighErrorRate: [
    [17, 12, 0],
    [44, 39, 33],
  ],
  LowDiskSpace: [[195, 190, 0]],
  DatabaseSlowQueries: [[60, 50, 0]],
  HighMemoryUsage: [[3, 0, 0]],
};

function firingSeries(expr: string): FakeSeries[] {
  const name = /alertname="([^"]+)"/.exec(expr)?.[1] ?? '';
  const isIn = (time: number, from: number, to: number): boolean => {
    const minutesAgo = (Date.now() / 1000 - time) / 60;
    return minutesAgo <= from && minutesAgo >= to;
  };
  const of = (state: 'pending' | 'firing'): FakeSeries => ({
    metric: { __name__: 'ALERTS', alertname: name, alertstate: state },
    at: (time) =>
      (FIRINGS[name] ?? []).some(([pending, firing, end]) =>
        state === 'pending' ? isIn(time, pending, firing) : isIn(time, firing, end),
      )
        ? 1
        : undefined,
  });
  return [of('pending'), of('firing')];
}

/** Counters of buckets: how many took at most so long. */
function bucketSeries(): FakeSeries[] {
  const bounds = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '+Inf'];
  return bounds.map((le, i) => ({
    metric: { le },
    at: (time) => {
      const middle = 4.5 + 1.6 * Math.sin(time / 1400);
      return 40 / (1 + Math.exp(-(i - middle) * 1.3)) + i * 0.05;
    },
  }));
}

const KNOWN: readonly (readonly [pattern: RegExp, make: (expr: string) => FakeSeries[]])[] = [
  [/^ALERTS\{/, firingSeries],
  [/^(?!histogram_quantile).*_bucket/, bucketSeries],
  [
    /state|enabled|_up\b/,
    () =>
      each(
        HOSTS,
        (_, i) => (time) => (Math.sin(time / 900 + i) > 0.4 ? 2 : Math.sin(time / 700) > 0 ? 1 : 0),
      ),
  ],
  [
    /rate\(http_requests_total\{status=~"5.."\}\[5m\]\)\)\s*\//,
    () => one(climbing(0.02, 0.055, 17, 71), { job: 'backend' }),
  ],
  [
    /^node_filesystem_avail_bytes\{mountpoint="\/"\} \/ .*100$/,
    () =>
      HOSTS.map((host, i) => ({
        metric: { ...host, mountpoint: '/' },
        at: i ? climbing(19, 8.1, 190, 73) : wave(72, 39, 0.5),
      })),
  ],
  [
    /^1 - avg by \(job, instance\).*idle/,
    () => each(HOSTS, (_, i) => positive(wave(i + 1, i ? 0.62 : 0.23, i ? 0.2 : 0.1))),
  ],
  [/^1 - node_memory/, () => each(HOSTS, (_, i) => wave(i + 11, i ? 0.83 : 0.54, 0.03))],
  [
    /^max by \(job, instance\).*filesystem/,
    () => each(HOSTS, (_, i) => (time) => (i ? 0.919 : 0.61) + (time % 86_400) / 4e7),
  ],
  [
    /process_cpu_seconds/,
    () =>
      each(SERVICES, (m, i) =>
        positive(wave(i + 21, m.job === 'belfry' ? 0.012 : 0.31, m.job === 'belfry' ? 0.008 : 0.12)),
      ),
  ],
  [/process_resident_memory_bytes\{job="belfry"\}/, () => one(() => 104_857_600)],
  [
    /process_resident_memory/,
    () =>
      each(SERVICES, (m, i) =>
        wave(i + 31, m.job === 'belfry' ? 1.04e8 : 4.1e8, m.job === 'belfry' ? 2e6 : 3e7),
      ),
  ],
  [/mode=~"user/, () => one(positive(wave(41, 0.16, 0.08)))],
  [/mode=~"system/, () => one(positive(wave(42, 0.05, 0.02)))],
  [/mode="iowait"/, () => one(positive(wave(43, 0.015, 0.02)))],
  [/mode="steal"/, () => one(positive(wave(44, 0.002, 0.002)))],
  [/node_memory_MemTotal_bytes\{[^}]*\} - /, () => one(wave(45, 8.7 * GB, 0.5 * GB))],
  [/^node_memory_MemTotal_bytes/, () => one(() => 15.6 * GB)],
  [/SwapTotal/, () => one(wave(46, 0.4 * GB, 0.02 * GB))],
  [
    /^max by \(mountpoint\)/,
    () => [
      { metric: { mountpoint: '/' }, at: wave(47, 0.61, 0.004) },
      { metric: { mountpoint: '/var/lib/postgresql' }, at: wave(48, 0.34, 0.006) },
      { metric: { mountpoint: '/boot' }, at: () => 0.22 },
    ],
  ],
  [/node_disk_read/, () => one(positive(wave(49, 1.2e6, 1.6e6)))],
  [/node_disk_written/, () => one(positive(wave(50, 4.2e6, 3e6)))],
  [/network_receive/, () => one(positive(wave(51, 3.4e7, 2e7)))],
  [/network_transmit/, () => one(positive(wave(52, 1.1e7, 8e6)))],
  [/^node_load1\{/, () => one(positive(wave(53, 1.1, 0.9)))],
  [/^node_load5\{/, () => one(positive(wave(54, 1.05, 0.4)))],
  [/^node_load15\{/, () => one(positive(wave(55, 1, 0.2)))],
  [/belfry_tsdb_samples_appended_total/, () => one(() => 1342.7)],
  [/belfry_tsdb_storage_bytes/, () => one(() => 3.42e9)],
  [
    /by \(method\)/,
    () =>
      ['GET', 'POST', 'PUT', 'DELETE'].map((method, i) => ({
        metric: { method },
        at: positive(wave(60 + i, 240 / (i * 2 + 1), 70 / (i + 1))),
      })),
  ],
  [/histogram_quantile\(0\.50/, () => one(positive(wave(70, 0.045, 0.012)))],
  [
    /histogram_quantile\(0\.95, sum\(rate\(http_request_duration_seconds_bucket\[5m\]\)\) by \(le/,
    () => one(positive(wave(71, 0.31, 0.09))),
  ],
  [/histogram_quantile\(0\.99/, () => one(positive(wave(72, 0.78, 0.3)))],
  [
    /topk\(10/,
    () =>
      ['/api/rooms', '/api/login', '/api/boards/:id', '/api/uploads'].map((endpoint, i) => ({
        metric: { endpoint },
        at: positive(wave(80 + i, 0.9 / (i + 1), 0.1)),
      })),
  ],
  [/status=~"5\.\."/, () => one(positive(wave(73, 3.1, 1.2)))],
  [/frontend_active_users/, () => one(positive(wave(74, 184, 40)))],
  [/websocket_connections/, () => one(positive(wave(75, 1240, 200)))],
  [/cache_operations/, () => one(wave(76, 82, 4))],
  [
    /page_load/,
    () =>
      ['/', '/board', '/login'].map((page, i) => ({
        metric: { page },
        at: positive(wave(77 + i, 1.4 + i * 0.5, 0.4)),
      })),
  ],
  [
    /xact_(commit|rollback)/,
    (expr) =>
      ['app', 'postgres'].map((datname, i) => ({
        metric: { datname, instance: 'db-1:9187' },
        at: positive(
          wave(90 + i + expr.length, expr.includes('commit') ? 90 / (i + 1) : 2 / (i + 1), 20 / (i * 4 + 1)),
        ),
      })),
  ],
  [
    /^up/,
    () =>
      each(
        [...HOSTS, ...SERVICES, { job: 'redis', instance: 'redis:9121' }],
        (m) => () => (m.job === 'redis' ? 0 : 1),
      ).map((s) => ({ ...s, metric: { __name__: 'up', ...s.metric } })),
  ],
];

export function fakeSeries(expr: string): FakeSeries[] {
  const known = KNOWN.find(([pattern]) => pattern.test(expr.trim()));
  if (known) return known[1](expr);
  if (/nothing|absent_metric/.test(expr)) return [];
  const name = /[a-zA-Z_:][\w:]*(?=\{|\[|\s*$|\))/.exec(expr)?.[0] ?? 'value';
  return ['a', 'b', 'c', 'd'].map((label, i) => ({
    metric: { __name__: name, instance: `host-${i + 1}:9100`, device: label },
    at: (time) =>
      i === 3 && time % 1800 < 300 ? undefined : positive(wave(100 + i + name.length, 40 + 25 * i, 14))(time),
  }));
}
