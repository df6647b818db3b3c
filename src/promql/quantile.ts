/**
 * The q-quantile of the values by linear interpolation between neighbours; moves `values` about, NaN counts as the least. NaN for none,
 * infinities for q outside [0, 1].
 */
export function quantileOf(q: number, values: Float64Array): number {
  const n = values.length;
  if (n === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return Number.NEGATIVE_INFINITY;
  if (q > 1) return Number.POSITIVE_INFINITY;
  const rank = q * (n - 1);
  const lower = Math.max(0, Math.floor(rank));
  const upper = Math.min(n - 1, lower + 1);
  const weight = rank - Math.floor(rank);
  if (n <= FEW) insertionSort(values);
  else {
    const nans = nanFirst(values);
    if (lower >= nans) select(values, nans, lower);
    if (upper > lower && upper >= nans) leastFirst(values, upper);
  }
  return values[lower]! * (1 - weight) + values[upper]! * weight;
}

/** Below this many values, sorting by insertion beats selecting. */
const FEW = 48;

/** @returns how many there are */
function nanFirst(values: Float64Array): number {
  let nans = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!Number.isNaN(value)) continue;
    values[i] = values[nans]!;
    values[nans++] = value;
  }
  return nans;
}

/**
 * Puts in place `k` of values[first, …) what sorting would put there, with nothing greater before it and nothing less after it: Hoare,
 * "Find", 1961. Values chosen to defeat it are sorted in the end.
 */
function select(values: Float64Array, first: number, k: number): void {
  let from = first;
  let to = values.length - 1;
  for (let rounds = 3 * Math.log2(values.length); from < to; rounds--) {
    if (rounds < 0) {
      values.subarray(from, to + 1).sort();
      return;
    }
    const pivot = middle(values[from]!, values[(from + to) >> 1]!, values[to]!);
    let i = from;
    let j = to;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const value = values[i]!;
      values[i++] = values[j]!;
      values[j--] = value;
    }
    if (k <= j) to = j;
    else if (k >= i) from = i;
    else return;
  }
}

const middle = (a: number, b: number, c: number): number =>
  a < b ? (b < c ? b : a < c ? c : a) : a < c ? a : b < c ? c : b;

/** Swaps the least of values[from, …) to `from`. */
function leastFirst(values: Float64Array, from: number): void {
  let least = from;
  for (let i = from + 1; i < values.length; i++) if (values[i]! < values[least]!) least = i;
  const value = values[least]!;
  values[least] = values[from]!;
  values[from] = value;
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
