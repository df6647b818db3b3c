import type { MappingModel, PanelModel } from '../../../src/dashboards/model.ts';
import type { ShownTheme } from '../chart/palette.ts';
import { exactText, type Zone } from '../format/time.ts';
import { type Formatted, formatValue } from '../format/units.ts';
import { cssColor, thresholdColor } from './colors.ts';
import type { Cell } from './frame.ts';
import { isContinuous, schemeColor } from './schemes.ts';
import { patternOf } from './transform.ts';

export interface Display extends Formatted {
  readonly color: string | undefined;
}

/** A value as its panel wants it read: mapped to a text, or with unit and decimals; coloured by mapping, mode or threshold. */
export function displayValue(value: Cell, panel: PanelModel, theme: ShownTheme): Display {
  const mapping = mappingOf(value, panel.mappings);
  const color = cssColor(mapping?.color, theme) ?? valueColor(value, panel, theme);
  if (mapping?.text !== undefined) return { text: mappedText(value, mapping), unit: '', color };
  if (value === null) return { text: panel.noValue ?? 'No data', unit: '', color };
  if (typeof value === 'number') return { ...formatValue(value, panel.unit, panel.decimals), color };
  return { text: typeof value === 'string' ? value : '', unit: '', color };
}

/** The same for a column of times. */
export function displayTime(value: Cell, zone: Zone): Formatted {
  return {
    text: typeof value === 'number' ? exactText(value, zone).slice(0, 19) : String(value ?? ''),
    unit: '',
  };
}

/** The colour of a value by the panel's mode: fixed, between two ends, or the threshold it has reached. */
export function valueColor(value: Cell, panel: PanelModel, theme: ShownTheme): string | undefined {
  const number = typeof value === 'number' ? value : null;
  const { mode, fixedColor } = panel.color;
  if (mode === 'fixed' && fixedColor !== undefined) return cssColor(fixedColor, theme);
  if (isContinuous(mode)) {
    const low = panel.min ?? 0;
    const high = panel.max ?? 100;
    return number === null ? undefined : schemeColor(mode, (number - low) / (high - low || 1), theme);
  }
  return cssColor(thresholdColor(number, panel.thresholds, panel), theme);
}

/** Of a regular expression, the text may refer to its groups. */
function mappedText(value: Cell, mapping: MappingModel): string {
  const pattern = mapping.kind === 'regex' ? patternOf(mapping.match) : undefined;
  return pattern ? String(value).replace(pattern, mapping.text!) : mapping.text!;
}

export function mappingOf(value: Cell, mappings: readonly MappingModel[]): MappingModel | undefined {
  return mappings.find((mapping) => {
    switch (mapping.kind) {
      case 'value':
        if (value === null) return false;
        return typeof value === 'number'
          ? mapping.match.trim() !== '' && Number(mapping.match) === value
          : mapping.match === value;
      case 'range':
        return (
          typeof value === 'number' &&
          value >= (mapping.from ?? Number.NEGATIVE_INFINITY) &&
          value <= (mapping.to ?? Number.POSITIVE_INFINITY)
        );
      case 'special':
        if (mapping.match === 'empty') return value === '' || value === null;
        return value === null && /^(null|nan|null\+nan)$/.test(mapping.match);
      default:
        return typeof value === 'string' && (patternOf(mapping.match)?.test(value) ?? false);
    }
  });
}
