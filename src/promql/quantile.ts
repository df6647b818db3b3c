/**
 * The q-quantile of the values by linear interpolation between neighbours; sorts `values` in place, NaN first. NaN for none,
 * infinities for q outside [0, 1].
 */
export function quantileOf(q: number, values: Float64Array): number {
  const n = values.length;
  if (n === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  sortNaNFirst(values);
  const rank = q * (n - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(n - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  return values[lower]! * (1 - weight) + values[upper]! * weight;
}

/** Below this many values, insertion beats the engine's sort. */
const FEW = 48;

/** NaN counts as the least; typed arrays sort it last. */
function sortNaNFirst(values: Float64Array): void {
  if (values.length <= FEW) {
    insertionSort(values);
    return;
  }
  values.sort();
  let nans = 0;
  while (nans < values.length && Number.isNaN(values[values.length - 1 - nans]!)) nans++;
  if (nans === 0) return;
  values.copyWithin(nans, 0, values.length - nans);
  values.fill(Number.NaN, 0, nans);
}

function insertionSort(values: Float64Array): void {
  for (let i = 1; i < values.length; i++) {
    const value = values[i]!;
    let at = i;
    while (at > 0 && !(values[at - 1]! <= value) && !Number.isNaN(values[at - 1]!)) {
      values[at] = values[at - 1]!;
      at--;
    }
    values[at] = value;
  }
}
