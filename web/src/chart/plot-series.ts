import uPlot from 'uplot';
import type { ChartLine, ChartSpec, ChartValue } from './chart-spec.ts';
import { withAlpha } from './palette.ts';
import { stackColumns } from './scale.ts';

/** The columns of a chart as the library takes them: stacked lines are sums. */
export function dataOf(spec: ChartSpec): uPlot.AlignedData {
  const drawn = spec.lines.map((line) => line.values as ChartValue[]);
  for (const members of shownStacks(spec)) {
    const sums = stackColumns(members.map((i) => spec.lines[i]!.values));
    members.forEach((i, at) => {
      drawn[i] = sums[at]!;
    });
  }
  return [spec.times as number[], ...drawn] as uPlot.AlignedData;
}

/** Positions of the lines of each stack that are shown, bottom first. */
function shownStacks({ lines, hidden }: ChartSpec): number[][] {
  const groups = new Map<string, number[]>();
  lines.forEach(({ name, stack }, i) => {
    if (stack !== undefined && !hidden.has(name)) groups.set(stack, [...(groups.get(stack) ?? []), i]);
  });
  return [...groups.values()];
}

/** The area of a stacked line ends at the line below it. Series 0 is the time. */
export function bandsOf(spec: ChartSpec): uPlot.Band[] {
  const stacked = shownStacks(spec).flatMap((group) =>
    group.slice(1).map((upper, i) => ({ series: [upper + 1, group[i]! + 1] as [number, number] })),
  );
  const between = spec.lines.flatMap(({ fillBelowTo, color, fill }, upper) => {
    const lower = fillBelowTo === undefined ? -1 : spec.lines.findIndex((line) => line.name === fillBelowTo);
    if (lower < 0 || lower === upper) return [];
    return [{ series: [upper + 1, lower + 1] as [number, number], fill: withAlpha(color, fill || 0.2) }];
  });
  return [...stacked, ...between];
}

/** How a line is drawn. */
export function seriesOf(line: ChartLine, spec: ChartSpec): uPlot.Series {
  const fill = line.fill ?? 0;
  const paths = pathsOf(line);
  const isDots = line.draw === 'points';
  const size = line.pointSize ?? 5;
  const { paint } = line;
  const gaps = typeof line.spanGaps === 'number' ? line.spanGaps : undefined;
  return {
    label: line.name,
    scale: line.axis ?? 'left',
    show: !spec.hidden.has(line.name),
    stroke: paint ? painted(paint, line.axis ?? 'left', 1) : line.color,
    width: isDots ? 0 : (line.width ?? 1.5),
    spanGaps: line.spanGaps === true,
    ...(gaps === undefined
      ? {}
      : {
          gaps: (plot, _, from, to, found) => found.filter((gap) => lengthOf(plot, gap) > gaps && from <= to),
        }),
    ...(line.dash
      ? { dash: [...line.dash], cap: line.dash[0] === 0 ? ('round' as const) : ('butt' as const) }
      : {}),
    ...(fill > 0 && line.fillBelowTo === undefined && !isDots
      ? {
          fill: paint
            ? painted(paint, line.axis ?? 'left', fill)
            : line.isGradient
              ? fading(line.color, fill)
              : withAlpha(line.color, fill),
        }
      : {}),
    ...(paths ? { paths } : {}),
    points: {
      ...(isDots || line.points === 'always'
        ? { show: true }
        : line.points === 'auto'
          ? {}
          : { show: false }),
      size,
      width: 0,
      fill: line.color,
      filter: (_, __, show) => (show ? null : lonePoints(line.values)),
    },
  };
}

/** How long a hole is, in seconds; the library gives its ends in pixels. */
const lengthOf = (plot: uPlot, [left, right]: [number, number]): number =>
  plot.posToVal(right, 'x', true) - plot.posToVal(left, 'x', true);

/** Colours by value: a gradient over the whole height of the plot. */
function painted(
  stops: readonly (readonly [value: number, color: string])[],
  scale: string,
  alpha: number,
): (plot: uPlot) => CanvasGradient | string {
  return (plot) => {
    const { top, height } = plot.bbox;
    const { min, max } = plot.scales[scale] ?? {};
    if (min == null || max == null || !Number.isFinite(top) || height <= 0)
      return stops[0]?.[1] ?? 'transparent';
    const gradient = plot.ctx.createLinearGradient(0, top + height, 0, top);
    for (const [value, color] of stops) {
      const share = (value - min) / (max - min || 1);
      gradient.addColorStop(Math.min(1, Math.max(0, share)), alpha < 1 ? withAlpha(color, alpha) : color);
    }
    return gradient;
  };
}

/** An area that is as dense as wanted at the top of the plot and gone at its foot. */
function fading(color: string, fill: number): uPlot.Series.Fill {
  return (plot) => {
    const { top, height } = plot.bbox;
    if (!Number.isFinite(top) || height <= 0) return withAlpha(color, fill);
    const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
    gradient.addColorStop(0, withAlpha(color, fill));
    gradient.addColorStop(1, withAlpha(color, 0.02));
    return gradient;
  };
}

function pathsOf(line: ChartLine): uPlot.Series.PathBuilder | undefined {
  switch (line.draw) {
    case 'smooth':
      return uPlot.paths.spline?.();
    case 'step':
      return uPlot.paths.stepped?.({ align: 1 });
    case 'stepBefore':
      return uPlot.paths.stepped?.({ align: -1 });
    case 'bars':
      return uPlot.paths.bars?.({ size: [0.8, 24], align: line.barAlign ?? 0 });
    default:
      return undefined;
  }
}

/** A value between two holes draws no line: it gets a dot. */
function lonePoints(values: readonly ChartValue[]): number[] | null {
  const found: number[] = [];
  const isHole = (i: number): boolean => values[i] === null || values[i] === undefined;
  for (let i = 0; i < values.length; i++) {
    if (!isHole(i) && isHole(i - 1) && isHole(i + 1)) found.push(i);
  }
  return found.length > 0 ? found : null;
}
