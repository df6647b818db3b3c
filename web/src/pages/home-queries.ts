import type { QueryRange } from '../data/api.ts';
import type { MatrixSeries, VectorSample } from '../data/api-types.ts';
import type { Queries } from '../data/batch.ts';
import { targetKey } from '../data/hosts.ts';
import { columnsOf, niceStep, parseSample, queryRangeOf } from '../data/matrix.ts';
import type { ResolvedRange } from '../nav/time-range.ts';

/** Sparklines of all targets at once, by `job\ninstance`. */
export interface Overview {
  /** Targets with host metrics. */
  readonly hosts: ReadonlySet<string>;
  readonly hostCpu: Lines;
  readonly hostMemory: Lines;
  readonly hostDisk: Lines;
  readonly processCpu: Lines;
  readonly processMemory: Lines;
  /** Unix ms of the first data within the range; undefined where they reach back to its begin. */
  readonly since: number | undefined;
}

export type Lines = ReadonlyMap<string, readonly (number | null)[]>;

const SPARK_POINTS = 60;

/** Without file systems that hold no data of their own. */
export const REAL_DISK = 'fstype!~"tmpfs|ramfs|devtmpfs|squashfs|iso9660|erofs"';

/**
 * Of a target that was first scraped a moment ago, a rate over five minutes is far too low: it divides by all of the five. A share of
 * the CPU's time is one of two rates that are too low alike; other rates look at the last minute, where that has samples enough.
 */
export const QUERIES = {
  hostCpu:
    '1 - sum by (job, instance) (rate(node_cpu_seconds_total{mode="idle"}[5m])) / sum by (job, instance) (rate(node_cpu_seconds_total[5m]))',
  hostMemory: '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes',
  hostDisk: `max by (job, instance) (1 - node_filesystem_avail_bytes{${REAL_DISK}} / (node_filesystem_size_bytes{${REAL_DISK}} > 0))`,
  processCpu:
    'sum by (job, instance) (rate(process_cpu_seconds_total[1m]) or rate(process_cpu_seconds_total[5m]))',
  processMemory: 'sum by (job, instance) (process_resident_memory_bytes)',
} as const;

/** Of a graph's rates, seconds: four scrapes, as a rate needs two of them and one may be missing. */
export const rateWindow = (stepSeconds: number, scrapeSeconds: number): number =>
  Math.max(60, 4 * stepSeconds, 4 * scrapeSeconds);

/** The least that is shown of a range that begins with its first data, ms. */
const LEAST_MS = 300_000;

/** A range from the first data on: of a monitor that has watched for ten minutes, an hour would be an empty graph with a line at its end. */
export function fittedRange({ from, to }: ResolvedRange, since: number | undefined): ResolvedRange {
  return { from: since === undefined ? from : Math.max(from, Math.min(since, to - LEAST_MS)), to };
}

/** @param isFitted whether lines begin with the first data instead of with the range */
export async function loadOverview(
  queries: Queries,
  range: ResolvedRange,
  isFitted: boolean,
  abort: AbortSignal,
): Promise<Overview> {
  const grid = queryRangeOf(range, niceStep(range, SPARK_POINTS, 30));
  // The grid ends up to a step ago: what is true now is asked for itself and becomes the last point.
  const lines = async (expr: string): Promise<Lines> => {
    const [past, now] = await Promise.all([
      queries.queryRange(expr, grid, abort, { columns: 'true' }),
      queries.query(expr, range.to / 1000, abort),
    ]);
    return byTarget(past.data, now.data.resultType === 'vector' ? now.data.result : [], grid);
  };
  const [hostCpu, hostMemory, hostDisk, processCpu, processMemory] = await Promise.all([
    lines(QUERIES.hostCpu),
    lines(QUERIES.hostMemory),
    lines(QUERIES.hostDisk),
    lines(QUERIES.processCpu),
    lines(QUERIES.processMemory),
  ]);
  const overview = {
    hosts: new Set([...hostCpu.keys(), ...hostMemory.keys()]),
    hostCpu,
    hostMemory,
    hostDisk,
    processCpu,
    processMemory,
    since: undefined,
  };
  return isFitted ? fitted(overview, grid) : overview;
}

/** Without the points before the first data. */
function fitted(overview: Overview, { start, step }: QueryRange): Overview {
  const all = [
    overview.hostCpu,
    overview.hostMemory,
    overview.hostDisk,
    overview.processCpu,
    overview.processMemory,
  ];
  const firsts = all.flatMap((lines) =>
    [...lines.values()].map((values) => values.findIndex((value) => value !== null)).filter((at) => at >= 0),
  );
  const first = Math.min(...firsts);
  if (first === 0 || !Number.isFinite(first)) return overview;
  const trimmed = (lines: Lines): Lines =>
    new Map(
      [...lines].map(([key, values]) => [
        key,
        values.slice(Math.min(first, Math.max(0, values.length - LEAST_MS / 1000 / step))),
      ]),
    );
  const [hostCpu, hostMemory, hostDisk, processCpu, processMemory] = all.map(trimmed) as [
    Lines,
    Lines,
    Lines,
    Lines,
    Lines,
  ];
  // Of the step before its first point, some may be data already.
  const since = (start + (first - 1) * step) * 1000;
  return { hosts: overview.hosts, hostCpu, hostMemory, hostDisk, processCpu, processMemory, since };
}

function byTarget(
  past: readonly MatrixSeries[],
  now: readonly VectorSample[],
  grid: { start: number; end: number; step: number },
): Lines {
  const { times, series } = columnsOf(past, grid);
  const lines = new Map<string, (number | null)[]>();
  for (const { labels, values } of series) lines.set(targetKey(labels.job, labels.instance), [...values]);
  for (const { metric, value } of now) {
    const key = targetKey(metric.job, metric.instance);
    const last = value ? parseSample(value[1]) : Number.NaN;
    const line = lines.get(key) ?? times.map(() => null);
    lines.set(key, line);
    line.push(Number.isFinite(last) ? last : null);
  }
  return lines;
}
