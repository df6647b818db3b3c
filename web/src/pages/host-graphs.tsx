import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { ChartLine } from '../chart/chart-spec.ts';
import { seriesColor } from '../chart/palette.ts';
import { alignTimes, type Bounds } from '../chart/scale.ts';
import type { TimeMarks } from '../dashboard/annotations.ts';
import { useAlertMarks } from '../dashboard/time-marks.tsx';
import type { Queries } from '../data/batch.ts';
import { askColumns, type RangeColumns } from '../data/first-points.ts';
import { niceStep } from '../data/matrix.ts';
import { timeText } from '../format/time.ts';
import type { ResolvedRange } from '../nav/time-range.ts';
import { Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { fittedRange, REAL_DISK, rateWindow } from './home-queries.ts';

/** One graph of the host view: queries with `$host` for the matchers, and how to name what comes back. */
interface HostGraph {
  readonly title: string;
  readonly unit: string;
  readonly queries: readonly (readonly [expr: string, name: string])[];
  readonly bounds: Bounds;
  readonly isStacked?: boolean;
  readonly fill?: number;
}

const REAL_DEVICE = 'device!~"(loop|ram|zram|fd|sr|dm-).*"';
const REAL_NET = 'device!~"lo|veth.*|docker.*|br-.*|cali.*|flannel.*|cni.*"';

/** What a CPU spends on something, of all its time: right from the second sample on, when a rate alone still misses most of its window. */
const cpuShare = (modes: string): string =>
  `sum(rate(node_cpu_seconds_total{$host, ${modes}}[$rate])) / sum(rate(node_cpu_seconds_total{$host}[$rate]))`;

const GRAPHS: readonly HostGraph[] = [
  {
    title: 'CPU',
    unit: 'percentunit',
    queries: [
      [cpuShare('mode=~"user|nice"'), 'user'],
      [cpuShare('mode=~"system|irq|softirq"'), 'system'],
      [cpuShare('mode="iowait"'), 'waiting for disk'],
      [cpuShare('mode="steal"'), 'stolen'],
    ],
    bounds: { min: 0, softMax: 0.1 },
    isStacked: true,
  },
  {
    title: 'Memory',
    unit: 'bytes',
    queries: [
      ['node_memory_MemTotal_bytes{$host} - node_memory_MemAvailable_bytes{$host}', 'used'],
      ['node_memory_MemTotal_bytes{$host}', 'total'],
      ['node_memory_SwapTotal_bytes{$host} - node_memory_SwapFree_bytes{$host} > 0', 'swap used'],
    ],
    bounds: { min: 0 },
  },
  {
    title: 'Disk space used',
    fill: 0,
    unit: 'percentunit',
    queries: [
      [
        `max by (mountpoint) (1 - node_filesystem_avail_bytes{$host, ${REAL_DISK}} / (node_filesystem_size_bytes{$host, ${REAL_DISK}} > 0))`,
        '{{mountpoint}}',
      ],
    ],
    bounds: { min: 0, max: 1 },
  },
  {
    title: 'Disk traffic',
    unit: 'binBps',
    queries: [
      [`sum(rate(node_disk_read_bytes_total{$host, ${REAL_DEVICE}}[$rate]))`, 'read'],
      [`sum(rate(node_disk_written_bytes_total{$host, ${REAL_DEVICE}}[$rate]))`, 'written'],
    ],
    bounds: { min: 0, softMax: 1024 },
  },
  {
    title: 'Network',
    unit: 'bps',
    queries: [
      [`8 * sum(rate(node_network_receive_bytes_total{$host, ${REAL_NET}}[$rate]))`, 'received'],
      [`8 * sum(rate(node_network_transmit_bytes_total{$host, ${REAL_NET}}[$rate]))`, 'sent'],
    ],
    bounds: { min: 0, softMax: 1000 },
  },
  {
    title: 'Load',
    unit: '',
    queries: [
      ['node_load1{$host}', '1 min'],
      ['node_load5{$host}', '5 min'],
      ['node_load15{$host}', '15 min'],
    ],
    bounds: { min: 0, softMax: 1 },
    fill: 0,
  },
];

/**
 * The host's six graphs over the page's range.
 * @param since Unix ms of the first data, where the range begins before them
 * @param scrapeSeconds how often the host is scraped
 */
export function HostGraphs({
  hostKey,
  since,
  scrapeSeconds,
}: {
  readonly hostKey: string;
  readonly since: number | undefined;
  readonly scrapeSeconds: number;
}) {
  const { range, zone, now } = useSession();
  const [job = '', instance = ''] = hostKey.split('\n');
  const marks = useAlertMarks();
  const isShort = since !== undefined && since - range.resolve().from > NOTED_MS;
  return (
    <section aria-labelledby="graphs-title">
      <h2 id="graphs-title" class="section-title">
        {instance}
        {isShort && (
          <span class="section-note">data since {timeText(since, now.value, zone.shown.value)}</span>
        )}
      </h2>
      <div class="graph-grid">
        {GRAPHS.map((graph) => (
          <HostGraphPanel
            key={graph.title}
            graph={graph}
            job={job}
            instance={instance}
            marks={marks}
            since={since}
            scrapeSeconds={scrapeSeconds}
          />
        ))}
      </div>
    </section>
  );
}

const HEIGHT = 168;
/** What less than a range is not worth a word. */
const NOTED_MS = 180_000;

function HostGraphPanel({
  graph,
  job,
  instance,
  marks,
  since,
  scrapeSeconds,
}: {
  readonly graph: HostGraph;
  readonly job: string;
  readonly instance: string;
  readonly marks: TimeMarks;
  readonly since: number | undefined;
  readonly scrapeSeconds: number;
}) {
  const { queries, range, theme, startedAt } = useSession();
  const host = `job=${JSON.stringify(job)}, instance=${JSON.stringify(instance)}`;
  const resource = useResource(
    async (abort) => {
      const resolved = fittedRange(range.resolve(), since);
      const step = niceStep(resolved, 240);
      const rate = `${rateWindow(step, scrapeSeconds)}s`;
      const exprs = graph.queries.map(([expr]) => expr.replaceAll('$host', host).replaceAll('$rate', rate));
      return { answers: await queryAll(queries, exprs, step, resolved, startedAt, abort), range: resolved };
    },
    [range.text.value, since, scrapeSeconds],
    { isEmpty: ({ answers }) => answers.every(({ series }) => series.length === 0) },
  );
  const colors = useMemo(
    () => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((i) => seriesColor(i, theme.shown.value)),
    [theme.shown.value],
  );

  return (
    <figure class="panel">
      <figcaption class="panel-title">{graph.title}</figcaption>
      <View resource={resource} what={graph.title} skeleton={<Skeleton rows={1} height={HEIGHT + 28} />}>
        {({ answers, range: shown }) => {
          const { times, lines } = linesOf(graph, answers, colors);
          if (lines.length === 0)
            return (
              <p class="panel-empty" style={{ height: `${HEIGHT + 20}px` }}>
                No data in this range.
              </p>
            );
          return (
            <Chart
              label={`${graph.title} of ${instance}`}
              height={HEIGHT}
              times={times}
              lines={lines}
              range={[shown.from / 1000, shown.to / 1000]}
              unit={graph.unit}
              bounds={graph.bounds}
              marks={marks.marks}
              shades={marks.shades}
              syncKey="home"
            />
          );
        }}
      </View>
    </figure>
  );
}

const queryAll = (
  queries: Queries,
  exprs: readonly string[],
  step: number,
  range: ResolvedRange,
  startedAt: () => number | undefined,
  abort: AbortSignal,
): Promise<readonly RangeColumns[]> =>
  Promise.all(
    exprs.map((expr) =>
      askColumns(
        (grid) => queries.queryRange(expr, grid, abort, { columns: 'true' }),
        range,
        step,
        startedAt,
      ),
    ),
  );

function linesOf(
  graph: HostGraph,
  answers: readonly RangeColumns[],
  colors: readonly string[],
): { times: readonly number[]; lines: ChartLine[] } {
  const lines: ChartLine[] = [];
  const named = answers.flatMap(({ times, series }, i) =>
    series.map(({ labels, values }) => ({ times, labels, values, i })),
  );
  const { times, columns } = alignTimes(named);
  named.forEach(({ labels, i }, at) => {
    const values = columns[at]!;
    if (values.every((value) => value === null)) return;
    const name = graph.queries[i]![1].replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '');
    const isTotal = name === 'total';
    lines.push({
      name,
      values,
      ...(graph.isStacked ? { stack: 'all' } : {}),
      color: isTotal ? colors[11]! : colors[lines.length % colors.length]!,
      fill: isTotal ? 0 : graph.isStacked ? 0.35 : lines.length === 0 ? (graph.fill ?? 0.1) : 0,
      ...(isTotal ? { dash: [4, 4], width: 1 } : {}),
    });
  });
  return { times, lines };
}
