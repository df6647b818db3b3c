import { isInfinite, KahanSum } from './go-math.ts';

/** The mean of values[from, to): the sum divided, or a running mean once the sum would overflow. */
export function averageOf(values: Float64Array, from: number, to: number): number {
  const sum = new KahanSum(values[from]!);
  for (let i = from + 1; i < to; i++) {
    const { sum: before, compensation } = sum;
    sum.add(values[i]!);
    if (isInfinite(sum.sum)) {
      sum.reset(before, compensation);
      return runningMean(values, from, i, to, sum);
    }
  }
  const count = to - from;
  return sum.sum / count + sum.compensation / count;
}

function runningMean(values: Float64Array, from: number, at: number, to: number, sum: KahanSum): number {
  const before = at - from;
  const mean = new KahanSum();
  mean.reset(sum.sum / before, sum.compensation / before);
  for (let i = at; i < to; i++) {
    const count = i - from + 1;
    const weight = (count - 1) / count;
    mean.reset(weight * mean.sum, weight * mean.compensation);
    mean.add(values[i]! / count);
  }
  return mean.value;
}
