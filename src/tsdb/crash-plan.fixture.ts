/** What the process of the crash test appends and deletes, as a function of the row, so that the test knows it without having been told. */

export const crashSeries = Array.from({ length: 20 }, (_, i) => ({ __name__: 'm', i: String(i) }));

/** From one row to the next, ms: 360 of them are a day. */
export const CRASH_STEP_MS = 240_000;

/** Rows cross midnight again and again. */
export const crashTime = (row: number): number => Date.UTC(2026, 0, 2) + (row - 100) * CRASH_STEP_MS;

/** Undefined where the series is absent from the scrape. */
export const crashValue = (series: number, row: number): number | undefined =>
  (row + series) % 5 === 0 ? undefined : ((series + 1) * row) / (series % 2 === 0 ? 1 : 7);

export const crashOwnValue = (row: number): number => -row;

/** Rows [from, to) of one series, deleted once the row given is stored. */
export interface CrashDeletion {
  readonly series: number;
  readonly from: number;
  readonly to: number;
}

/** Every 150 rows: in turn a long one, that reaches back into days that are over, and a short one. */
export function crashDeletion(row: number): CrashDeletion | undefined {
  if (row % 150 !== 149) return undefined;
  return row % 300 === 149
    ? { series: 3, from: Math.max(0, row - 1200), to: row - 30 }
    : { series: 8, from: row - 90, to: row - 30 };
}
