import { oldMatcher } from './field.ts';
import { entryOf, type Json, numberAt, objectAt, objectsAt, textAt } from './json.ts';
import type { OverrideModel } from './model.ts';

type Property = OverrideModel['properties'][number];

/** Brings the old graph's `aliasColors` and `seriesOverrides` into the form of field overrides, which replaced them. */
export function readSeriesOverrides(panel: Json): OverrideModel[] {
  const colors = Object.entries(objectAt(panel, 'aliasColors')).flatMap(([name, color]): OverrideModel[] =>
    typeof color === 'string'
      ? [{ matcher: { id: 'byName', options: name }, properties: [fixedColor(color)] }]
      : [],
  );
  const overrides = objectsAt(panel, 'seriesOverrides').flatMap((override): OverrideModel[] => {
    const alias = textAt(override, 'alias');
    const properties = propertiesOf(override);
    if (alias === '' || properties.length === 0) return [];
    return [{ matcher: oldMatcher(alias), properties }];
  });
  return [...colors, ...overrides];
}

/** Fields of `seriesOverrides` that have no counterpart here, for a warning. */
export function unknownOverrideFields(panel: Json): string[] {
  const fields = objectsAt(panel, 'seriesOverrides').flatMap((override) => Object.keys(override));
  return [...new Set(fields)].filter((field) => !Object.hasOwn(READERS, field) && !IGNORED.has(field)).sort();
}

/** Which series it is for, and how dashes and dots are spaced: nothing that changes what is seen. */
const IGNORED = new Set([
  'alias',
  '$$hashKey',
  'zindex',
  'dashLength',
  'spaceLength',
  'pointradius',
  'hideTooltip',
  'legend',
]);

const READERS: Readonly<Record<string, (override: Json) => Property | undefined>> = {
  color: (o) => (textAt(o, 'color') === '' ? undefined : fixedColor(textAt(o, 'color'))),
  yaxis: (o) => (numberAt(o, 'yaxis') === 2 ? { id: 'custom.axisPlacement', value: 'right' } : undefined),
  transform: (o) =>
    o.transform === 'negative-Y' ? { id: 'custom.transform', value: 'negative-Y' } : undefined,
  fill: (o) => scaled('custom.fillOpacity', numberAt(o, 'fill'), 10),
  linewidth: (o) => scaled('custom.lineWidth', numberAt(o, 'linewidth'), 1),
  fillBelowTo: (o) =>
    textAt(o, 'fillBelowTo') === ''
      ? undefined
      : { id: 'custom.fillBelowTo', value: textAt(o, 'fillBelowTo') },
  fillGradient: (o) => ({
    id: 'custom.gradientMode',
    value: (numberAt(o, 'fillGradient') ?? 0) > 0 ? 'opacity' : 'none',
  }),
  dashes: (o) => (o.dashes === true ? { id: 'custom.lineStyle', value: { fill: 'dash' } } : undefined),
  lines: (o) =>
    o.lines === false && o.bars !== true ? { id: 'custom.drawStyle', value: 'points' } : undefined,
  bars: (o) => (o.bars === true ? { id: 'custom.drawStyle', value: 'bars' } : undefined),
  points: (o) =>
    o.points === true && o.lines === false ? { id: 'custom.drawStyle', value: 'points' } : undefined,
  stack: readStack,
};

/** `true` or `false`, or the name of a stack of its own. */
function readStack({ stack }: Json): Property | undefined {
  if (stack === false) return { id: 'custom.stacking', value: { mode: 'none' } };
  if (stack === true) return { id: 'custom.stacking', value: { mode: 'normal', group: 'A' } };
  return typeof stack === 'string'
    ? { id: 'custom.stacking', value: { mode: 'normal', group: stack } }
    : undefined;
}

function propertiesOf(override: Json): Property[] {
  return Object.keys(override).flatMap((field) => {
    const property = entryOf(READERS, field)?.(override);
    return property ? [property] : [];
  });
}

const fixedColor = (color: string): Property => ({
  id: 'color',
  value: { mode: 'fixed', fixedColor: color },
});

const scaled = (id: string, value: number | undefined, factor: number): Property | undefined =>
  value === undefined ? undefined : { id, value: value * factor };
