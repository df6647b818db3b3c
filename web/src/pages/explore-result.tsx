import { useMemo } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import type { ChartLine } from '../chart/chart-spec.ts';
import { HeatMap } from '../chart/heat-map.tsx';
import { assignColors, type ShownTheme, seriesColor } from '../chart/palette.ts';
import { boundOf, bucketRows, type HeatRow } from '../dashboard/buckets.ts';
import { useAlertMarks } from '../dashboard/time-marks.tsx';
import type { QueryExtras, QueryRange } from '../data/api.ts';
import type { Answer, MatrixSeries, QueryResult } from '../data/api-types.ts';
import { bucketSeries, hasBuckets, isNative, sumByLe } from '../data/bucket-series.ts';
import type { Display, ExprPanel } from '../data/explore-panels.ts';
import { columnsOf, niceStep, queryRangeOf } from '../data/matrix.ts';
import { seriesNames } from '../data/series-names.ts';
import { unitOfExpr } from '../data/unit-of.ts';
import { formatNumber } from '../format/units.ts';
import type { ResolvedRange } from '../nav/time-range.ts';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { AddToDashboard } from './add-to-dashboard.tsx';
import { QueryTree } from './query-tree.tsx';
import { ResultTable } from './result-table.tsx';

type Tab = ExprPanel['tab'];

type ExploreAnswer =
  | { readonly tab: 'table'; readonly answer: Answer<QueryResult>; readonly tookMs: number }
  | {
      readonly tab: 'graph';
      readonly answer: Answer<readonly MatrixSeries[]>;
      readonly grid: QueryRange;
      readonly range: ResolvedRange;
      readonly tookMs: number;
    };

/** Most lines drawn at once; more are in the table. */
const MAX_LINES = 200;

interface ResultProps {
  readonly panel: ExprPanel;
  onChange(panel: ExprPanel): void;
}

/** The answer of one expression, as a graph or as a table. */
export function Result({ panel, onChange }: ResultProps) {
  const { expr, tab, isTree, display } = panel;
  const show = (next: Tab): void => onChange({ ...panel, tab: next });
  const { api, range, router, clock } = useSession();
  const moment = router.query.value.get('g0.end_input');
  const resource = useResource(
    async (abort): Promise<ExploreAnswer> => {
      const started = clock.now();
      const ask: QueryExtras = isTree ? { stats: 'true', explain: 'true' } : { stats: 'true' };
      const resolved = range.resolve();
      if (tab === 'table') {
        const answer = await api.query(expr, moment === null ? undefined : resolved.to / 1000, abort, ask);
        return { tab, answer, tookMs: clock.now() - started };
      }
      const step = stepOf(router.query.peek().get('g0.step_input')) ?? niceStep(resolved, 480, 1);
      const grid = queryRangeOf(resolved, step);
      const answer = await api.queryRange(expr, grid, abort, ask);
      return { tab, answer, grid, range: resolved, tookMs: clock.now() - started };
    },
    [expr, tab, isTree, range.text.value],
  );
  return (
    <>
      <div class="result-head">
        <div class="segments" role="tablist" aria-label="Show as">
          <button
            type="button"
            role="tab"
            class="segment"
            aria-selected={tab === 'graph'}
            onClick={() => show('graph')}
          >
            Graph
          </button>
          <button
            type="button"
            role="tab"
            class="segment"
            aria-selected={tab === 'table'}
            onClick={() => show('table')}
          >
            Table
          </button>
        </div>
        <button
          type="button"
          class="segment"
          aria-pressed={isTree}
          title="The expression as a tree, with what each part gives and takes"
          onClick={() => onChange({ ...panel, isTree: !isTree })}
        >
          Tree
        </button>
        {tab === 'graph' && (
          <DisplayChoice
            display={displayOf(display, resource.data.value)}
            hasBuckets={bucketsOf(resource.data.value) || (display === 'heatmap' && !resource.data.value)}
            onChoose={(next) => onChange({ ...panel, display: next })}
          />
        )}
        <ResultFacts result={resource.data.value} />
        <AddToDashboard panel={{ expr, tab, display: displayOf(display, resource.data.value) }} />
      </div>
      <View resource={resource} what="The answer" skeleton={<Skeleton rows={1} height={380} />}>
        {(result) => (
          <>
            {[...result.answer.warnings, ...result.answer.infos].map((text) => (
              <p class="note" key={text}>
                {text}
              </p>
            ))}
            {isTree && result.answer.explain && <QueryTree root={result.answer.explain} />}
            {result.tab === 'graph' ? (
              <ResultGraph result={result} expr={expr} display={displayOf(display, result)} />
            ) : (
              <ResultTable result={result.answer.data} />
            )}
          </>
        )}
      </View>
    </>
  );
}

/** A wish for a heat map counts as long as there are buckets; native histograms are one unless lines are wanted. */
function displayOf(wanted: Display | undefined, result: ExploreAnswer | undefined): Display {
  const isNativeOnly =
    result?.tab === 'graph' && result.answer.data.length > 0 && result.answer.data.every(isNative);
  if (wanted === 'heatmap' && result !== undefined && !bucketsOf(result)) return 'lines';
  return wanted ?? (isNativeOnly ? 'heatmap' : 'lines');
}

const bucketsOf = (result: ExploreAnswer | undefined): boolean =>
  result?.tab === 'graph' && hasBuckets(result.answer.data);

