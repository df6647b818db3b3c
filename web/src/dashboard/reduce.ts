/** One number for a series, by Grafana's reducer names; null where there is none. */
export function reduceSeries(values: readonly (number | null)[], reducer: string): number | null {
  const known = values.filter((value) => value !== null);
  const first = known[0];
  const last = known.at(-1);
  if (first === undefined || last === undefined) return reducer === 'count' ? 0 : null;
  switch (reducer) {
    case 'last':
      return values.at(-1) ?? null;
    case 'first':
      return values[0] ?? null;
    case 'firstNotNull':
      return first;
    case 'mean':
      return sum(known) / known.length;
    case 'sum':
      return sum(known);
    case 'min':
      return Math.min(...known);
    case 'max':
      return Math.max(...known);
    case 'range':
      return Math.max(...known) - Math.min(...known);
    case 'diff':
      return last - first;
    case 'diffperc':
      return (last - first) / first;
    case 'delta':
      return growth(known);
    case 'count':
      return values.length;
    default:
      return last;
  }
}

/** What a legend or a table header calls a reducer. */
export const REDUCER_NAMES: Readonly<Record<string, string>> = {
  lastNotNull: 'Last',
  last: 'Last',
  mean: 'Mean',
  min: 'Min',
  max: 'Max',
  sum: 'Total',
  first: 'First',
  firstNotNull: 'First',
  range: 'Range',
  diff: 'Difference',
  delta: 'Delta',
  count: 'Count',
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The growth of a counter: drops count as restarts from zero. */
function growth(values: readonly number[]): number {
  let total = 0;
  for (let i = 1; i < values.length; i++) {
    const step = values[i]! - values[i - 1]!;
    total += step >= 0 ? step : values[i]!;
  }
  return total;
}
