/** One number for a series, by Grafana's reducer names; null where there is none. */
export function reduceSeries(values: readonly (number | null | undefined)[], reducer: string): number | null {
  const known = values.filter((value) => value !== null && value !== undefined);
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
      return least(known);
    case 'max':
      return most(known);
    case 'range':
      return most(known) - least(known);
    case 'diff':
      return last - first;
    case 'diffperc':
      return (last - first) / first;
    case 'delta':
      return growth(known);
    case 'count':
      return values.length;
    case 'changeCount':
      return known.filter((value, i) => i > 0 && value !== known[i - 1]).length;
    case 'distinctCount':
      return new Set(known).size;
    case 'median':
      return quantile(known, 0.5);
    case 'stdDev':
      return Math.sqrt(variance(known));
    case 'variance':
      return variance(known);
    case 'step':
      return known.length < 2 ? null : least(known.slice(1).map((value, i) => value - known[i]!));
    case 'logmin': {
      const positive = known.filter((value) => value > 0);
      return positive.length === 0 ? null : least(positive);
    }
    default: {
      const percent = /^p(\d{1,2})$/.exec(reducer);
      return percent ? quantile(known, Number(percent[1]) / 100) : last;
    }
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
  median: 'Median',
  stdDev: 'Deviation',
  variance: 'Variance',
  diffperc: 'Difference %',
  changeCount: 'Changes',
  distinctCount: 'Distinct',
};

/** Spreading many values over an argument list would overflow the stack. At least one value. */
export const least = (values: readonly number[]): number => values.reduce((a, b) => (b < a ? b : a));
export const most = (values: readonly number[]): number => values.reduce((a, b) => (b > a ? b : a));

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The value that a share of the values does not exceed. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at));
}

function variance(values: readonly number[]): number {
  const mean = sum(values) / values.length;
  return sum(values.map((value) => (value - mean) ** 2)) / values.length;
}

/** The growth of a counter: drops count as restarts from zero. */
function growth(values: readonly number[]): number {
  let total = 0;
  for (let i = 1; i < values.length; i++) {
    const step = values[i]! - values[i - 1]!;
    total += step >= 0 ? step : values[i]!;
  }
  return total;
}
