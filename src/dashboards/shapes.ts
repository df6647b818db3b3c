import type { FieldModel } from './field.ts';
import { defined, isObject, type Json, numberAt, objectAt, objectsAt, textAt, textsAt } from './json.ts';
import type { BarsModel, ColumnModel, HeatmapModel, PanelModel, PieModel, StatesModel } from './model.ts';

type Shape = Pick<PanelModel, 'heatmap' | 'pie' | 'bars' | 'states' | 'columns'>;

/** Reads what a panel's type alone has. */
export function readShape(panel: Json, type: string, field: FieldModel): Shape {
  switch (type) {
    case 'heatmap':
      return { heatmap: readHeatmap(panel, field) };
    case 'piechart':
      return { pie: readPie(panel) };
    case 'barchart':
    case 'histogram':
      return { bars: readBars(panel) };
    case 'state-timeline':
    case 'status-history':
      return { states: readStates(panel) };
    case 'table':
      return { columns: readColumns(panel, field) };
    default:
      return {};
  }
}

/** The successor keeps its settings in `options`, the old heat map on the panel itself. */
function readHeatmap(panel: Json, field: FieldModel): HeatmapModel {
  const options = objectAt(panel, 'options');
  const isOld = panel.dataFormat !== undefined || panel.cards !== undefined;
  const axis = objectAt(isOld ? panel : options, 'yAxis');
  const color = objectAt(isOld ? panel : options, 'color');
  const scheme = isOld ? textAt(color, 'colorScheme').replace(/^interpolate/, '') : textAt(color, 'scheme');
  const isScheme = isOld
    ? textAt(color, 'mode', 'spectrum') === 'spectrum'
    : textAt(color, 'mode', 'scheme') === 'scheme';
  return {
    isCalculated: isOld ? textAt(panel, 'dataFormat') !== 'tsbuckets' : options.calculate === true,
    unit: textAt(axis, isOld ? 'format' : 'unit') || field.unit,
    scheme: isScheme ? scheme || 'Oranges' : '',
    isReversed: color.reverse === true,
    exponent: numberAt(color, 'exponent') ?? 0.5,
    // Of old, none was meant by 0 and drawn as 1; upstream's migration keeps that.
    cellGap: Math.max(
      0,
      isOld
        ? (numberAt(objectAt(panel, 'cards'), 'cardPadding') ?? 2) || 1
        : (numberAt(options, 'cellGap') ?? 1),
    ),
    ...defined({ decimals: numberAt(axis, 'decimals') }),
  };
}

function readPie(panel: Json): PieModel {
  const options = objectAt(panel, 'options');
  const old = objectAt(panel, 'legend');
  const legend = objectAt(options, 'legend');
  const oldValues = [
    ...(old.values === true ? ['value'] : []),
    ...(old.percentage === true ? ['percent'] : []),
  ];
  return {
    isDonut: (textAt(options, 'pieType') || textAt(panel, 'pieType')) === 'donut',
    labels: textsAt(options, 'displayLabels'),
    values: isObject(options.legend) ? textsAt(legend, 'values') : oldValues,
  };
}

function readBars(panel: Json): BarsModel {
  const options = objectAt(panel, 'options');
  return {
    isHorizontal: textAt(options, 'orientation') === 'horizontal',
    isStacked: textAt(options, 'stacking', 'none') !== 'none',
    xField: textAt(options, 'xField'),
    bucketSize: numberAt(options, 'bucketSize') ?? 0,
    bucketCount: numberAt(options, 'bucketCount') ?? 30,
  };
}

function readStates(panel: Json): StatesModel {
  const options = objectAt(panel, 'options');
  const align = textAt(options, 'alignValue');
  return {
    showValue: textAt(options, 'showValue', 'auto') !== 'never',
    align: align === 'center' || align === 'right' ? align : 'left',
    mergeEqual: options.mergeValues !== false,
    rowShare: shareAt(options, 'rowHeight'),
    cellShare: shareAt(options, 'colWidth'),
  };
}

function shareAt(options: Json, key: string): number {
  return Math.min(1, Math.max(0.05, numberAt(options, key) ?? 0.9));
}

function readColumns(panel: Json, field: FieldModel): ColumnModel {
  const options = objectAt(panel, 'options');
  const align = textAt(field.custom, 'align');
  const footer = objectAt(options, 'footer');
  const reducers = textsAt(footer, 'reducer');
  return {
    align: align === 'left' || align === 'center' || align === 'right' ? align : 'auto',
    cell: cellType(field.custom.cellOptions, field.custom.displayMode),
    sortBy: objectsAt(options, 'sortBy')
      .map((sort) => ({ name: textAt(sort, 'displayName'), isDescending: sort.desc === true }))
      .filter(({ name }) => name !== ''),
    hasHeader: options.showHeader !== false,
    footer: footer.show === true ? (reducers.length > 0 ? reducers : ['sum']) : [],
  };
}

/** How a cell is drawn: since 9.3 an object, before that a word. */
function cellType(cellOptions: unknown, displayMode: unknown): string {
  const type = isObject(cellOptions) ? textAt(cellOptions, 'type') : displayMode;
  if (typeof type !== 'string' || type === '') return 'auto';
  if (type.startsWith('color-background')) return 'color-background';
  return type === 'lcd-gauge' || type === 'gradient-gauge' || type === 'basic' ? 'gauge' : type;
}
