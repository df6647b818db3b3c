import type uPlot from 'uplot';
import { tickText } from '../format/time.ts';
import { valueText } from '../format/units.ts';
import type { ChartAxis, ChartSpec } from './chart-spec.ts';
import { type Bounds, type Span, steadySpan, tickSteps } from './scale.ts';

export interface PlotColors {
  readonly tick: string;
  readonly grid: string;
}

/** Axes and scales as the library takes them: time below, values at the left, at the right, and further ones at the right. */
export interface PlotAxes {
  readonly axes: uPlot.Axis[];
  readonly scales: uPlot.Scales;
  readonly hasRight: boolean;
  /** The next data decide anew how far the axes of values reach. */
  forgetSpans(): void;
}

/** Distances of ticks on the time axis, seconds. */
const TIME_STEPS = [
  0.001, 0.01, 0.1, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
  86_400, 172_800, 345_600, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
];

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

type Side = 'left' | 'right';

/** @param current what is drawn now; where there are axes, and how they look, is as it was at first */
export function createAxes(current: () => ChartSpec, colors: PlotColors): PlotAxes {
  const spec = current();
  const shown = new Map<string, Span>();
  const axisWidth = createAxisWidth();
  const hasRight = spec.lines.some((line) => line.axis === 'right');
  const hasLeft = !hasRight || spec.lines.some((line) => line.axis !== 'right');
  const further = spec.moreAxes ?? [];

  const reach = (axis: string, low: number | null, high: number | null): [number, number] => {
    const span = steadySpan(shown.get(axis), finite(low), finite(high), boundsOf(current(), axis));
    shown.set(axis, span);
    return span;
  };
  const scaleOf = (side: Side, logBase: number | undefined): uPlot.Scale => {
    if (!logBase) return { range: (_, low, high) => reach(side, low, high) };
    const base = logBase === 2 ? 2 : 10;
    return {
      distr: 3,
      log: base,
      range: (_, low, high) => logSpan(low, high, boundsOf(current(), side), base),
    };
  };
  const axisOf = (key: string, unit: string, decimals: number | undefined, logBase?: number): uPlot.Axis => {
    const steps = logBase ? undefined : tickSteps(unit);
    const first = spec.lines.find((line) => (line.axis ?? 'left') === key);
    return {
      show: spec.isHidden !== true,
      scale: key,
      side: 1,
      stroke: spec.isColored && first ? first.color : colors.tick,
      font: FONT,
      grid: { show: false },
      ticks: { show: false },
      gap: 6,
      space: 32,
      ...(steps ? { incrs: steps } : {}),
      values: (_, splits) => tickTexts(splits, unit, decimals),
      size: axisWidth,
    };
  };
  const mainAxis = (side: Side): uPlot.Axis => {
    const isLeft = side === 'left';
    const [unit, decimals, label, logBase] = isLeft
      ? [spec.unit, spec.decimals, spec.axisLabel, spec.logBase]
      : [spec.rightUnit ?? spec.unit, spec.rightDecimals, spec.rightLabel, spec.rightLogBase];
    const axis = axisOf(side, unit, decimals, logBase);
    if (label) Object.assign(axis, { label, labelFont: FONT, labelSize: 16, labelGap: 2 });
    if (isLeft) {
      axis.show = spec.isHidden !== true && hasLeft;
      axis.side = 3;
    }
    // One of the two has the grid.
    if (isLeft === hasLeft) {
      axis.grid = { stroke: colors.grid, width: 1 };
      if (logBase) axis.grid.filter = (_, splits) => powersOf(splits, logBase);
    }
    return axis;
  };
  const timeAxis: uPlot.Axis = {
    stroke: colors.tick,
    font: FONT,
    grid: { show: false },
    ticks: { stroke: colors.grid, width: 1, size: 4 },
    gap: 4,
    size: 26,
    space: 72,
    incrs: TIME_STEPS,
    values: (_, splits, _axis, _space, step) =>
      splits.map((time) => tickText(time * 1000, step * 1000, current().zone ?? 'local')),
  };

  return {
    axes: [
      timeAxis,
      mainAxis('left'),
      ...(hasRight ? [mainAxis('right')] : []),
      ...further.map(({ key, unit }: ChartAxis) => axisOf(key, unit, undefined)),
    ],
    scales: {
      x: { time: true, range: () => [current().range[0], current().range[1]] },
      left: scaleOf('left', spec.logBase),
      right: scaleOf('right', spec.rightLogBase),
      ...Object.fromEntries(
        further.map(({ key }): [string, uPlot.Scale] => [
          key,
          { range: (_, low, high) => reach(key, low, high) },
        ]),
      ),
    },
    hasRight,
    forgetSpans: () => shown.clear(),
  };
}

function boundsOf(spec: ChartSpec, axis: string): Bounds {
  if (axis === 'left') return spec.bounds;
  if (axis === 'right') return spec.rightBounds ?? {};
  return spec.moreAxes?.find(({ key }) => key === axis)?.bounds ?? {};
}

/** Whole powers of the base around the values, unless bounds are given. */
function logSpan(
  low: number | null,
  high: number | null,
  { min, max }: Bounds,
  base: 2 | 10,
): [number, number] {
  const log = (value: number): number => Math.log(value) / Math.log(base);
  const bottom = min !== undefined && min > 0 ? min : base ** Math.floor(log(finite(low) ?? 1));
  const top = max ?? base ** Math.ceil(log(finite(high) ?? 10));
  return top > bottom ? [bottom, top] : [bottom, bottom * base];
}

/** Room for an axis' numbers. What was measured once is remembered: the same come again at every refresh, several times. */
function createAxisWidth(): (plot: uPlot, values: readonly string[] | null) => number {
  const widths = new Map<string, number>();
  return ({ ctx }, values) => {
    if (!values) return 40;
    if (widths.size > 500) widths.clear();
    const unknown = values.filter((text) => !widths.has(text));
    if (unknown.length > 0) {
      ctx.save();
      ctx.font = FONT;
      for (const text of unknown) widths.set(text, ctx.measureText(text).width);
      ctx.restore();
    }
    const widest = values.reduce((most, text) => Math.max(most, widths.get(text)!), 0);
    return Math.max(40, Math.ceil(widest) + 12);
  };
}

/** Of a logarithmic axis' ticks, the powers of its base: the lines in between are noise. */
const powersOf = (splits: readonly number[], base: number): (number | null)[] =>
  splits.map((value) => {
    const power = Math.log(value) / Math.log(base);
    return Math.abs(power - Math.round(power)) < 1e-6 ? value : null;
  });

/** As many decimals as it takes to tell the ticks apart, at least those authored. */
function tickTexts(splits: readonly (number | null)[], unit: string, decimals: number | undefined): string[] {
  const texts = splits.map((value) => (value === null ? '' : valueText(value, unit, decimals)));
  const isTold =
    new Set(texts.filter((text) => text !== '')).size === texts.filter((text) => text !== '').length;
  return isTold ? texts : splits.map((value) => (value === null ? '' : valueText(value, unit)));
}

const finite = (value: number | null | undefined): number | null =>
  value === null || value === undefined || !Number.isFinite(value) ? null : value;
