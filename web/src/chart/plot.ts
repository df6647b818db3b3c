import uPlot from 'uplot';
import { tickText, type Zone } from '../format/time.ts';
import { valueText } from '../format/units.ts';
import { withAlpha } from './palette.ts';
import { type Bounds, type Span, stackColumns, steadySpan, tickSteps } from './scale.ts';
import { type ChartMark, type ChartShade, drawMarks, drawShades } from './time-marks.ts';
import { createTooltip, MANY_LINES, type TooltipSettings } from './tooltip.ts';

/** Undefined: the line has no sample at this time and goes on; null: it has a hole. */
export type ChartValue = number | null | undefined;

export interface ChartLine {
  readonly name: string;
  readonly values: readonly ChartValue[];
  readonly color: string;
  /** Colours from the foot of the plot (0) to its top (1), instead of `color`. */
  readonly paint?: readonly (readonly [value: number, color: string])[];
  /** 0 (none) to 1. */
  readonly fill?: number;
  readonly width?: number;
  readonly dash?: readonly number[];
  readonly draw?: 'line' | 'smooth' | 'step' | 'stepBefore' | 'bars' | 'points';
  /** Dots on the samples: `auto` where they stand apart. Lone samples always have one. */
  readonly points?: 'auto' | 'always' | 'never';
  readonly pointSize?: number;
  readonly barAlign?: -1 | 0 | 1;
  /** `left` unless given, `right`, or the key of a further one. */
  readonly axis?: string;
  /** Lines of one group are drawn on top of each other; absent stands alone. */
  readonly stack?: string;
  /** The name of the line down to which this one's area reaches. */
  readonly fillBelowTo?: string;
  /** The area fades towards its foot. */
  readonly isGradient?: boolean;
  /** Left out of the legend, or of the tooltip. */
  readonly isUnnamed?: boolean;
  readonly isUntold?: boolean;
  /** Of the value in the tooltip and the legend, where it is not the axis's. */
  readonly unit?: string;
  readonly decimals?: number;
  /** Holes are bridged: all, or those up to so many seconds. */
  readonly spanGaps?: boolean | number;
}

/** A value axis beside the left and the right one, at the right. */
export interface ChartAxis {
  readonly key: string;
  readonly unit: string;
  readonly bounds: Bounds;
}

export interface ChartThreshold {
  /** Minus infinity for what is below the first one. */
  readonly value: number;
  readonly color: string;
}

export interface ChartSpec {
  /** Unix seconds. */
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
  /** Unix seconds; the axis shows all of it, data or not. */
  readonly range: readonly [from: number, to: number];
  readonly unit: string;
  readonly decimals?: number;
  readonly axisLabel?: string;
  readonly bounds: Bounds;
  readonly logBase?: number;
  /** Axes without numbers, and in the colour of their first line. */
  readonly isHidden?: boolean;
  readonly isColored?: boolean;
  readonly rightUnit?: string;
  readonly rightDecimals?: number;
  readonly rightLabel?: string;
  readonly rightBounds?: Bounds;
  readonly rightLogBase?: number;
  readonly moreAxes?: readonly ChartAxis[];
  readonly thresholds?: readonly ChartThreshold[];
  readonly thresholdStyle?: 'off' | 'line' | 'dashed' | 'area' | 'line+area' | 'dashed+area';
  readonly tooltip?: TooltipSettings;
  /** By whose clock; local unless given. */
  readonly zone?: Zone;
  readonly shades?: readonly ChartShade[];
  readonly marks?: readonly ChartMark[];
  /** Names of lines that are not drawn. */
  readonly hidden: ReadonlySet<string>;
}

export interface PlotEvents {
  /** Unix ms. */
  zoom(from: number, to: number): void;
  zoomOut(): void;
}

export interface Plot {
  update(spec: ChartSpec): void;
  resize(width: number, height: number): void;
  destroy(): void;
}

export interface PlotColors {
  readonly tick: string;
  readonly grid: string;
}

/** Distances of ticks on the time axis, seconds. */
const TIME_STEPS = [
  0.001, 0.01, 0.1, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
  86_400, 172_800, 345_600, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
];

const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** The element a chart is in: what it draws can be read from it, by those who check that it is the truth. */
export interface ChartHost extends HTMLElement {
  drawn?: () => ChartSpec;
}

