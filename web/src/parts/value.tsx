import { formatValue } from '../format/units.ts';

interface ValueProps {
  readonly value: number | null | undefined;
  readonly unit?: string;
  readonly decimals?: number | undefined;
}

/** A number with its unit small and dim behind it. */
export function Value({ value, unit, decimals }: ValueProps) {
  const { text, unit: suffix } = formatValue(value, unit, decimals);
  return (
    <span class="value">
      {text}
      {suffix !== '' && <span class="unit">{suffix}</span>}
    </span>
  );
}
