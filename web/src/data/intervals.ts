import type { MatrixSeries } from './api-types.ts';

/** Unix seconds, half-open. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** The stretches in which a series has samples, each a step long at least; gaps of more than a step and a half part them. */
export function intervalsOf(series: readonly MatrixSeries[], step: number): Interval[] {
  const times = [...new Set(series.flatMap(({ values }) => (values ?? []).map(([time]) => time)))].sort(
    (a, b) => a - b,
  );
  const found: { from: number; to: number }[] = [];
  for (const time of times) {
    const last = found.at(-1);
    if (last && time - last.to < step / 2) last.to = time + step;
    else found.push({ from: time, to: time + step });
  }
  return found;
}
