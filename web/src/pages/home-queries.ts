import type { Api } from '../data/api.ts';
import type { MatrixSeries } from '../data/api-types.ts';
import { targetKey } from '../data/hosts.ts';
import { columnsOf, niceStep, queryRangeOf } from '../data/matrix.ts';
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

export async function loadOverview(api: Api, range: ResolvedRange, abort: AbortSignal): Promise<Overview> {
  const grid = queryRangeOf(range, niceStep(range, SPARK_POINTS, 30));
  const lines = async (expr: string): Promise<Lines> => {
    const { data } = await api.queryRange(expr, grid, abort);
    return byTarget(data, grid);
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
  matrix: readonly MatrixSeries[],
  grid: { start: number; end: number; step: number },
): Lines {
  const { series } = columnsOf(matrix, grid);
  return new Map(series.map(({ labels, values }) => [targetKey(labels.job, labels.instance), values]));
}
