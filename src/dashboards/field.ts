import { defined, isObject, type Json, numberAt, objectAt, objectsAt, textAt } from './json.ts';
import type { LinkModel, MappingModel, OverrideModel, ThresholdsModel } from './model.ts';

/** How a panel's values read: the same things stood in four places over the years. */
export interface FieldModel {
  readonly unit: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly noValue?: string;
  readonly thresholds?: ThresholdsModel;
  readonly mappings: readonly MappingModel[];
  readonly color: { readonly mode: string; readonly fixedColor?: string };
  readonly overrides: readonly OverrideModel[];
  /** `fieldConfig.defaults.custom`. */
  readonly custom: Json;
}

/** Reads `fieldConfig` (since 7), `options.fieldOptions` (6), and what stands on the panel itself (before, and by hand). */
export function readField(panel: Json): FieldModel {
  const config = objectAt(panel, 'fieldConfig');
  const v6 = objectAt(objectAt(panel, 'options'), 'fieldOptions');
  const places = [objectAt(config, 'defaults'), objectAt(v6, 'defaults'), panel];
  const number = (key: string): number | undefined => firstOf(places, (place) => numberAt(place, key));
  const color = objectAt(places[0]!, 'color');
  const thresholds =
    firstOf(places, (place) => readThresholds(place.thresholds)) ??
    readV6Thresholds(v6) ??
    readOldThresholds(panel);
  return {
    unit: firstOf(places, (place) => textAt(place, 'unit') || textAt(place, 'format') || undefined) ?? '',
    mappings: [
      ...objectsAt(places[0]!, 'mappings').flatMap(readMapping),
      ...objectsAt(v6, 'mappings').flatMap(readMapping),
      ...objectsAt(places[1]!, 'mappings').flatMap(readMapping),
      ...readOldMappings(panel),
    ],
    color: {
      mode: textAt(color, 'mode'),
      ...defined({ fixedColor: textAt(color, 'fixedColor') || undefined }),
    },
    overrides: objectsAt(config, 'overrides').map((override) => ({
      matcher: {
        id: textAt(objectAt(override, 'matcher'), 'id'),
        options: objectAt(override, 'matcher').options ?? '',
      },
      properties: objectsAt(override, 'properties').map((property) => ({
        id: textAt(property, 'id'),
        value: propertyValue(textAt(property, 'id'), property),
      })),
    })),
    custom: objectAt(places[0]!, 'custom'),
    ...defined({
      decimals: number('decimals'),
      min: number('min') ?? numberAt(objectAt(panel, 'gauge'), 'minValue'),
      max: number('max') ?? numberAt(objectAt(panel, 'gauge'), 'maxValue'),
      noValue:
        textAt(places[0]!, 'noValue') ||
        (panel.nullText === null ? undefined : textAt(panel, 'nullText')) ||
        undefined,
      thresholds,
    }),
  };
}

/** What an override sets, brought into the form the panel's own setting has. */
function propertyValue(id: string, property: Json): unknown {
  if (id === 'mappings') return objectsAt(property, 'value').flatMap(readMapping);
  if (id === 'thresholds') return readThresholds(property.value);
  if (id === 'links') return readLinks(property, 'value');
  return property.value;
}

/** Links of a value or a panel; one without an address is none. */
export function readLinks(from: Json, key: string): LinkModel[] {
  return objectsAt(from, key).flatMap((link) => {
    const url = textAt(link, 'url');
    if (url === '') return [];
    return [{ title: textAt(link, 'title'), url, isNewTab: link.targetBlank === true }];
  });
}

function firstOf<T>(places: readonly Json[], read: (place: Json) => T | undefined): T | undefined {
  for (const place of places) {
    const found = read(place);
    if (found !== undefined) return found;
  }
  return undefined;
}

function readThresholds(value: unknown): ThresholdsModel | undefined {
  if (!isObject(value) || !Array.isArray(value.steps)) return undefined;
  const steps = objectsAt(value, 'steps').map((step, i) => ({
    value: i === 0 ? null : (numberAt(step, 'value') ?? null),
    color: textAt(step, 'color', 'green'),
  }));
  if (steps.length === 0) return undefined;
  return { mode: value.mode === 'percentage' ? 'percentage' : 'absolute', steps };
}

