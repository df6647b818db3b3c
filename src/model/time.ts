/** A half-open span of time `[from, to)`, Unix ms. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** A time as Go writes it in JSON: no more digits than needed; 0, never, is year 1. */
export function goTimeText(ms: number): string {
  if (ms === 0) return '0001-01-01T00:00:00Z';
  return new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');
}
