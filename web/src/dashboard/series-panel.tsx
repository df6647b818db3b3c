import { useMemo } from 'preact/hooks';
import type { DrawStyle, GraphModel, PanelModel } from '../../../src/dashboards/model.ts';
import { Chart } from '../chart/chart.tsx';
import type { ChartLine, ChartThreshold, ChartValue } from '../chart/chart-spec.ts';
import { assignColors, type ShownTheme, seriesColor } from '../chart/palette.ts';
import { alignTimes } from '../chart/scale.ts';
import { useIsNarrow } from '../parts/is-narrow.ts';
import { useSession } from '../session.ts';
import type { TimeMarks } from './annotations.ts';
import { type Axes, axesOf, NO_AXES } from './axes.ts';
import { cssColor } from './colors.ts';
import { valueColor } from './display.ts';
import type { PanelData, PanelSeries } from './panel-data.ts';
import { REDUCER_NAMES, reduceSeries } from './reduce.ts';
import { isContinuous, schemeColor } from './schemes.ts';
import { isHidden, type Settings } from './settings.ts';

interface SeriesPanelProps {
  readonly panel: PanelModel;
  readonly data: PanelData;
  /** Charts of the same key share their crosshair. */
  readonly syncKey: string;
  /** They share what the pointer tells, too. */
  readonly isTipShared: boolean;
  readonly marks: TimeMarks;
  /** The panel's name in the URL. */
  readonly stateKey: string;
}

/** Time series and old graphs. */
export function SeriesPanel({ panel, data, syncKey, isTipShared, marks, stateKey }: SeriesPanelProps) {
  const { theme } = useSession();
  const shown = theme.shown.value;
  const hasRoomBeside = !useIsNarrow(Math.round((BESIDE_PX * 24) / panel.gridPos.w) + EDGES_PX);
  const { times, lines, axes } = useMemo(() => linesOf(panel, data.series, shown), [panel, data, shown]);
  const { graph, legend } = panel;
  if (!graph || lines.length === 0)
    return <p class="panel-empty">{panel.noValue ?? 'No data in this range.'}</p>;
  const { left } = graph;
  const right = graph.right?.unit === axes.rightUnit || axes.isAuthored ? graph.right : undefined;
  const isPercent = graph.stack === 'percent';
  return (
    <Chart
      label={panel.title}
      times={times}
      lines={lines}
      range={[data.range.from / 1000, data.range.to / 1000]}
      unit={isPercent ? 'percent' : axes.leftUnit || 'short'}
      {...(left.decimals === undefined ? {} : { decimals: left.decimals })}
      {...(left.label === '' ? {} : { axisLabel: left.label })}
      bounds={isPercent ? { min: 0, max: 100 } : { ...left, ...softBounds(data.series) }}
      {...(left.logBase === undefined ? {} : { logBase: left.logBase })}
      isHidden={left.isHidden}
      isColored={left.isColored === true}
      {...(right
        ? {
            rightUnit: axes.rightUnit || 'short',
            rightBounds: right,
            ...(right.decimals === undefined ? {} : { rightDecimals: right.decimals }),
            ...(right.label === '' ? {} : { rightLabel: right.label }),
            ...(right.logBase === undefined ? {} : { rightLogBase: right.logBase }),
          }
        : left.side === 'right'
          ? { rightUnit: left.unit === '' ? 'short' : left.unit, rightBounds: left }
          : axes.rightUnit !== undefined
            ? { rightUnit: axes.rightUnit || 'short' }
            : {})}
      {...(axes.more.length > 0 ? { moreAxes: axes.more } : {})}
      thresholds={thresholdsOf(panel, shown)}
      thresholdStyle={graph.thresholds}
      shades={marks.shades}
      marks={marks.marks}
      tooltip={{ ...TOLD, ...panel.tooltip, isShared: isTipShared }}
      legendPlacement={hasRoomBeside ? (legend?.placement ?? 'bottom') : 'bottom'}
      legend={legend?.isShown === false ? 'none' : 'list'}
      legendColumns={(legend?.calcs ?? []).map((calc) => ({
        id: calc,
        title: REDUCER_NAMES[calc] ?? calc,
        value: (values) => reduceSeries(values, calc),
      }))}
      legendMode={legend?.mode ?? 'list'}
      {...(legend?.sortBy === undefined
        ? {}
        : { legendOrder: { by: legend.sortBy, isDescending: legend.isDescending } })}
      {...(legend?.width === undefined ? {} : { legendWidth: legend.width })}
      syncKey={syncKey}
      stateKey={stateKey}
    />
  );
}

/** A panel narrower than this has its legend below its chart, wherever its author wanted it; what is beside all panels. */
const BESIDE_PX = 300;
const EDGES_PX = 48;

const TOLD = { mode: 'all', sort: 'descending', hideZeros: false } as const;

