import type { QueryBudget } from '../../model/queryable.ts';
import type { RangeVector } from '../evaluate/ranges.ts';
import { lookTime } from '../evaluate/times.ts';
import type { Grid } from '../evaluate/value.ts';

const NO_TIMES = new Float64Array(0);

/**
 * Where the windows of all steps lie in a column of times: at step s those of `[from[s], to[s])`. Series of one target share their
 * times, so what was found for one holds for the next.
 */
export class WindowBounds {
  /** End of the range asked for at each step, ms; windows are `(end - rangeMs, end]`, widened by `back` and `ahead`. */
  readonly ends: Float64Array;
  readonly rangeMs: number;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /** Samples of all windows together, and of the one with most. */
  samples = 0;
  widest = 0;
  /** Another number for other times: what was derived from the bounds holds as long as it stays. */
  version = 0;
  readonly #back: number;
  readonly #ahead: number;
  #times: Float64Array = NO_TIMES;

  /** @param back, ahead by how much windows reach beyond the range, ms */
  constructor(range: RangeVector, grid: Grid, back: number, ahead: number, budget: QueryBudget) {
    budget.bytes(16 * grid.count);
    this.rangeMs = range.rangeMs;
    this.#back = range.rangeMs + back;
    this.#ahead = ahead;
    this.ends = new Float64Array(grid.count);
    for (let step = 0; step < grid.count; step++) this.ends[step] = lookTime(range.times, grid, step);
    this.from = new Uint32Array(grid.count);
    this.to = new Uint32Array(grid.count);
  }

  /** Looks for the windows in `times`, ascending. */
  find(times: Float64Array): void {
    const before = this.#times;
    if (
      times.length === before.length &&
      times.byteOffset === before.byteOffset &&
      times.buffer === before.buffer
    )
      return;
    this.#times = times;
    this.version++;
    const { ends, from, to } = this;
    let first = 0;
    let beyond = 0;
    let samples = 0;
    let widest = 0;
    for (let step = 0; step < ends.length; step++) {
      const start = ends[step]! - this.#back;
      const end = ends[step]! + this.#ahead;
      while (first < times.length && times[first]! <= start) first++;
      if (beyond < first) beyond = first;
      while (beyond < times.length && times[beyond]! <= end) beyond++;
      from[step] = first;
      to[step] = beyond;
      samples += beyond - first;
      if (beyond - first > widest) widest = beyond - first;
    }
    this.samples = samples;
    this.widest = widest;
  }
}
