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
}

export type Lines = ReadonlyMap<string, readonly (number | null)[]>;

const SPARK_POINTS = 60;

/** File systems that hold no data of their own. */
const NO_DISK = 'fstype!~"tmpfs|ramfs|devtmpfs|squashfs|iso9660|erofs"';

const QUERIES = {
  hostCpu: '1 - avg by (job, instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))',
  hostMemory: '1 - node_memory_MemAvailable_bytes / node_memory_MemTotal_bytes',
  hostDisk: `max by (job, instance) (1 - node_filesystem_avail_bytes{${NO_DISK}} / (node_filesystem_size_bytes{${NO_DISK}} > 0))`,
  processCpu: 'sum by (job, instance) (rate(process_cpu_seconds_total[5m]))',
  processMemory: 'sum by (job, instance) (process_resident_memory_bytes)',
} as const;

export async function loadOverview(
  queries: Queries,
  range: ResolvedRange,
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
  return {
    hosts: new Set([...hostCpu.keys(), ...hostMemory.keys()]),
    hostCpu,
    hostMemory,
    hostDisk,
    processCpu,
    processMemory,
  };
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
