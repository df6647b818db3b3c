import type { AtModifier, SubqueryExpr, TimeShift } from '../ast.ts';
import { resolveDuration } from '../duration-expr.ts';
import type { EngineOptions, QueryWindow } from './context.ts';
import { type Grid, timeAt } from './value.ts';

/** Where a node looks at a step: `fixed`, or the step's time less `offset`. Milliseconds. */
export interface LookTimes {
  readonly fixed: number | undefined;
  readonly offset: number;
}

const durations = (window: QueryWindow) => ({
  stepMs: window.stepMs,
  rangeMs: window.endMs - window.startMs,
});

export function resolveAt(at: AtModifier | undefined, window: QueryWindow): number | undefined {
  if (at === 'start') return window.startMs;
  if (at === 'end') return window.endMs;
  return at;
}

/** How far back in time a node looks, ms. */
export const offsetMsOf = ({ offset }: TimeShift, window: QueryWindow): number =>
  resolveDuration(offset, durations(window), true);

export function lookTimes(shift: TimeShift, window: QueryWindow): LookTimes {
  const offset = offsetMsOf(shift, window);
  const at = resolveAt(shift.at, window);
  return { fixed: at === undefined ? undefined : at - offset, offset };
}

export const lookTime = (times: LookTimes, grid: Grid, step: number): number =>
  times.fixed ?? timeAt(grid, step) - times.offset;

export function rangeMsOf(range: SubqueryExpr['range'], window: QueryWindow): number {
  return resolveDuration(range, durations(window), false);
}

/** The grid a subquery's inner expression is evaluated on: multiples of its step within `(first - range, last]`. */
export function subqueryGrid(
  expr: SubqueryExpr,
  grid: Grid,
  window: QueryWindow,
  options: EngineOptions,
): Grid {
  const times = lookTimes(expr, window);
  const range = rangeMsOf(expr.range, window);
  const step =
    expr.step === undefined
      ? options.defaultSubqueryStepMs
      : resolveDuration(expr.step, durations(window), false) || options.defaultSubqueryStepMs;
  const after = lookTime(times, grid, 0) - range;
  const end = lookTime(times, grid, grid.count - 1);
  const start = (Math.floor(after / step) + 1) * step;
  return { start, step, count: Math.max(0, Math.floor((end - start) / step) + 1) };
}
