import { type Json, objectAt, objectsAt, textAt } from './json.ts';
import { unknownOverrideFields } from './series-overrides.ts';

/** Parts of drawn panels that are left out, in plain words. */
export function undrawnParts(panel: Json, type: string): string[] {
  const parts: string[] = [];
  const transformations = objectsAt(panel, 'transformations').filter((t) => t.disabled !== true);
  if (transformations.length > 0) {
    parts.push(`Transformations are not applied: ${transformations.map((t) => textAt(t, 'id')).join(', ')}.`);
  }
  if (textAt(panel, 'timeFrom') !== '' || textAt(panel, 'timeShift') !== '') {
    parts.push('The panel’s own time range is not applied.');
  }
  if (textAt(panel, 'repeat') !== '' && type !== 'row')
    parts.push('The panel is not repeated for each value.');
  const properties = unknownProperties(panel, type);
  if (properties.length > 0) parts.push(`Overrides not applied: ${properties.join(', ')}.`);
  const unknown = unknownOverrideFields(panel);
  if (unknown.length > 0) parts.push(`Not applied to single series: ${unknown.join(', ')}.`);
  if (objectsAt(panel, 'styles').length > 0 && type === 'table')
    parts.push('Column styles of the old table are not applied.');
  return parts;
}

/** Override properties that are applied, by where they are. */
const APPLIED_TO_SERIES = new Set([
  'color',
  'displayName',
  'unit',
  'decimals',
  'min',
  'max',
  'custom.axisLabel',
  'custom.axisPlacement',
  'custom.drawStyle',
  'custom.fillOpacity',
  'custom.hideFrom',
  'custom.hideFrom.viz',
  'custom.lineStyle',
  'custom.lineWidth',
  'custom.stacking',
  'custom.transform',
]);
const APPLIED_TO_VALUES = new Set(['displayName', 'unit', 'custom.hideFrom', 'custom.hideFrom.viz']);
/** Changes nothing that is seen: how points look on lines that show none, column widths. */
const UNSEEN = new Set([
  'custom.showPoints',
  'custom.pointSize',
  'custom.width',
  'custom.minWidth',
  'custom.filterable',
  'custom.inspect',
]);

function unknownProperties(panel: Json, type: string): string[] {
  const applied =
    type === 'timeseries' ? APPLIED_TO_SERIES : type === 'table' ? new Set<string>() : APPLIED_TO_VALUES;
  const used = objectsAt(objectAt(panel, 'fieldConfig'), 'overrides').flatMap((override) =>
    objectsAt(override, 'properties').map((property) => textAt(property, 'id')),
  );
  return [...new Set(used)].filter((id) => !applied.has(id) && !UNSEEN.has(id)).sort();
}