/** Draws one chart into `host`. A new shape of data (other lines, other unit) needs a new plot; see `shapeOf`. */
export function createPlot(
  host: HTMLElement,
  first: ChartSpec,
  size: { width: number; height: number },
  colors: PlotColors,
  syncKey: string,
  events: PlotEvents,
): Plot {
  let spec = first;
  const shown = new Map<string, Span>();
  const extent = (axis: string, low: number | null, high: number | null): [number, number] => {
    const bounds =
      axis === 'left'
        ? spec.bounds
        : axis === 'right'
          ? spec.rightBounds
          : spec.moreAxes?.find(({ key }) => key === axis)?.bounds;
    const span = steadySpan(shown.get(axis), finite(low), finite(high), bounds ?? {});
    shown.set(axis, span);
    return span;
  };
  const tooltip = createTooltip(host);
  const axisWidth = createAxisWidth();
  const hasRight = spec.lines.some((line) => line.axis === 'right');
  const hasLeft = !hasRight || spec.lines.some((line) => line.axis !== 'right');

  const yAxis = (side: 'left' | 'right'): uPlot.Axis => {
    const isLeft = side === 'left';
    const unit = isLeft ? spec.unit : (spec.rightUnit ?? spec.unit);
    const label = isLeft ? spec.axisLabel : spec.rightLabel;
    const decimals = isLeft ? spec.decimals : spec.rightDecimals;
    const logBase = isLeft ? spec.logBase : spec.rightLogBase;
    const first = spec.lines.find((line) => (line.axis ?? 'left') === side);
    return {
      ...(label ? { label, labelFont: FONT, labelSize: 16, labelGap: 2 } : {}),
      show: spec.isHidden !== true && (!isLeft || hasLeft),
      scale: side,
      side: isLeft ? 3 : 1,
      stroke: spec.isColored && first ? first.color : colors.tick,
      font: FONT,
      grid:
        isLeft === hasLeft
          ? {
              stroke: colors.grid,
              width: 1,
              ...(logBase ? { filter: (_, splits) => powersOf(splits, logBase) } : {}),
            }
          : { show: false },
      ticks: { show: false },
      gap: 6,
      space: 32,
      ...(tickSteps(unit) && !logBase ? { incrs: tickSteps(unit) } : {}),
      values: (_, splits) => tickTexts(splits, unit, decimals),
      size: (plot, values) => axisWidth(plot, values),
    };
  };
  const furtherAxis = ({ key, unit }: ChartAxis): uPlot.Axis => ({
    show: spec.isHidden !== true,
    scale: key,
    side: 1,
    stroke: spec.isColored
      ? (spec.lines.find((line) => line.axis === key)?.color ?? colors.tick)
      : colors.tick,
    font: FONT,
    grid: { show: false },
    ticks: { show: false },
    gap: 6,
    space: 32,
    ...(tickSteps(unit) ? { incrs: tickSteps(unit) } : {}),
    values: (_, splits) => tickTexts(splits, unit, undefined),
    size: (plot, values) => axisWidth(plot, values),
  });
  const yScale = (side: 'left' | 'right', logBase: number | undefined): uPlot.Scale =>
    logBase
      ? { distr: 3, log: logBase === 2 ? 2 : 10, range: (_, low, high) => logSpan(low, high, side) }
      : { range: (_, low, high) => extent(side, low, high) };
  const logSpan = (low: number | null, high: number | null, side: 'left' | 'right'): [number, number] => {
    const bounds = side === 'left' ? spec.bounds : (spec.rightBounds ?? {});
    const base = (side === 'left' ? spec.logBase : spec.rightLogBase) === 2 ? 2 : 10;
    const log = (value: number): number => Math.log(value) / Math.log(base);
    const bottom =
      bounds.min !== undefined && bounds.min > 0 ? bounds.min : base ** Math.floor(log(finite(low) ?? 1));
    const top = bounds.max ?? base ** Math.ceil(log(finite(high) ?? 10));
    return top > bottom ? [bottom, top] : [bottom, bottom * base];
  };

  const plot = new uPlot(
    {
      ...size,
      padding: [8, hasRight ? 0 : 18, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        points: spec.lines.length < MANY_LINES ? { size: 6, width: 0 } : { show: false },
        drag: { x: true, y: false, setScale: false },
        sync: { key: syncKey, setSeries: false },
        focus: { prox: -1 },
        lock: true,
        bind: {
          dblclick: () => () => {
            events.zoomOut();
            return null;
          },
        },
      },
      scales: {
        x: { time: true, range: () => [spec.range[0], spec.range[1]] },
        left: yScale('left', spec.logBase),
        right: yScale('right', spec.rightLogBase),
        ...Object.fromEntries(
          (spec.moreAxes ?? []).map(({ key }): [string, uPlot.Scale] => [
            key,
            { range: (_, low, high) => extent(key, low, high) },
          ]),
        ),
      },
      axes: [
        {
          stroke: colors.tick,
          font: FONT,
          grid: { show: false },
          ticks: { stroke: colors.grid, width: 1, size: 4 },
          gap: 4,
          size: 26,
          space: 72,
          incrs: TIME_STEPS,
          values: (_, splits, _axis, _space, step) =>
            splits.map((time) => tickText(time * 1000, step * 1000, spec.zone)),
        },
        yAxis('left'),
        ...(hasRight ? [yAxis('right')] : []),
        ...(spec.moreAxes ?? []).map(furtherAxis),
      ],
      series: [{}, ...spec.lines.map((line) => seriesOf(line, spec))],
      bands: bandsOf(spec),
      ...(spec.zone === 'utc'
        ? { tzDate: (time: number) => uPlot.tzDate(new Date(time * 1000), 'Etc/UTC') }
        : {}),
      hooks: {
        setCursor: [(self) => tooltip.move(self, spec)],
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width < 8) return;
            events.zoom(self.posToVal(left, 'x') * 1000, self.posToVal(left + width, 'x') * 1000);
            self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        drawClear: [
          (self) => {
            if (spec.thresholdStyle?.includes('area')) drawThresholdAreas(self, spec.thresholds ?? []);
            drawShades(self, spec.shades ?? []);
          },
        ],
        draw: [(self) => drawThresholds(self, spec), (self) => drawMarks(self, spec.marks ?? [])],
      },
    },
    dataOf(spec),
    // Drawn before it stands in the page: each text on a canvas that does would have the browser work out the styles of all that is new.
    (self, init) => {
      self.batch(() => init());
      host.append(self.root);
    },
  );
  (host as ChartHost).drawn = () => spec;
  plot.over.addEventListener('mouseenter', tooltip.show);
  plot.over.addEventListener('mouseleave', tooltip.hide);
  // The library has let go of its crosshair, or holds it, by the time of the click.
  plot.over.addEventListener('click', () => tooltip.pin(isLocked(plot)));

  return {
    update(next) {
      const isOtherChoice = !sameSet(next.hidden, spec.hidden);
      if (isOtherChoice) {
        shown.clear();
      }
      spec = next;
      plot.batch(() => {
        if (isOtherChoice) {
          plot.delBand(null);
          for (const band of bandsOf(spec)) plot.addBand(band);
        }
        spec.lines.forEach((line, i) => {
          const isShown = !spec.hidden.has(line.name);
          if (plot.series[i + 1]!.show !== isShown) plot.setSeries(i + 1, { show: isShown });
        });
        plot.setData(dataOf(spec));
      });
    },
    resize(width, height) {
      if (width !== plot.width || height !== plot.height) plot.setSize({ width, height });
    },
    destroy() {
      tooltip.destroy();
      plot.destroy();
    },
  };
}