/** Grafana 6.0 to 6.2: a list with an index and a value, the base at minus infinity written as null. */
function readV6Thresholds(fieldOptions: Json): ThresholdsModel | undefined {
  const steps = objectsAt(fieldOptions, 'thresholds');
  if (steps.length === 0) return undefined;
  const ordered = steps
    .map((step) => ({ value: numberAt(step, 'value') ?? null, color: textAt(step, 'color', 'green') }))
    .sort((a, b) => (a.value ?? Number.NEGATIVE_INFINITY) - (b.value ?? Number.NEGATIVE_INFINITY));
  return { mode: 'absolute', steps: ordered.map((step, i) => (i === 0 ? { ...step, value: null } : step)) };
}

/** `"1,5"` with three colours: the first below 1, the second from 1, the third from 5. */
function readOldThresholds(panel: Json): ThresholdsModel | undefined {
  if (typeof panel.thresholds !== 'string' || panel.thresholds.trim() === '') return undefined;
  const values = panel.thresholds.split(',').map((text) => Number(text.trim()));
  return values.every((value) => Number.isFinite(value)) ? oldThresholds(values, panel.colors) : undefined;
}

const OLD_COLORS = ['green', 'orange', 'red'];

/** @param colors one more than there are values; what is no colour is the usual one */
export function oldThresholds(values: readonly number[], colors: unknown): ThresholdsModel {
  const given: readonly unknown[] = Array.isArray(colors) ? colors : [];
  const colorOf = (i: number): string => {
    const color = given[i];
    return typeof color === 'string' ? color : (OLD_COLORS[i] ?? OLD_COLORS.at(-1)!);
  };
  return { mode: 'absolute', steps: [null, ...values].map((value, i) => ({ value, color: colorOf(i) })) };
}

/** What old panels name by its name or by a pattern between slashes. */
export function oldMatcher(pattern: string): OverrideModel['matcher'] {
  const isRegex = pattern.length > 1 && pattern.startsWith('/') && pattern.lastIndexOf('/') > 0;
  return { id: isRegex ? 'byRegexp' : 'byName', options: pattern };
}

/** The form since 8 (`type`, `options`) and the one of 6 and 7 (`type` 1 or 2, `value` or `from`/`to`, `text`). */
function readMapping(mapping: Json): MappingModel[] {
  const options = mapping.options;
  const result = (from: Json): { text?: string; color?: string } =>
    defined({ text: textAt(from, 'text') || undefined, color: textAt(from, 'color') || undefined });
  switch (mapping.type) {
    case 'value':
      return Object.entries(isObject(options) ? options : {}).map(([match, to]) => ({
        kind: 'value',
        match,
        ...result(isObject(to) ? to : {}),
      }));
    case 'range':
    case 'regex':
    case 'special': {
      const from = isObject(options) ? options : {};
      return [
        {
          kind: mapping.type,
          match: textAt(from, mapping.type === 'regex' ? 'pattern' : 'match'),
          ...defined({ from: numberAt(from, 'from'), to: numberAt(from, 'to') }),
          ...result(objectAt(from, 'result')),
        },
      ];
    }
    case 1:
      return [{ kind: 'value', match: textAt(mapping, 'value'), ...result(mapping) }];
    case 2:
      return [
        {
          kind: 'range',
          match: '',
          ...defined({ from: numberAt(mapping, 'from'), to: numberAt(mapping, 'to') }),
          ...result(mapping),
        },
      ];
    default:
      return [];
  }
}

/** Singlestat's `valueMaps` and `rangeMaps`; its first entry of an untouched panel maps null to N/A. */
function readOldMappings(panel: Json): MappingModel[] {
  const values = objectsAt(panel, 'valueMaps').map((map): MappingModel => {
    const match = textAt(map, 'value');
    return { kind: match === 'null' ? 'special' : 'value', match, text: textAt(map, 'text') };
  });
  const ranges = objectsAt(panel, 'rangeMaps').map(
    (map): MappingModel => ({
      kind: map.from === 'null' ? 'special' : 'range',
      match: map.from === 'null' ? 'null' : '',
      ...defined({ from: numberAt(map, 'from'), to: numberAt(map, 'to') }),
      text: textAt(map, 'text'),
    }),
  );
  return [...values, ...ranges];
}
