import type { FieldModel } from './field.ts';
import {
  defined,
  entryOf,
  isObject,
  type Json,
  numberAt,
  objectAt,
  objectsAt,
  textAt,
  textsAt,
} from './json.ts';
import type { AxisModel, DrawStyle, GraphModel, LegendModel, TooltipModel, ValueModel } from './model.ts';

/** Reads how a `timeseries` panel is drawn. */
export function readTimeseries(field: FieldModel): GraphModel {
  const { custom } = field;
  const placement = textAt(custom, 'axisPlacement');
  const axis: AxisModel = {
    label: textAt(custom, 'axisLabel'),
    unit: field.unit,
    isHidden: placement === 'hidden',
    ...defined({
      logBase: logBaseOf(objectAt(custom, 'scaleDistribution')),
      isCentered: custom.axisCenteredZero === true ? true : undefined,
      isColored: textAt(custom, 'axisColorMode') === 'series' ? true : undefined,
      side: placement === 'right' ? ('right' as const) : undefined,
      decimals: field.decimals,
      min: field.min,
      max: field.max,
      softMin: numberAt(custom, 'axisSoftMin'),
      softMax: numberAt(custom, 'axisSoftMax'),
    }),
  };
  const thresholds = textAt(objectAt(custom, 'thresholdsStyle'), 'mode');
  const stacking = textAt(objectAt(custom, 'stacking'), 'mode');
  const points = textAt(custom, 'showPoints');
  return {
    draw: drawStyle(textAt(custom, 'drawStyle'), textAt(custom, 'lineInterpolation')),
    lineWidth: numberAt(custom, 'lineWidth') ?? 1,
    fill: (numberAt(custom, 'fillOpacity') ?? 0) / 100,
    gradient: gradientOf(textAt(custom, 'gradientMode')),
    stack: stacking === 'normal' || stacking === 'percent' ? stacking : 'none',
    nulls: custom.spanNulls === true ? 'connect' : 'gap',
    points: points === 'always' || points === 'never' ? points : 'auto',
    pointSize: numberAt(custom, 'pointSize') ?? 5,
    barAlign: barAlignOf(custom.barAlignment),
    ...defined({
      maxGapMs: typeof custom.spanNulls === 'number' ? custom.spanNulls : undefined,
      dash: dashOf(objectAt(custom, 'lineStyle')),
    }),
    left: axis,
    ...defined({ right: rightAxis(field, axis) }),
    thresholds: (THRESHOLD_STYLES as readonly string[]).includes(thresholds)
      ? (thresholds as GraphModel['thresholds'])
      : 'off',
  };
}

const THRESHOLD_STYLES = [
  'line',
  'dashed',
  'area',
  'line+area',
  'dashed+area',
] as const satisfies readonly GraphModel['thresholds'][];

function drawStyle(style: string, interpolation: string): DrawStyle {
  if (style === 'bars' || style === 'points') return style;
  const lines: Readonly<Record<string, DrawStyle>> = {
    smooth: 'smooth',
    stepAfter: 'step',
    stepBefore: 'stepBefore',
  };
  return entryOf(lines, interpolation) ?? 'line';
}

/** By hue differs from by opacity in a nuance of colour only. */
function gradientOf(mode: string): GraphModel['gradient'] {
  if (mode === 'scheme') return 'scheme';
  return mode === 'opacity' || mode === 'hue' ? 'opacity' : 'none';
}

/** `{fill: 'dash' | 'dot', dash: [line, gap, …]}`; undefined for a solid line. */
function dashOf(style: Json): readonly number[] | undefined {
  const fill = textAt(style, 'fill');
  if (fill !== 'dash' && fill !== 'dot') return undefined;
  const lengths = Array.isArray(style.dash) ? style.dash.filter((one) => typeof one === 'number') : [];
  if (lengths.length > 0) return lengths;
  return fill === 'dot' ? [0, 10] : [10, 10];
}

/** A symmetric logarithm is drawn as a plain one: below zero it has nothing to show that a monitor measures. */
function logBaseOf(scale: Json): number | undefined {
  const type = textAt(scale, 'type');
  return type === 'log' || type === 'symlog' ? (numberAt(scale, 'log') ?? 2) : undefined;
}

const barAlignOf = (value: unknown): GraphModel['barAlign'] => (value === -1 || value === 1 ? value : 0);

/** The second axis, when an override puts a series there, by name or by giving it another unit. */
function rightAxis(field: FieldModel, left: AxisModel): AxisModel | undefined {
  for (const { properties } of field.overrides) {
    const setTo = (id: string): unknown => properties.find((property) => property.id === id)?.value;
    const unit = setTo('unit');
    const hasOtherUnit = typeof unit === 'string' && unit !== '' && unit !== field.unit;
    if (setTo('custom.axisPlacement') !== 'right' && !hasOtherUnit) continue;
    const number = (id: string): number | undefined => {
      const value = setTo(id);
      return typeof value === 'number' ? value : undefined;
    };
    const label = setTo('custom.axisLabel');
    const scale = setTo('custom.scaleDistribution');
    return {
      label: typeof label === 'string' ? label : '',
      unit: hasOtherUnit ? unit : left.unit,
      isHidden: false,
      ...defined({
        logBase: isObject(scale) ? logBaseOf(scale) : undefined,
        decimals: number('decimals'),
        min: number('min'),
        max: number('max'),
        softMin: number('custom.axisSoftMin'),
        softMax: number('custom.axisSoftMax'),
      }),
    };
  }
  return undefined;
}

