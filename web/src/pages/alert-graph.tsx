import { Chart } from '../chart/chart.tsx';
import type { ChartLine } from '../chart/chart-spec.ts';
import { assignColors, isDark, type ShownTheme, seriesColor } from '../chart/palette.ts';
import type { ChartMark, ChartShade } from '../chart/time-marks.ts';
import type { LabelMap, MatrixSeries } from '../data/api-types.ts';
import { type Interval, intervalsOf } from '../data/intervals.ts';
import { columnsOf, niceStep, queryRangeOf, seriesText } from '../data/matrix.ts';
import { splitComparison } from '../data/threshold.ts';
import type { SentNotification } from '../data/trace-types.ts';
import { unitOfExpr } from '../data/unit-of.ts';
import { valueText } from '../format/units.ts';
import type { ResolvedRange } from '../nav/time-range.ts';
import { Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';

interface AlertGraphProps {
  readonly expr: string;
  readonly name: string;
  /** Of one alert; without them all of the rule's are shown. */
  readonly labels?: LabelMap;
  readonly notifications?: readonly SentNotification[];
}

interface GraphData {
  readonly range: ResolvedRange;
  readonly times: readonly number[];
  readonly lines: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
    readonly isLimit: boolean;
  }[];
  readonly firing: readonly Interval[];
  readonly pending: readonly Interval[];
}

/** Most series drawn; more say nothing at a glance. */
const MAX_LINES = 20;

/** What a rule measures over the page's range, its limit as a line, and when it was pending and firing. */
export function AlertGraph({ expr, name, labels, notifications = [] }: AlertGraphProps) {
  const { queries, range, theme } = useSession();
  const comparison = splitComparison(expr);
  const measured = comparison?.measured ?? expr;
  const limit = comparison?.limit;
  const resource = useResource(
    async (abort): Promise<GraphData> => {
      const resolved = range.resolve();
      const grid = queryRangeOf(resolved, niceStep(resolved, 360));
      const [values, limits, states] = await Promise.all([
        queries.queryRange(measured, grid, abort),
        limit?.kind === 'expr' ? queries.queryRange(limit.expr, grid, abort) : undefined,
        queries.queryRange(alertsSelector(name, labels), grid, abort),
      ]);
      const own = labels ? ofAlert(values.data, labels) : values.data;
      const drawn = columnsOf(own.slice(0, MAX_LINES), grid);
      const bounds = columnsOf((limits?.data ?? []).slice(0, MAX_LINES), grid);
      const inState = (state: string): Interval[] =>
        intervalsOf(
          states.data.filter(({ metric }) => metric.alertstate === state),
          grid.step,
        );
      return {
        range: resolved,
        times: drawn.times,
        lines: [
          ...drawn.series.map((one) => ({
            name: seriesText(one.labels),
            values: one.values,
            isLimit: false,
          })),
          ...bounds.series.map((one) => ({
            name: `limit ${seriesText(one.labels)}`,
            values: one.values,
            isLimit: true,
          })),
        ],
        firing: inState('firing'),
        pending: inState('pending'),
      };
    },
    [expr, name, JSON.stringify(labels), range.text.value],
  );
  const shown = theme.shown.value;
  const colors = stateColors(shown);
  const unit = unitOfExpr(expr) ?? 'short';
  return (
    <View resource={resource} what="The graph" skeleton={<Skeleton rows={1} height={260} />}>
      {(data) => (
        <>
          <Chart
            label={`${name}: ${measured}`}
            height={240}
            times={data.times}
            lines={linesOf(data, shown, colors.firing)}
            range={[data.range.from / 1000, data.range.to / 1000]}
            unit={unit}
            bounds={limit?.kind === 'number' ? { softMin: limit.value, softMax: limit.value } : {}}
            thresholds={limit?.kind === 'number' ? [{ value: limit.value, color: colors.firing }] : []}
            shades={[
              ...shadesOf(data.pending, colors.pendingTint),
              ...shadesOf(data.firing, colors.firingTint),
            ]}
            marks={notifications.map(
              (one): ChartMark => ({
                time: one.at / 1000,
                color: one.outcome === 'delivered' ? colors.mark : colors.firing,
                text: `${one.integration} to ${one.receiver}: ${one.outcome}`,
                isFoot: true,
              }),
            )}
          />
          <p class="graph-key">
            {limit?.kind === 'number' && (
              <span>
                <span class="key-line" /> alarms {comparison?.op} {valueText(limit.value, unit)}
              </span>
            )}
            <span>
              <span class="key-box is-pending" /> pending
            </span>
            <span>
              <span class="key-box is-firing" /> firing
            </span>
            {notifications.length > 0 && (
              <span>
                <span class="key-mark" /> message sent
              </span>
            )}
          </p>
        </>
      )}
    </View>
  );
}

function linesOf(data: GraphData, theme: ShownTheme, limitColor: string): ChartLine[] {
  const palette = assignColors(data.lines.map(({ name }) => name));
  return data.lines.map(({ name, values, isLimit }, i) => ({
    name,
    values,
    color: isLimit ? limitColor : seriesColor(palette[i]!, theme),
    width: 1.5,
    ...(isLimit ? { dash: [6, 4] } : {}),
  }));
}

const shadesOf = (intervals: readonly Interval[], color: string): ChartShade[] =>
  intervals.map(({ from, to }) => ({ from, to, color }));

/** The canvas cannot read custom properties: the same colours as the tokens of these names. */
function stateColors(theme: ShownTheme) {
  return isDark(theme)
    ? {
        firing: 'oklch(0.68 0.18 27)',
        firingTint: 'oklch(0.68 0.18 27 / 0.2)',
        pendingTint: 'oklch(0.8 0.14 85 / 0.14)',
        mark: 'oklch(0.76 0.11 75)',
      }
    : {
        firing: 'oklch(0.54 0.2 27)',
        firingTint: 'oklch(0.54 0.2 27 / 0.13)',
        pendingTint: 'oklch(0.66 0.14 80 / 0.16)',
        mark: 'oklch(0.56 0.11 65)',
      };
}

function alertsSelector(name: string, labels: LabelMap = {}): string {
  const matchers = Object.entries({ ...labels, alertname: name }).map(
    ([label, value]) => `${label}=${JSON.stringify(value)}`,
  );
  return `ALERTS{${matchers.join(', ')}}`;
}

/** The series an alert came from: those whose labels it has. Its rule may have changed some: then all of them. */
function ofAlert(series: readonly MatrixSeries[], labels: LabelMap): readonly MatrixSeries[] {
  const own = series.filter(({ metric }) =>
    Object.entries(metric).every(([name, value]) => name === '__name__' || labels[name] === value),
  );
  return own.length > 0 ? own : series;
}
