import { expect, test } from 'vitest';
import { systemClock } from '../../clock.ts';
import { hostConfig } from '../../config/host.ts';
import { METRIC_TYPES } from '../../exposition/parser.ts';
import { TextParser } from '../../exposition/text-parser.ts';
import { formatSeries, labelsOf } from '../../model/labels.ts';
import { hasNodeExporter, runNodeExporter } from '../../testing/node-exporter.ts';
import { silentLog } from '../../testing/silent-log.ts';
import type { HostFiles } from './host-files.ts';
import { createHostPage } from './host-page.ts';

const config = { ...hostConfig.parse({}), scrape_interval: 15_000 };
const COLLECTORS = [
  'cpu',
  'cpufreq',
  'diskstats',
  'entropy',
  'filefd',
  'filesystem',
  'hwmon',
  'loadavg',
  'meminfo',
  'netdev',
  'netstat',
];
const MORE_COLLECTORS = ['conntrack', 'os', 'sockstat', 'pressure', 'stat', 'time', 'uname', 'vmstat'];

interface Page {
  readonly values: ReadonlyMap<string, number>;
  readonly types: ReadonlyMap<string, string>;
}

/** What node_exporter tells about itself rather than the host. */
const ABOUT_ITSELF = /^(?:node_exporter_build_info|promhttp_)/;

function read(text: string): Page {
  const parser = new TextParser(new TextEncoder().encode(text));
  const values = new Map<string, number>();
  const types = new Map<string, string>();
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind === 'type' && !ABOUT_ITSELF.test(parser.family))
      types.set(parser.family, METRIC_TYPES[parser.type]!);
    if (kind !== 'sample') continue;
    const flat = parser.labels();
    const pairs = Array.from(
      { length: flat.length / 2 },
      (_, i) => [flat[2 * i]!, flat[2 * i + 1]!] as const,
    );
    if (!ABOUT_ITSELF.test(flat[1]!)) values.set(formatSeries(labelsOf(pairs)), parser.value);
  }
  return { values, types };
}

const CONSTANT =
  /_info$|Total_bytes$|_boot_time_|_maximum$|_pool_size_|_success$|_filesystem_(size_bytes|files|readonly|device_error)$|_zone_offset_/;

/** Whether a gauge that moves is the same thing in the same unit; small ones may do anything meanwhile. */
function isAlike(value: number, low: number, high: number): boolean {
  return low < 1e6 || (value > low / 2 && value < high * 2);
}

test.skipIf(!hasNodeExporter)(
  'the host page has the series, types and values of a real node_exporter',
  async () => {
    await using exporter = await runNodeExporter([
      '--collector.disable-defaults',
      '--web.disable-exporter-metrics',
      ...[...COLLECTORS, ...MORE_COLLECTORS].map((name) => `--collector.${name}`),
      `--collector.filesystem.mount-points-exclude=${config.filesystem.mount_points_exclude}`,
      `--collector.filesystem.fs-types-exclude=${config.filesystem.fs_types_exclude}`,
      `--collector.diskstats.device-exclude=${config.disk.devices_exclude}`,
      '--collector.netdev.device-exclude=',
    ]);
    const collect = createHostPage({ config, clock: systemClock, log: silentLog() });
    await collect();
    const before = read(await exporter.page());
    const ours = read(await collect());
    const after = read(await exporter.page());

    expect([...ours.values.keys()].sort()).toEqual([...before.values.keys()].sort());
    expect(Object.fromEntries([...ours.types].sort())).toEqual(Object.fromEntries([...before.types].sort()));
    const different: string[] = [];
    for (const [series, value] of ours.values) {
      const low = Math.min(before.values.get(series)!, after.values.get(series)!);
      const high = Math.max(before.values.get(series)!, after.values.get(series)!);
      const name = series.split('{', 1)[0]!;
      const isGauge = ours.types.get(name) === 'gauge' || name.endsWith('_CurrEstab');
      if (
        CONSTANT.test(name)
          ? value !== low
          : isGauge
            ? !isAlike(value, low, high)
            : value < low - 0.1 || value > high + 0.1
      ) {
        different.push(`${series}: ${value}, not ${low}…${high}`);
      }
    }
    expect(different).toEqual([]);
  },
);

test('the default host config passes its own page', async () => {
  const log = silentLog();
  const page = read(await createHostPage({ config, clock: systemClock, log })());
  for (const name of [
    'node_load1',
    'node_memory_MemTotal_bytes',
    'node_boot_time_seconds',
    'node_time_seconds',
  ]) {
    expect(page.values.get(name)).toBeGreaterThan(0);
  }
});

test('a collector that cannot read leaves the others alone, and is logged once', async () => {
  const log = silentLog();
  const files: HostFiles = {
    read(path) {
      if (path === '/proc/loadavg') return '0.10 0.20 0.30 1/100 1234\n';
      if (path === '/proc/meminfo') return 'MemTotal: lots kB\n';
      throw new Error(`ENOENT: no such file or directory, open '${path}'`);
    },
    readIfPresent: () => undefined,
    readBytesIfPresent: () => undefined,
    list: () => undefined,
    realPath: () => undefined,
    modifiedMs: () => 0,
  };
  const collect = createHostPage({ config, clock: systemClock, log, files });
  await collect();
  const page = read(await collect());
  expect(page.values.get('node_load15')).toBe(0.3);
  expect(page.values.get('node_scrape_collector_success{collector="loadavg"}')).toBe(1);
  expect(page.values.get('node_scrape_collector_success{collector="meminfo"}')).toBe(0);
  const problems = log.events.map(({ fields }) => `${fields.collector}: ${fields.problem}`);
  expect(problems).toContain('meminfo: /proc/meminfo: MemTotal: expected a number, found "lots"');
  expect(new Set(problems).size).toBe(problems.length);
});

test('a problem that comes back is told again; what a host does not have is none; lines of a folder that is gone are gone', async () => {
  const log = silentLog();
  let load = '0.10 0.20 0.30 1/100 1234\n';
  let folder: string[] | undefined = ['a.prom'];
  let file = 'from_a_file 1\n';
  const files: HostFiles = {
    read: (path) => (path === '/text/a.prom' ? file : load),
    readIfPresent: () => undefined,
    readBytesIfPresent: () => undefined,
    list: (path) => (path === '/text' ? folder : undefined),
    realPath: () => undefined,
    modifiedMs: () => 0,
  };
  const withFolder = { ...config, textfile: { directory: '/text' } };
  const collect = createHostPage({ config: withFolder, clock: systemClock, log, files });
  const told = (collector: string): number =>
    log.events.filter(({ fields }) => fields.collector === collector).length;
  expect(await collect()).toContain('from_a_file 1\n');
  expect(told('loadavg')).toBe(0);
  load = 'broken';
  folder = undefined;
  expect(await collect()).not.toContain('from_a_file');
  await collect();
  expect([told('loadavg'), told('textfile')]).toEqual([1, 1]);
  load = '0.10 0.20 0.30 1/100 1234\n';
  await collect();
  load = 'broken';
  await collect();
  expect(told('loadavg')).toBe(2);
  folder = ['a.prom'];
  for (const text of ['broken', 'broken', 'from_a_file 1\n', 'broken']) {
    file = text;
    await collect();
  }
  expect(log.events.filter(({ fields }) => fields.file === '/text/a.prom')).toHaveLength(2);
  // There is no hardware to read from, and nothing wrong with that.
  expect(told('hwmon')).toBe(0);
  expect(read(await collect()).values.get('node_scrape_collector_success{collector="hwmon"}')).toBe(0);
});