/** The library keeps to itself whether a click holds the crosshair. */
const isLocked = (plot: uPlot): boolean => (plot.cursor as { _lock?: boolean })._lock === true;

/** Plots of equal shape differ only in their data. */
export function shapeOf(spec: ChartSpec): string {
  const { times: _, range: __, hidden: ___, shades: ____, marks: _____, lines, ...rest } = spec;
  return JSON.stringify([lines.map(({ values: ______, ...line }) => line), rest]);
}

function dataOf(spec: ChartSpec): uPlot.AlignedData {
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
function bandsOf(spec: ChartSpec): uPlot.Band[] {
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

function seriesOf(line: ChartLine, spec: ChartSpec): uPlot.Series {
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

/** Each threshold's colour from its value up to the next one. */
function drawThresholdAreas(plot: uPlot, thresholds: readonly ChartThreshold[]): void {
  const { ctx, bbox } = plot;
  const bottom = bbox.top + bbox.height;
  const inside = (y: number): number => Math.min(bottom, Math.max(bbox.top, y));
  ctx.save();
  thresholds.forEach(({ value, color }, i) => {
    const next = thresholds[i + 1];
    const low = value === Number.NEGATIVE_INFINITY ? bottom : inside(plot.valToPos(value, 'left', true));
    const high = next ? inside(plot.valToPos(next.value, 'left', true)) : bbox.top;
    ctx.fillStyle = withAlpha(color, 0.1);
    ctx.fillRect(bbox.left, high, bbox.width, low - high);
  });
  ctx.restore();
}

function drawThresholds(plot: uPlot, spec: ChartSpec): void {
  const { ctx, bbox } = plot;
  const style = spec.thresholdStyle ?? 'dashed';
  if (!/line|dashed/.test(style)) return;
  ctx.save();
  for (const { value, color } of spec.thresholds ?? []) {
    if (!Number.isFinite(value)) continue;
    const y = plot.valToPos(value, 'left', true);
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = color;
    ctx.lineWidth = window.devicePixelRatio;
    ctx.setLineDash(
      style.includes('dashed') ? [6 * window.devicePixelRatio, 4 * window.devicePixelRatio] : [],
    );
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
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

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((item) => b.has(item));
}
