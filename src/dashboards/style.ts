import type { FieldModel } from './field.ts';
import { defined, type Json, numberAt, objectAt, objectsAt, textAt, textsAt } from './json.ts';
import type { AxisModel, GraphModel, LegendModel, ValueModel } from './model.ts';

/** Reads how a `timeseries` panel is drawn. */
export function readTimeseries(field: FieldModel): GraphModel {
  const { custom } = field;
  const interpolation = textAt(custom, 'lineInterpolation');
  const style = textAt(custom, 'drawStyle');
  const axis: AxisModel = {
    label: textAt(custom, 'axisLabel'),
    unit: field.unit,
    isLog: ['log', 'symlog'].includes(textAt(objectAt(custom, 'scaleDistribution'), 'type')),
    isHidden: textAt(custom, 'axisPlacement') === 'hidden',
    ...defined({
      decimals: field.decimals,
      min: field.min,
      max: field.max,
      softMin: numberAt(custom, 'axisSoftMin'),
      softMax: numberAt(custom, 'axisSoftMax'),
    }),
  };
  const thresholds = textAt(objectAt(custom, 'thresholdsStyle'), 'mode');
  const stacking = textAt(objectAt(custom, 'stacking'), 'mode');
  return {
    draw:
      style === 'bars' || style === 'points'
        ? style
        : interpolation === 'smooth'
          ? 'smooth'
          : interpolation.startsWith('step')
            ? 'step'
            : 'line',
    lineWidth: numberAt(custom, 'lineWidth') ?? 1,
    fill: (numberAt(custom, 'fillOpacity') ?? 0) / 100,
    gradient: ['opacity', 'hue'].includes(textAt(custom, 'gradientMode')) ? 'opacity' : 'none',
    stack: stacking === 'normal' || stacking === 'percent' ? stacking : 'none',
    nulls: custom.spanNulls === true ? 'connect' : 'gap',
    isDashed: textAt(objectAt(custom, 'lineStyle'), 'fill') === 'dash',
    left: axis,
    ...defined({ right: rightAxis(field, axis) }),
    thresholds:
      thresholds.includes('line') || thresholds.startsWith('dashed')
        ? thresholds.includes('area')
          ? 'line+area'
          : 'line'
        : thresholds === 'area'
          ? 'area'
          : 'off',
  };
}

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
    return {
      label: typeof label === 'string' ? label : '',
      unit: hasOtherUnit ? unit : left.unit,
      isLog: false,
      isHidden: false,
      ...defined({ decimals: number('decimals'), min: number('min'), max: number('max') }),
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
    isDashed: panel.dashes === true,
    left: readAxis(axes[0] ?? {}),
    ...(hasRight ? { right: readAxis(axes[1] ?? {}) } : {}),
    thresholds: objectsAt(panel, 'thresholds').length > 0 ? 'line' : 'off',
  };
}

function readAxis(axis: Json): AxisModel {
  return {
    label: textAt(axis, 'label'),
    unit: textAt(axis, 'format'),
    isLog: (numberAt(axis, 'logBase') ?? 1) > 1,
    isHidden: axis.show === false,
    ...defined({
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
    };
  }
  const legend = objectAt(objectAt(panel, 'options'), 'legend');
  const mode = textAt(legend, 'displayMode');
  return {
    isShown: legend.showLegend !== false && mode !== 'hidden',
    mode: mode === 'table' ? 'table' : 'list',
    placement: textAt(legend, 'placement') === 'right' ? 'right' : 'bottom',
    calcs: textsAt(legend, 'calcs'),
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
    reducer: calc === '' ? 'lastNotNull' : (OLD_CALCS[calc] ?? calc),
    colorMode: mode === 'none' ? 'none' : mode.startsWith('background') ? 'background' : 'value',
    hasSparkline: textAt(options, 'graphMode', 'area') === 'area' && textAt(panel, 'type') === 'stat',
    ...(reduce.values === true ? { isEveryRow: true, limit: numberAt(reduce, 'limit') ?? 25 } : {}),
    orientation: orientation === 'horizontal' || orientation === 'vertical' ? orientation : 'auto',
    textMode: textAt(options, 'textMode', 'auto'),
    prefix: textAt(panel, 'prefix') || textAt(v6, 'prefix'),
    postfix: textAt(panel, 'postfix') || textAt(v6, 'suffix'),
  };
}

/**
 * An old singlestat shows the mean unless told otherwise, and colours nothing unless told to; one written by hand with thresholds
 * and without either flag meant the value to be coloured.
 */
function readSinglestat(panel: Json): ValueModel {
  const spark = objectAt(panel, 'sparkline');
  const saysNothing = panel.colorValue === undefined && panel.colorBackground === undefined;
  const hasThresholds = typeof panel.thresholds === 'string' && panel.thresholds !== '';
  return {
    reducer: OLD_CALCS[textAt(panel, 'valueName', 'avg')] ?? 'mean',
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
  };
}
