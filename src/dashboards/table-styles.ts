import { oldMatcher, oldThresholds } from './field.ts';
import { entryOf, type Json, numberAt, objectsAt, textAt } from './json.ts';
import type { MappingModel, OverrideModel, ThresholdsModel } from './model.ts';

type Property = OverrideModel['properties'][number];

/** Brings the old table's `styles` (a pattern and how its columns look) into field overrides, which replaced them. */
export function readTableStyles(panel: Json): OverrideModel[] {
  return objectsAt(panel, 'styles').flatMap((style): OverrideModel[] => {
    const pattern = textAt(style, 'pattern');
    const properties = propertiesOf(style);
    if (pattern === '' || properties.length === 0) return [];
    return [{ matcher: oldMatcher(pattern), properties }];
  });
}

function propertiesOf(style: Json): Property[] {
  const alias = textAt(style, 'alias');
  const named: Property[] = alias === '' ? [] : [{ id: 'displayName', value: alias }];
  const align = textAt(style, 'align');
  if (align === 'left' || align === 'center' || align === 'right')
    named.push({ id: 'custom.align', value: align });
  const link = textAt(style, 'linkUrl');
  if (style.link === true && link !== '') {
    const isNewTab = style.linkTargetBlank === true;
    named.push({ id: 'links', value: [{ title: textAt(style, 'linkTooltip'), url: link, isNewTab }] });
  }
  switch (textAt(style, 'type')) {
    case 'hidden':
      return [{ id: 'custom.hidden', value: true }];
    case 'date':
      return [...named, { id: 'unit', value: 'dateTimeAsIso' }];
    case 'string':
      return [...named, ...mappingsOf(style)];
    case 'number':
      return [...named, ...mappingsOf(style), ...numberProperties(style)];
    default:
      return named;
  }
}

function numberProperties(style: Json): Property[] {
  const found: Property[] = [];
  const unit = textAt(style, 'unit');
  const decimals = numberAt(style, 'decimals');
  if (unit !== '') found.push({ id: 'unit', value: unit });
  if (decimals !== undefined) found.push({ id: 'decimals', value: decimals });
  const thresholds = thresholdsOf(style);
  const mode = textAt(style, 'colorMode');
  if (thresholds && mode !== '') {
    const type = mode === 'value' ? 'color-text' : 'color-background';
    found.push({ id: 'thresholds', value: thresholds }, { id: 'custom.cellOptions', value: { type } });
  }
  return found;
}

/** `thresholds: ["1", "5"]` with three colours: the first below 1, the second from 1, the third from 5. */
function thresholdsOf(style: Json): ThresholdsModel | undefined {
  const values = Array.isArray(style.thresholds)
    ? style.thresholds.map(Number).filter((value) => Number.isFinite(value))
    : [];
  return values.length === 0 ? undefined : oldThresholds(values, style.colors);
}

/** `mappingType` 1 maps values, 2 ranges. */
function mappingsOf(style: Json): Property[] {
  const isRange = numberAt(style, 'mappingType') === 2;
  const mappings = isRange
    ? objectsAt(style, 'rangeMaps').map(
        (map): MappingModel => ({
          kind: 'range',
          match: '',
          from: numberAt(map, 'from') ?? Number.NEGATIVE_INFINITY,
          to: numberAt(map, 'to') ?? Number.POSITIVE_INFINITY,
          text: textAt(map, 'text'),
        }),
      )
    : objectsAt(style, 'valueMaps').map(
        (map): MappingModel => ({ kind: 'value', match: textAt(map, 'value'), text: textAt(map, 'text') }),
      );
  return mappings.length === 0 ? [] : [{ id: 'mappings', value: mappings }];
}

/** What the old table did with its queries, as transformations. */
export function readOldTransform(panel: Json): Json[] {
  const columns = objectsAt(panel, 'columns').map((column) => textAt(column, 'value'));
  switch (panel.transform) {
    case 'timeseries_aggregations':
      return [
        { id: 'reduce', options: { reducers: columns.map((name) => entryOf(OLD_REDUCERS, name) ?? name) } },
      ];
    case 'timeseries_to_rows':
      return [{ id: 'seriesToRows', options: {} }];
    case 'timeseries_to_columns':
      return [{ id: 'joinByField', options: { byField: 'Time', mode: 'outer' } }];
    default:
      return [];
  }
}

const OLD_REDUCERS: Readonly<Record<string, string>> = { avg: 'mean', current: 'lastNotNull', total: 'sum' };
