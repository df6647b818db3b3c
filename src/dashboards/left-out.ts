import { entryOf, type Json, objectAt, objectsAt, textAt } from './json.ts';
import { unknownOverrideFields } from './series-overrides.ts';

/** Parts of drawn panels that are left out, in plain words. */
export function undrawnParts(panel: Json, type: string): string[] {
  const parts: string[] = [];
  const transformations = objectsAt(panel, 'transformations')
    .filter((one) => one.disabled !== true)
    .map((one) => textAt(one, 'id'))
    .filter((id) => !TRANSFORMED.has(id));
  if (transformations.length > 0) {
    parts.push(`Transformations are not applied: ${[...new Set(transformations)].join(', ')}.`);
  }
  const matchers = unknownMatchers(panel);
  if (matchers.length > 0) parts.push(`Overrides not applied, by how they choose: ${matchers.join(', ')}.`);
  const properties = unknownProperties(panel, type);
  if (properties.length > 0) parts.push(`Overrides not applied: ${properties.join(', ')}.`);
  parts.push(...unreadOptions(panel, type));
  const unknown = unknownOverrideFields(panel);
  if (unknown.length > 0) parts.push(`Not applied to single series: ${unknown.join(', ')}.`);
  return parts;
}

/** Options that are not read, by type of panel: where they stand, what Grafana's default is, and what they are called here. */
const UNREAD: Readonly<Record<string, readonly (readonly [path: string, usual: unknown, what: string])[]>> = {
  table: [
    ['options.frameIndex', 0, 'which of several tables is shown'],
    ['options.footer.countRows', false, 'the number of rows in the footer'],
  ],
  barchart: [
    ['options.groupWidth', 0.7, 'the width of groups'],
    ['options.barWidth', 0.97, 'the width of bars'],
  ],
  timeseries: [['fieldConfig.defaults.custom.barWidthFactor', 0.6, 'the width of bars']],
  'state-timeline': [['fieldConfig.defaults.custom.fillOpacity', 70, 'how opaque states are']],
};

function unreadOptions(panel: Json, type: string): string[] {
  const found = (entryOf(UNREAD, type) ?? []).filter(([path, usual]) => {
    const keys = path.split('.');
    const last = keys.pop()!;
    const value = keys.reduce<Json>(objectAt, panel)[last];
    return value !== undefined && value !== null && value !== usual;
  });
  return found.length === 0 ? [] : [`Options not applied: ${found.map(([, , what]) => what).join(', ')}.`];
}

/** Transformations that the page applies; see web/src/dashboard/transform.ts. */
export const TRANSFORMED: ReadonlySet<string> = new Set([
  'organize',
  'merge',
  'filterFieldsByName',
  'filterByName',
  'filterByRefId',
  'filterByValue',
  'renameByRegex',
  'reduce',
  'calculateField',
  'joinByField',
  'seriesToColumns',
  'sortBy',
  'groupBy',
  'groupingToMatrix',
  'labelsToFields',
  'seriesToRows',
  'concatenate',
  'convertFieldType',
  'limit',
  'transpose',
  'timeSeriesTable',
  'prepareTimeSeries',
]);

const MATCHED = new Set(['byName', 'byNames', 'byRegexp', 'byRegex', 'byFrameRefID', 'byType', 'byValue']);

function unknownMatchers(panel: Json): string[] {
  const used = objectsAt(objectAt(panel, 'fieldConfig'), 'overrides').map((override) =>
    textAt(objectAt(override, 'matcher'), 'id'),
  );
  return [...new Set(used)].filter((id) => id !== '' && !MATCHED.has(id)).sort();
}

/** Override properties of how a value reads, which every type applies. */
const OF_VALUES = [
  'color',
  'decimals',
  'displayName',
  'links',
  'mappings',
  'max',
  'min',
  'noValue',
  'thresholds',
  'unit',
  'custom.hideFrom',
  'custom.hideFrom.viz',
];
const OF_SERIES = [
  'color',
  'decimals',
  'displayName',
  'max',
  'min',
  'unit',
  'custom.axisLabel',
  'custom.axisPlacement',
  'custom.axisSoftMax',
  'custom.axisSoftMin',
  'custom.drawStyle',
  'custom.fillBelowTo',
  'custom.fillOpacity',
  'custom.gradientMode',
  'custom.hideFrom',
  'custom.hideFrom.legend',
  'custom.hideFrom.tooltip',
  'custom.hideFrom.viz',
  'custom.lineInterpolation',
  'custom.lineStyle',
  'custom.lineWidth',
  'custom.pointSize',
  'custom.scaleDistribution',
  'custom.showPoints',
  'custom.spanNulls',
  'custom.stacking',
  'custom.transform',
];
const OF_COLUMNS = [
  ...OF_VALUES,
  'custom.align',
  'custom.cellOptions',
  'custom.displayMode',
  'custom.hidden',
  'custom.minWidth',
  'custom.width',
];
/** Override properties that are applied, by type of panel. */
const APPLIED: Readonly<Record<string, ReadonlySet<string>>> = {
  timeseries: new Set(OF_SERIES),
  table: new Set(OF_COLUMNS),
};
const APPLIED_ELSEWHERE = new Set(OF_VALUES);

/** Changes nothing that is seen here: column widths of what is no table, what may be filtered. */
const UNSEEN = new Set(['custom.width', 'custom.minWidth', 'custom.filterable', 'custom.inspect']);

function unknownProperties(panel: Json, type: string): string[] {
  const applied = entryOf(APPLIED, type) ?? APPLIED_ELSEWHERE;
  const used = objectsAt(objectAt(panel, 'fieldConfig'), 'overrides').flatMap((override) =>
    objectsAt(override, 'properties').map((property) => textAt(property, 'id')),
  );
  // On a graph these say how a single value would look: it has none.
  const isMoot = (id: string): boolean =>
    type === 'timeseries' && ['mappings', 'noValue', 'links'].includes(id);
  return [...new Set(used)].filter((id) => !applied.has(id) && !UNSEEN.has(id) && !isMoot(id)).sort();
}
