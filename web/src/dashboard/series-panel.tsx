import { useMemo } from 'preact/hooks';
import type { GraphModel, PanelModel } from '../../../src/dashboards/model.ts';
import { Chart } from '../chart/chart.tsx';
import { assignColors, type ShownTheme, seriesColor } from '../chart/palette.ts';
import type { ChartLine } from '../chart/plot.ts';
import { useSession } from '../session.ts';
import type { TimeMarks } from './annotations.ts';
import { cssColor } from './colors.ts';
import { valueColor } from './display.ts';
import type { PanelData, PanelSeries } from './panel-data.ts';
import { REDUCER_NAMES, reduceSeries } from './reduce.ts';
import { isContinuous } from './schemes.ts';
import { isHidden } from './settings.ts';

/** Time series and old graphs. */
export function SeriesPanel({
  panel,
  data,
  syncKey,
  marks,
}: {
  readonly panel: PanelModel;
  readonly data: PanelData;
  readonly syncKey: string;
  readonly marks: TimeMarks;
}) {
  const { theme } = useSession();
  const shown = theme.shown.value;
  const lines = useMemo(() => linesOf(panel, data.series, shown), [panel, data, shown]);
  const graph = panel.graph;
  if (!graph || lines.length === 0) return <p class="panel-empty">No data in this range.</p>;
  const { left, right } = graph;
  const isPercent = graph.stack === 'percent';
  const thresholds =
    graph.thresholds === 'off' || !panel.thresholds
      ? []
      : panel.thresholds.steps.flatMap((step) =>
          step.value === null
            ? []
            : [{ value: step.value, color: cssColor(step.color, shown) ?? step.color }],
        );
  return (
    <Chart
      label={panel.title}
      times={data.series[0]?.times ?? []}
      lines={lines}
      range={[data.range.from / 1000, data.range.to / 1000]}
      unit={isPercent ? 'percent' : left.unit === '' ? 'short' : left.unit}
      {...(left.decimals === undefined ? {} : { decimals: left.decimals })}
      {...(left.label === '' ? {} : { axisLabel: left.label })}
      bounds={isPercent ? { min: 0, max: 100 } : { ...left, ...softBounds(data.series) }}
      {...(right ? { rightUnit: right.unit, rightBounds: right } : {})}
      isLog={left.isLog}
      thresholds={thresholds}
      thresholdStyle={graph.thresholds}
      shades={marks.shades}
      marks={marks.marks}
      legendPlacement={panel.legend?.placement ?? 'bottom'}
      legend={panel.legend?.isShown === false ? 'none' : 'list'}
      legendColumns={(panel.legend?.calcs ?? []).map((calc) => ({
        title: REDUCER_NAMES[calc] ?? calc,
        value: (values) => reduceSeries(values, calc),
      }))}
      legendMode={panel.legend?.mode ?? 'list'}
      syncKey={syncKey}
    />
  );
}

function linesOf(panel: PanelModel, series: readonly PanelSeries[], theme: ShownTheme): ChartLine[] {
  const { graph } = panel;
  if (!graph) return [];
  const drawn = series.filter(
    ({ settings, values }) => !isHidden(settings) && values.some((value) => value !== null),
  );
  const palette = assignColors(drawn.map(({ name }) => name));
  const fixed = panel.color.mode === 'fixed' ? cssColor(panel.color.fixedColor, theme) : undefined;
  const isByValue = panel.color.mode === 'thresholds' || isContinuous(panel.color.mode);
  const stacks = drawn.map(({ settings }) => stackOf(graph, settings));
  const percent =
    graph.stack === 'percent' ? totals(drawn.filter((_, i) => stacks[i] !== undefined)) : undefined;
  return drawn.map(({ name, values, settings }, i): ChartLine => {
    const color =
      overrideColor(settings, theme) ??
      fixed ??
      (isByValue ? valueColor(reduceSeries(values, 'lastNotNull'), panel, theme) : undefined) ??
      seriesColor(palette[i]!, theme);
    const number = (id: string, fallback: number): number => {
      const value = settings.get(id);
      return typeof value === 'number' ? value : fallback;
    };
    const isNegative = settings.get('custom.transform') === 'negative-Y';
    const style = settings.get('custom.lineStyle') as { fill?: string } | undefined;
    const drawStyle = settings.get('custom.drawStyle');
    return {
      name,
      color,
      values: values.map((value, at) => {
        const known = value ?? (graph.nulls === 'zero' ? 0 : null);
        if (known === null) return null;
        if (percent && stacks[i] !== undefined) return percent[at]! === 0 ? 0 : (known / percent[at]!) * 100;
        return isNegative ? -known : known;
      }),
      width: number('custom.lineWidth', graph.lineWidth),
      fill: number('custom.fillOpacity', graph.fill * 100) / 100,
      ...(stacks[i] === undefined ? {} : { stack: stacks[i] }),
      draw:
        drawStyle === 'bars' || drawStyle === 'points'
          ? drawStyle
          : (DRAWN_AS[String(settings.get('custom.lineInterpolation'))] ??
            (drawStyle === 'line' && graph.draw === 'bars' ? 'line' : graph.draw)),
      ...(typeof settings.get('custom.fillBelowTo') === 'string'
        ? { fillBelowTo: String(settings.get('custom.fillBelowTo')) }
        : {}),
      isGradient: (settings.get('custom.gradientMode') ?? graph.gradient) === 'opacity',
      isUnnamed: isHidden(settings, 'legend'),
      isUntold: isHidden(settings, 'tooltip'),
      axis: graph.right && isOnRight(settings, panel.unit) ? 'right' : 'left',
      spanGaps: (settings.get('custom.spanNulls') ?? graph.nulls === 'connect') === true,
      ...(graph.isDashed || style?.fill === 'dash' ? { dash: [6, 4] } : {}),
    };
  });
}

const DRAWN_AS: Readonly<Record<string, ChartLine['draw']>> = {
  linear: 'line',
  smooth: 'smooth',
  stepAfter: 'step',
  stepBefore: 'step',
};

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

/** Placed there by name, or by having another unit than the panel. */
function isOnRight(settings: ReadonlyMap<string, unknown>, unit: string): boolean {
  const own = settings.get('unit');
  const placement = settings.get('custom.axisPlacement');
  if (placement !== undefined) return placement === 'right';
  return typeof own === 'string' && own !== '' && own !== unit;
}

/** Which stack a series is on, if any: an override may take it off or put it on one of its own, and what points down has its own. */
function stackOf(graph: GraphModel, settings: ReadonlyMap<string, unknown>): string | undefined {
  const own = settings.get('custom.stacking') as { mode?: string; group?: unknown } | undefined;
  const mode = own?.mode ?? graph.stack;
  if (mode !== 'normal' && mode !== 'percent') return undefined;
  const direction = settings.get('custom.transform') === 'negative-Y' ? 'down' : 'up';
  return `${String(own?.group ?? 'A')} ${direction}`;
}

function totals(series: readonly PanelSeries[]): number[] {
  return (series[0]?.values ?? []).map((_, i) =>
    series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0),
  );
}

function overrideColor(settings: ReadonlyMap<string, unknown>, theme: ShownTheme): string | undefined {
  const color = settings.get('color') as { mode?: string; fixedColor?: string } | undefined;
  return color?.mode === 'fixed' || color?.fixedColor !== undefined
    ? cssColor(color.fixedColor, theme)
    : undefined;
}
