/** One measure of a run: its values in the order they were taken, NaN where there was nothing to measure (a worker that had ended). */
export interface Measure {
  readonly name: string;
  readonly values: readonly number[];
  /** How much it may rise over the second half, in its unit or as a share of its median there. */
  readonly allowance: { readonly absolute: number } | { readonly share: number };
}

export interface Growth {
  /** Median of the second half. */
  readonly median: number;
  readonly highest: number;
  /** Of the second half, by a line through it, in the measure's unit. */
  readonly rise: number;
  /** Median distance of the values from that line. */
  readonly noise: number;
  readonly grows: boolean;
}

/** A rise below so many times the noise is none. */
const NOISE_TIMES = 3;
/** With fewer values nothing can be said. */
const FEWEST = 5;

/**
 * Whether a measure grows: a line is laid through the second half of the run (the first is warming up), the median of the slopes between
 * any two values, so that single peaks do not count. It grows when the line rises by more than is allowed and by more than three
 * times the noise. Values are taken at even distances.
 * @throws Error when there are too few values to judge
 */
export function growthOf({ name, values, allowance }: Measure): Growth {
  const half = values.slice(Math.floor(values.length / 2));
  const points = half.flatMap((value, x): [number, number][] => (Number.isNaN(value) ? [] : [[x, value]]));
  if (points.length < FEWEST)
    throw new Error(`expected at least ${FEWEST} values of ${name} in the second half, got ${points.length}`);
  const slopes: number[] = [];
  for (let i = 0; i < points.length; i++)
    for (let j = i + 1; j < points.length; j++)
      slopes.push((points[j]![1] - points[i]![1]) / (points[j]![0] - points[i]![0]));
  const slope = medianOf(slopes);
  const start = medianOf(points.map(([x, value]) => value - slope * x));
  const noise = medianOf(points.map(([x, value]) => Math.abs(value - start - slope * x)));
  const median = medianOf(points.map(([, value]) => value));
  const rise = slope * (half.length - 1);
  const allowed = 'share' in allowance ? allowance.share * median : allowance.absolute;
  const highest = Math.max(...values.filter((value) => !Number.isNaN(value)));
  return { median, highest, rise, noise, grows: rise > allowed && rise > NOISE_TIMES * noise };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
