/** Index of the first timestamp later than `time`. */
export function firstAfter(timestamps: Float64Array, time: number): number {
  let low = 0;
  let high = timestamps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestamps[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Steps taken one by one before it is worth leaping. */
const NEAR = 8;

/** The same, from a place at or before it: cheap when it is near, and soon there when it is far. */
export function advanceAfter(timestamps: Float64Array, from: number, time: number): number {
  const { length } = timestamps;
  let at = from;
  const near = Math.min(length, from + NEAR);
  while (at < near && timestamps[at]! <= time) at++;
  if (at < near || at === length) return at;
  let leap = NEAR;
  while (at + leap < length && timestamps[at + leap]! <= time) {
    at += leap;
    leap *= 2;
  }
  let low = at;
  let high = Math.min(length, at + leap);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestamps[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
