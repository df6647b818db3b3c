import { useMemo } from 'preact/hooks';
import type { GraphModel, PanelModel } from '../../../src/dashboards/model.ts';
import { Chart } from '../chart/chart.tsx';
import { assignColors, type ShownTheme, seriesColor } from '../chart/palette.ts';
import type { ChartLine } from '../chart/plot.ts';
import { useSession } from '../session.ts';
import { cssColor } from './colors.ts';
import type { PanelData, PanelSeries } from './panel-data.ts';
import { REDUCER_NAMES, reduceSeries } from './reduce.ts';

/** Time series and old graphs. */
export function SeriesPanel({
  panel,
  data,
  syncKey,
}: {
  readonly panel: PanelModel;
  readonly data: PanelData;
  readonly syncKey: string;
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
      bounds={isPercent ? { min: 0, max: 100 } : left}
      {...(right ? { rightUnit: right.unit, rightBounds: right } : {})}
      isLog={left.isLog}
      thresholds={thresholds}
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
  const stacks = drawn.map(({ settings }) => stackOf(graph, settings));
  const percent =
    graph.stack === 'percent' ? totals(drawn.filter((_, i) => stacks[i] !== undefined)) : undefined;
  return drawn.map(({ name, values, settings }, i): ChartLine => {
    const color = overrideColor(settings, theme) ?? fixed ?? seriesColor(palette[i]!, theme);
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
      draw: drawStyle === 'bars' || drawStyle === 'points' ? drawStyle : graph.draw,
      axis: graph.right && isOnRight(settings, panel.unit) ? 'right' : 'left',
      spanGaps: graph.nulls === 'connect',
      ...(graph.isDashed || style?.fill === 'dash' ? { dash: [6, 4] } : {}),
    };
  });
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

export function isHidden(settings: ReadonlyMap<string, unknown>): boolean {
  const hidden = settings.get('custom.hideFrom') as { viz?: boolean } | undefined;
  return hidden?.viz === true || settings.get('custom.hideFrom.viz') === true;
}

function overrideColor(settings: ReadonlyMap<string, unknown>, theme: ShownTheme): string | undefined {
  const color = settings.get('color') as { mode?: string; fixedColor?: string } | undefined;
  return color?.mode === 'fixed' || color?.fixedColor !== undefined
    ? cssColor(color.fixedColor, theme)
    : undefined;
}
