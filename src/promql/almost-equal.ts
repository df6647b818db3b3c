const LEAST_NORMAL = 2 ** -1022;

/** Whether two numbers differ by less than `tolerance` of their sum; NaN is equal to NaN. As upstream's almost.Equal. */
export function almostEqual(a: number, b: number, tolerance: number): boolean {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) && Number.isNaN(b);
  if (a === b) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < LEAST_NORMAL) return difference < tolerance * LEAST_NORMAL;
  return difference / Math.min(sum, Number.MAX_VALUE) < tolerance;
}