/** Reads how the old `graph` panel is drawn; its defaults are not those of its successor. */
export function readGraph(panel: Json): GraphModel {
  const axes = objectsAt(panel, 'yaxes');
  const stack = panel.stack === true ? (panel.percentage === true ? 'percent' : 'normal') : 'none';
  const draw =
    panel.lines === false
      ? panel.bars === true
        ? 'bars'
        : 'points'
      : panel.bars === true
        ? 'bars'
        : panel.steppedLine === true
          ? 'step'
          : 'line';
  const nulls =
    panel.nullPointMode === 'connected' ? 'connect' : panel.nullPointMode === 'null as zero' ? 'zero' : 'gap';
  const hasRight = objectsAt(panel, 'seriesOverrides').some((override) => numberAt(override, 'yaxis') === 2);
  return {
    draw,
    // Its bars are solid and without an outline, whatever the line's settings say.
    lineWidth: draw === 'bars' ? 0 : (numberAt(panel, 'linewidth') ?? 1),
    fill: draw === 'bars' ? 1 : (numberAt(panel, 'fill') ?? 1) / 10,
    gradient: (numberAt(panel, 'fillGradient') ?? 0) > 0 ? 'opacity' : 'none',
    stack,
    nulls,
    points: panel.points === true ? 'always' : 'never',
    // Grafana's old graph gives a radius.
    pointSize: (numberAt(panel, 'pointradius') ?? 2) * 2,
    barAlign: 0,
    ...(panel.dashes === true
      ? { dash: [numberAt(panel, 'dashLength') ?? 10, numberAt(panel, 'spaceLength') ?? 10] }
      : {}),
    left: readAxis(axes[0] ?? {}),
    ...(hasRight ? { right: readAxis(axes[1] ?? {}) } : {}),
    thresholds: objectsAt(panel, 'thresholds').length > 0 ? 'line' : 'off',
  };
}

function readAxis(axis: Json): AxisModel {
  return {
    label: textAt(axis, 'label'),
    unit: textAt(axis, 'format'),
    isHidden: axis.show === false,
    ...defined({
      logBase: (numberAt(axis, 'logBase') ?? 1) > 1 ? numberAt(axis, 'logBase') : undefined,
      decimals: numberAt(axis, 'decimals'),
      min: numberAt(axis, 'min'),
      max: numberAt(axis, 'max'),
    }),
  };
}

const OLD_CALCS: Readonly<Record<string, string>> = {
  current: 'lastNotNull',
  avg: 'mean',
  total: 'sum',
  min: 'min',
  max: 'max',
  first: 'firstNotNull',
  range: 'range',
  diff: 'diff',
  delta: 'delta',
  name: 'name',
  last: 'last',
  last_time: 'lastTime',
};

/** The old legend says with flags which values it shows, the new one with a list. */
export function readLegend(panel: Json): LegendModel {
  const isOld = textAt(panel, 'type') === 'graph';
  if (isOld) {
    const legend = objectAt(panel, 'legend');
    const calcs =
      legend.values === true ? Object.keys(OLD_CALCS).filter((name) => legend[name] === true) : [];
    return {
      isShown: legend.show !== false,
      mode: legend.alignAsTable === true ? 'table' : 'list',
      placement: legend.rightSide === true ? 'right' : 'bottom',
      calcs: calcs.map((name) => OLD_CALCS[name]!),
      isDescending: legend.sortDesc === true,
      hideEmpty: legend.hideEmpty === true,
      hideZero: legend.hideZero === true,
      ...defined({
        sortBy: typeof legend.sort === 'string' ? entryOf(OLD_CALCS, legend.sort) : undefined,
        width: numberAt(legend, 'sideWidth'),
      }),
    };
  }
  const legend = objectAt(objectAt(panel, 'options'), 'legend');
  const mode = textAt(legend, 'displayMode');
  return {
    isShown: legend.showLegend !== false && mode !== 'hidden',
    mode: mode === 'table' ? 'table' : 'list',
    placement: textAt(legend, 'placement') === 'right' ? 'right' : 'bottom',
    calcs: textsAt(legend, 'calcs'),
    isDescending: legend.sortDesc === true,
    hideEmpty: legend.hideEmpty === true,
    hideZero: legend.hideZero === true,
    ...defined({
      sortBy: entryOf(SORTED_BY, textAt(legend, 'sortBy').toLowerCase()),
      width: numberAt(legend, 'width'),
    }),
  };
}