/** What is drawn of the thresholds; percentages are of what the axis spans, where its ends are authored. */
function thresholdsOf({ graph, thresholds, min, max }: PanelModel, theme: ShownTheme): ChartThreshold[] {
  if (!thresholds || !graph || graph.thresholds === 'off') return [];
  const [low, high] = [min ?? 0, max ?? 100];
  return thresholds.steps.flatMap(({ value, color }) => {
    const css = cssColor(color, theme) ?? color;
    if (value === null) return css === 'transparent' ? [] : [{ value: Number.NEGATIVE_INFINITY, color: css }];
    const at = thresholds.mode === 'percentage' ? low + (value / 100) * (high - low) : value;
    return [{ value: at, color: css }];
  });
}

function linesOf(
  panel: PanelModel,
  series: readonly PanelSeries[],
  theme: ShownTheme,
): { times: readonly number[]; lines: ChartLine[]; axes: Axes } {
  const { graph } = panel;
  if (!graph) return { times: [], lines: [], axes: NO_AXES };
  const drawn = series.filter(
    ({ settings, values }) => !isHidden(settings) && values.some((value) => value !== null),
  );
  const { times, columns } = alignTimes(drawn);
  const palette = assignColors(drawn.map(({ name }) => name));
  const axes = axesOf(
    graph,
    panel.authoredType === 'graph',
    drawn.map(({ settings }) => settings),
  );
  const stacks = drawn.map(({ settings }) => stackOf(graph, settings));
  const shares =
    graph.stack === 'percent'
      ? totals(
          columns.filter((_, i) => stacks[i] !== undefined),
          times.length,
        )
      : undefined;
  const lines = drawn.map(({ name, values: authored, settings }, i): ChartLine => {
    const number = (id: string, fallback: number): number => {
      const value = settings.get(id);
      return typeof value === 'number' ? value : fallback;
    };
    const text = (id: string): string => String(settings.get(id) ?? '');
    const stack = stacks[i];
    const change = plotted(
      graph,
      settings,
      stack === undefined ? undefined : shares,
      panel.graph?.left.logBase,
    );
    const values = change ? columns[i]!.map(change) : columns[i]!;
    const draw = drawnAs(graph, text('custom.drawStyle'), text('custom.lineInterpolation'));
    const gradient = text('custom.gradientMode') || graph.gradient;
    const dash = dashOf(graph, settings);
    const unit = settings.get('unit');
    const decimals = settings.get('decimals');
    const paint = gradient === 'scheme' ? paintOf(panel, theme) : undefined;
    return {
      name,
      color: colorOf(panel, settings, authored, theme) ?? seriesColor(palette[i]!, theme),
      values,
      width: number('custom.lineWidth', graph.lineWidth),
      fill: number('custom.fillOpacity', graph.fill * 100) / 100,
      draw,
      points: pointsOf(graph, text('custom.showPoints')),
      pointSize: number('custom.pointSize', graph.pointSize),
      barAlign: graph.barAlign,
      isGradient: gradient === 'opacity' || gradient === 'hue',
      isUnnamed: isHidden(settings, 'legend') || isUnnamed(panel, authored),
      isUntold: isHidden(settings, 'tooltip'),
      axis: axes.axisOf(settings),
      spanGaps: spanOf(graph, settings),
      ...(paint ? { paint } : {}),
      ...(stack === undefined ? {} : { stack }),
      ...(text('custom.fillBelowTo') === '' ? {} : { fillBelowTo: text('custom.fillBelowTo') }),
      ...(dash ? { dash } : {}),
      ...(typeof unit === 'string' && unit !== '' ? { unit } : {}),
      ...(typeof decimals === 'number' ? { decimals } : {}),
    };
  });
  return { times, lines, axes };
}

/**
 * How a sample stands in the plot: turned over, as a share of its stack, zero where there is none; nothing has a logarithm below
 * zero. Undefined where all stand as they are: then there need not be two of each.
 */
function plotted(
  graph: GraphModel,
  settings: Settings,
  shares: readonly number[] | undefined,
  logBase: number | undefined,
): ((value: ChartValue, at: number) => ChartValue) | undefined {
  const isNegative = settings.get('custom.transform') === 'negative-Y';
  if (!isNegative && !shares && logBase === undefined && graph.nulls !== 'zero') return undefined;
  return (value, at) => {
    const known = value === null && graph.nulls === 'zero' ? 0 : value;
    if (known === null || known === undefined) return known;
    if (shares) return shares[at]! === 0 ? 0 : (known / shares[at]!) * 100;
    if (logBase !== undefined && known <= 0) return null;
    return isNegative ? -known : known;
  };
}

