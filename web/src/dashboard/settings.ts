import type {
  LinkModel,
  MappingModel,
  OverrideModel,
  PanelModel,
  ThresholdsModel,
} from '../../../src/dashboards/model.ts';
import type { Cell } from './frame.ts';
import { reduceSeries } from './reduce.ts';
import { patternOf } from './transform.ts';

/** Override properties that hit one series or column, by id; a later override wins. */
export type Settings = ReadonlyMap<string, unknown>;

/** What overrides choose by. */
export interface Chosen {
  readonly name: string;
  readonly refId: string;
  readonly type: 'time' | 'number' | 'string' | 'series';
  readonly values: readonly Cell[];
}

export function settingsOf(chosen: Chosen, overrides: readonly OverrideModel[]): Settings {
  const settings = new Map<string, unknown>();
  for (const { matcher, properties } of overrides) {
    if (isHit(chosen, matcher)) for (const { id, value } of properties) settings.set(id, value);
  }
  return settings;
}

function isHit(chosen: Chosen, { id, options }: OverrideModel['matcher']): boolean {
  switch (id) {
    case 'byName':
      return chosen.name === options;
    case 'byRegexp':
    case 'byRegex': {
      const pattern = patternOf(options);
      return (
        pattern !== undefined && new RegExp(pattern.source, pattern.flags.replace('g', '')).test(chosen.name)
      );
    }
    case 'byFrameRefID':
      return chosen.refId === options;
    case 'byNames': {
      const { names = [], mode } = (options ?? {}) as { names?: unknown[]; mode?: string };
      return names.includes(chosen.name) !== (mode === 'exclude');
    }
    case 'byType':
      return chosen.type === options;
    case 'byValue':
      return isByValue(chosen.values, options);
    default:
      return false;
  }
}

/** `{reducer, op, value}`: the series brought to one number, compared. */
function isByValue(values: readonly Cell[], options: unknown): boolean {
  const {
    reducer = 'lastNotNull',
    op = 'gte',
    value = 0,
  } = (options ?? {}) as { reducer?: string; op?: string; value?: number };
  if (!values.every((cell) => typeof cell === 'number' || cell === null)) return false;
  const known = values as readonly (number | null)[];
  if (reducer === 'allIsZero') return known.every((cell) => cell === 0);
  if (reducer === 'allIsNull') return known.every((cell) => cell === null);
  const reduced = reduceSeries(known, reducer);
  if (reduced === null) return false;
  switch (op) {
    case 'gte':
      return reduced >= value;
    case 'gt':
      return reduced > value;
    case 'lte':
      return reduced <= value;
    case 'lt':
      return reduced < value;
    case 'eq':
      return reduced === value;
    case 'neq':
      return reduced !== value;
    default:
      return false;
  }
}

/** The panel as it is for one series or column: how its values read, with what overrides change of it. */
export function withSettings(panel: PanelModel, settings: Settings): PanelModel {
  if (settings.size === 0) return panel;
  const number = (id: string, own: number | undefined): number | undefined => {
    const value = settings.get(id);
    return typeof value === 'number' ? value : own;
  };
  const text = (id: string): string | undefined => {
    const value = settings.get(id);
    return typeof value === 'string' ? value : undefined;
  };
  const color = settings.get('color') as PanelModel['color'] | undefined;
  const made: PanelModel = {
    ...panel,
    unit: text('unit') ?? panel.unit,
    mappings: (settings.get('mappings') as readonly MappingModel[] | undefined) ?? panel.mappings,
    color:
      typeof color === 'object' && color !== null ? { ...color, mode: color.mode ?? 'fixed' } : panel.color,
  };
  const changed = {
    decimals: number('decimals', panel.decimals),
    min: number('min', panel.min),
    max: number('max', panel.max),
    noValue: text('noValue') ?? panel.noValue,
    thresholds: (settings.get('thresholds') as ThresholdsModel | undefined) ?? panel.thresholds,
    links: (settings.get('links') as readonly LinkModel[] | undefined) ?? panel.links,
  };
  return {
    ...made,
    ...Object.fromEntries(Object.entries(changed).filter(([, value]) => value !== undefined)),
  };
}

/** Whether a series is not to be drawn, or not to be named in the legend or the tooltip. */
export function isHidden(settings: Settings, from: 'viz' | 'legend' | 'tooltip' = 'viz'): boolean {
  const hidden = settings.get('custom.hideFrom') as Readonly<Record<string, boolean>> | undefined;
  return hidden?.[from] === true || settings.get(`custom.hideFrom.${from}`) === true;
}