const DISPLAYS: readonly (readonly [Display, string])[] = [
  ['lines', 'Lines'],
  ['stacked', 'Stacked'],
  ['heatmap', 'Heat map'],
];

/** How a graph is drawn; buckets as a heat map, too. */
function DisplayChoice({
  display,
  hasBuckets,
  onChoose,
}: {
  readonly display: Display;
  readonly hasBuckets: boolean;
  onChoose(display: Display): void;
}) {
  return (
    <fieldset class="segments is-minor" aria-label="Draw as">
      {DISPLAYS.filter(([id]) => id !== 'heatmap' || hasBuckets).map(([id, name]) => (
        <button
          key={id}
          type="button"
          class="segment"
          aria-pressed={display === id}
          onClick={() => onChoose(id)}
        >
          {name}
        </button>
      ))}
    </fieldset>
  );
}

interface ResultGraphProps {
  readonly result: Extract<ExploreAnswer, { tab: 'graph' }>;
  readonly expr: string;
  readonly display: Display;
}

function ResultGraph({ result, expr, display }: ResultGraphProps) {
  return display === 'heatmap' ? (
    <ResultHeat result={result} expr={expr} />
  ) : (
    <ResultLines result={result} expr={expr} isStacked={display === 'stacked'} />
  );
}

/** Buckets of all series of the answer as one distribution over time. */
function ResultHeat({ result, expr }: Pick<ResultGraphProps, 'result' | 'expr'>) {
  const { times, rows } = useMemo(() => {
    const { data } = result.answer;
    const matrix = data.some(isNative) ? bucketSeries(data) : sumByLe(data);
    const columns = columnsOf(matrix, result.grid);
    const named = columns.series.map(({ labels, values }): HeatRow => {
      const label = labels.le ?? '';
      return { label, upper: boundOf(label), values };
    });
    return { times: columns.times, rows: bucketRows(named, true) };
  }, [result]);
  return (
    <div class="result-heat">
      <HeatMap
        label={expr}
        rows={rows}
        times={times}
        step={result.grid.step}
        range={[result.range.from / 1000, result.range.to / 1000]}
        unit={bucketUnit(expr)}
        gap={0}
      />
    </div>
  );
}

/** Of what was counted, not of the rate of counts: as the metric's name has it. */
const bucketUnit = (expr: string): string | undefined => {
  const metric = /[a-zA-Z_:][\w:]*_(?:seconds|milliseconds|bytes)(?=_bucket|\b)/.exec(expr)?.[0];
  return metric === undefined ? undefined : unitOfExpr(metric);
};

function ResultLines({
  result,
  expr,
  isStacked,
}: Pick<ResultGraphProps, 'result' | 'expr'> & { readonly isStacked: boolean }) {
  const { theme } = useSession();
  const shown = theme.shown.value;
  const marks = useAlertMarks();
  const { times, lines, common } = useMemo(
    () => linesOf(result, shown, isStacked),
    [result, shown, isStacked],
  );
  if (lines.length === 0) {
    return (
      <Empty title="No series in this range.">
        A longer range may have some, or the metric is spelled differently.
      </Empty>
    );
  }
  return (
    <>
      {result.answer.data.length > MAX_LINES && (
        <p class="note">
          The first {MAX_LINES} of {result.answer.data.length} series are drawn; topk() or a matcher narrows
          them.
        </p>
      )}
      <Chart
        label={expr}
        height={380}
        times={times}
        lines={lines}
        range={[result.range.from / 1000, result.range.to / 1000]}
        unit="short"
        bounds={{}}
        marks={marks.marks}
        shades={marks.shades}
        syncKey="explore"
      />
      {common !== '' && (
        <p class="legend-common">
          each with <code class="mono">{common}</code>
        </p>
      )}
    </>
  );
}

function ResultFacts({ result }: { readonly result: ExploreAnswer | undefined }) {
  if (!result) return <span class="result-facts" />;
  const { data } = result.answer;
  const count = Array.isArray(data)
    ? data.length
    : 'result' in data && data.resultType !== 'scalar' && data.resultType !== 'string'
      ? data.result.length
      : 1;
  const samples = result.answer.stats?.samples?.totalQueryableSamples;
  return (
    <span class="result-facts dim">
      {count} series
      {samples === undefined ? '' : ` · ${formatNumber(samples)} samples`} · {result.tookMs} ms
      {result.tab === 'graph' ? ` · step ${result.grid.step} s` : ''}
    </span>
  );
}

function linesOf(
  result: Extract<ExploreAnswer, { tab: 'graph' }>,
  theme: ShownTheme,
  isStacked: boolean,
): { times: readonly number[]; lines: ChartLine[]; common: string } {
  const { times, series } = columnsOf(result.answer.data.slice(0, MAX_LINES), result.grid);
  const { names, common } = seriesNames(series.map(({ labels }) => labels));
  const colors = assignColors(names);
  return {
    times,
    common,
    lines: series.map(({ values }, i) => ({
      name: names[i]!,
      values,
      color: seriesColor(colors[i]!, theme),
      fill: isStacked ? 0.3 : series.length === 1 ? 0.1 : 0,
      ...(isStacked ? { stack: 'all' } : {}),
    })),
  };
}

function stepOf(text: string | null): number | undefined {
  const step = Number(text);
  return text === null || !(step > 0) ? undefined : step;
}