/** A legend's table is sorted by a column's title: what Grafana calls its reducers there. */
const SORTED_BY: Readonly<Record<string, string>> = {
  name: 'name',
  last: 'last',
  'last *': 'lastNotNull',
  first: 'first',
  'first *': 'firstNotNull',
  mean: 'mean',
  min: 'min',
  max: 'max',
  total: 'sum',
  sum: 'sum',
  range: 'range',
  delta: 'delta',
  difference: 'diff',
  count: 'count',
  median: 'median',
  variance: 'variance',
  stddev: 'stdDev',
};

/** The old graph tells all series when they share a tooltip, and sorts by a number. */
export function readTooltip(panel: Json): TooltipModel {
  const isOld = textAt(panel, 'type') === 'graph';
  const tooltip = isOld ? objectAt(panel, 'tooltip') : objectAt(objectAt(panel, 'options'), 'tooltip');
  const mode = isOld ? (tooltip.shared === false ? 'single' : 'multi') : textAt(tooltip, 'mode', 'multi');
  const sort = isOld
    ? (['none', 'asc', 'desc'][numberAt(tooltip, 'sort') ?? 0] ?? 'none')
    : textAt(tooltip, 'sort', 'desc');
  return {
    mode: mode === 'none' || mode === 'hidden' ? 'none' : mode === 'single' ? 'single' : 'all',
    sort: sort === 'asc' ? 'ascending' : sort === 'desc' ? 'descending' : 'none',
    hideZeros: tooltip.hideZeros === true,
  };
}

/** Reads how a single value is drawn, from `options` or from the fields of a singlestat. */
export function readValue(panel: Json): ValueModel {
  if (textAt(panel, 'type') === 'singlestat') return readSinglestat(panel);
  const options = objectAt(panel, 'options');
  const v6 = objectAt(options, 'fieldOptions');
  const reduce = objectAt(options, 'reduceOptions');
  const calc =
    textsAt(reduce, 'calcs')[0] ??
    textsAt(v6, 'calcs')[0] ??
    (textAt(options, 'reducer') || textAt(panel, 'valueName'));
  const orientation = textAt(options, 'orientation');
  const mode = textAt(options, 'colorMode', 'value');
  return {
    reducer: calc === '' ? 'lastNotNull' : (entryOf(OLD_CALCS, calc) ?? calc),
    colorMode: mode === 'none' ? 'none' : mode.startsWith('background') ? 'background' : 'value',
    hasSparkline: textAt(options, 'graphMode', 'area') === 'area' && textAt(panel, 'type') === 'stat',
    ...(reduce.values === true ? { isEveryRow: true, limit: numberAt(reduce, 'limit') ?? 25 } : {}),
    orientation: orientation === 'horizontal' || orientation === 'vertical' ? orientation : 'auto',
    textMode: textAt(options, 'textMode', 'auto'),
    prefix: textAt(panel, 'prefix') || textAt(v6, 'prefix'),
    postfix: textAt(panel, 'postfix') || textAt(v6, 'suffix'),
    ...defined({
      valueSize: numberAt(objectAt(options, 'text'), 'valueSize'),
      titleSize: numberAt(objectAt(options, 'text'), 'titleSize'),
    }),
    isCentered: textAt(options, 'justifyMode') === 'center',
    hasMarkers: options.showThresholdMarkers !== false,
    hasMarkerLabels: options.showThresholdLabels === true,
    bar: barOf(textAt(options, 'displayMode', 'gradient')),
    hasTrack: options.showUnfilled !== false,
    barValue: barValueOf(textAt(options, 'valueMode')),
  };
}

const barValueOf = (mode: string): ValueModel['barValue'] =>
  mode === 'text' || mode === 'hidden' ? mode : 'color';

const barOf = (mode: string): ValueModel['bar'] => (mode === 'basic' || mode === 'lcd' ? mode : 'gradient');

/**
 * An old singlestat shows the mean unless told otherwise, and colours nothing unless told to; one written by hand with thresholds
 * and without either flag meant the value to be coloured.
 */
function readSinglestat(panel: Json): ValueModel {
  const spark = objectAt(panel, 'sparkline');
  const saysNothing = panel.colorValue === undefined && panel.colorBackground === undefined;
  const hasThresholds = typeof panel.thresholds === 'string' && panel.thresholds !== '';
  return {
    reducer: entryOf(OLD_CALCS, textAt(panel, 'valueName', 'avg')) ?? 'mean',
    colorMode:
      panel.colorBackground === true
        ? 'background'
        : panel.colorValue === true || (saysNothing && hasThresholds)
          ? 'value'
          : 'none',
    hasSparkline: spark.show === true,
    ...defined({ sparklineColor: textAt(spark, 'lineColor') || undefined }),
    orientation: 'auto',
    textMode: 'value',
    prefix: textAt(panel, 'prefix'),
    postfix: textAt(panel, 'postfix'),
    isCentered: true,
    hasMarkers: objectAt(panel, 'gauge').thresholdMarkers !== false,
    hasMarkerLabels: objectAt(panel, 'gauge').thresholdLabels === true,
    bar: 'basic',
    hasTrack: true,
    barValue: 'color',
  };
}
