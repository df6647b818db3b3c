import type { MappingModel, PanelModel } from '../../../src/dashboards/model.ts';
import type { ShownTheme } from '../chart/palette.ts';
import { type Formatted, formatValue } from '../format/units.ts';
import { cssColor, thresholdColor } from './colors.ts';

export interface Display extends Formatted {
  readonly color: string | undefined;
}

/** A value as its panel wants it read: mapped to a text, or with unit and decimals; coloured by mapping or threshold. */
export function displayValue(
  value: number | null,
  panel: PanelModel,
  theme: ShownTheme,
  unit = panel.unit,
): Display {
  const mapping = mappingOf(value, panel.mappings);
  const color = cssColor(mapping?.color ?? thresholdColor(value, panel.thresholds, panel), theme);
  if (mapping?.text !== undefined) return { text: mapping.text, unit: '', color };
  if (value === null) return { text: panel.noValue ?? 'No data', unit: '', color };
  return { ...formatValue(value, unit, panel.decimals), color };
}

export function mappingOf(value: number | null, mappings: readonly MappingModel[]): MappingModel | undefined {
  return mappings.find((mapping) => {
    switch (mapping.kind) {
      case 'value':
        return value !== null && mapping.match.trim() !== '' && Number(mapping.match) === value;
      case 'range':
        return (
          value !== null &&
          value >= (mapping.from ?? Number.NEGATIVE_INFINITY) &&
          value <= (mapping.to ?? Number.POSITIVE_INFINITY)
        );
      case 'special':
        return (
          value === null &&
          (mapping.match === 'null' || mapping.match === 'null+nan' || mapping.match === 'empty')
        );
      default:
        return false; // a regular expression is for texts; values here are numbers
    }
  });
}