function drawnAs(graph: GraphModel, style: string, interpolation: string): DrawStyle {
  if (style === 'bars' || style === 'points') return style;
  const curve: DrawStyle | undefined = (
    { linear: 'line', smooth: 'smooth', stepAfter: 'step', stepBefore: 'stepBefore' } as const
  )[interpolation];
  if (curve) return curve;
  return style === 'line' && (graph.draw === 'bars' || graph.draw === 'points') ? 'line' : graph.draw;
}

function pointsOf(graph: GraphModel, own: string): GraphModel['points'] {
  return own === 'auto' || own === 'always' || own === 'never' ? own : graph.points;
}

/** All holes, or those of so many seconds; Grafana counts them in ms. */
function spanOf(graph: GraphModel, settings: Settings): boolean | number {
  const own = settings.get('custom.spanNulls');
  if (typeof own === 'number') return own / 1000;
  if (typeof own === 'boolean') return own;
  return graph.nulls === 'connect' || (graph.maxGapMs === undefined ? false : graph.maxGapMs / 1000);
}

function dashOf(graph: GraphModel, settings: Settings): readonly number[] | undefined {
  const style = settings.get('custom.lineStyle') as { fill?: string; dash?: unknown } | undefined;
  if (style === undefined) return graph.dash;
  if (style.fill !== 'dash' && style.fill !== 'dot') return undefined;
  const lengths = Array.isArray(style.dash) ? style.dash.filter((one) => typeof one === 'number') : [];
  return lengths.length > 0 ? lengths : style.fill === 'dot' ? [0, 6] : [6, 4];
}

/** Old graphs leave out of their legend what is empty, or zero all the time. */
function isUnnamed({ legend }: PanelModel, values: readonly (number | null)[]): boolean {
  if (legend?.hideEmpty && values.every((value) => value === null)) return true;
  return legend?.hideZero === true && values.every((value) => value === null || value === 0);
}

/** What an override or the panel's mode gives a series; undefined leaves it to the palette. */
function colorOf(
  panel: PanelModel,
  settings: Settings,
  values: readonly (number | null)[],
  theme: ShownTheme,
): string | undefined {
  const own = overrideColor(settings, theme);
  if (own !== undefined) return own;
  const { mode, fixedColor } = panel.color;
  if (mode === 'fixed') return cssColor(fixedColor, theme);
  if (mode !== 'thresholds' && !isContinuous(mode)) return undefined;
  return valueColor(reduceSeries(values, 'lastNotNull'), panel, theme);
}

/** The panel's colours by value, as stops of a gradient from low to high. */
function paintOf(
  { color: { mode }, thresholds, min = 0, max = 100 }: PanelModel,
  theme: ShownTheme,
): ChartLine['paint'] {
  if (isContinuous(mode)) {
    return Array.from(
      { length: 11 },
      (_, i) => [min + ((max - min) * i) / 10, schemeColor(mode, i / 10, theme)] as const,
    );
  }
  const steps = thresholds?.steps ?? [];
  return steps.flatMap(({ value, color }, i) => {
    const css = cssColor(color, theme) ?? color;
    const at = value === null ? Number.NEGATIVE_INFINITY : value;
    const next = steps[i + 1]?.value;
    return next === undefined || next === null
      ? [[at, css] as const]
      : [[at, css] as const, [next, css] as const];
  });
}

/** Soft ends that overrides give to single series are the axis's: it is one. */
function softBounds(series: readonly PanelSeries[]): { softMin?: number; softMax?: number } {
  const found = (id: string): number[] =>
    series.flatMap(({ settings }) => {
      const value = settings.get(id);
      return typeof value === 'number' ? [value] : [];
    });
  const [lows, highs] = [found('custom.axisSoftMin'), found('custom.axisSoftMax')];
  return {
    ...(lows.length > 0 ? { softMin: Math.min(...lows) } : {}),
    ...(highs.length > 0 ? { softMax: Math.max(...highs) } : {}),
  };
}

/** Which stack a series is on, if any: an override may take it off or put it on one of its own, and what points down has its own. */
function stackOf(graph: GraphModel, settings: ReadonlyMap<string, unknown>): string | undefined {
  const own = settings.get('custom.stacking') as { mode?: string; group?: unknown } | undefined;
  const mode = own?.mode ?? graph.stack;
  if (mode !== 'normal' && mode !== 'percent') return undefined;
  const direction = settings.get('custom.transform') === 'negative-Y' ? 'down' : 'up';
  return `${String(own?.group ?? 'A')} ${direction}`;
}

/** Of each moment, what all of a stack is. */
function totals(columns: readonly (readonly ChartValue[])[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => columns.reduce((sum, column) => sum + (column[i] ?? 0), 0));
}

function overrideColor(settings: ReadonlyMap<string, unknown>, theme: ShownTheme): string | undefined {
  const color = settings.get('color') as { mode?: string; fixedColor?: string } | undefined;
  return color?.mode === 'fixed' || color?.fixedColor !== undefined
    ? cssColor(color.fixedColor, theme)
    : undefined;
}
