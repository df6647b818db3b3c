import type { ResolvedRange } from '../nav/time-range.ts';
import type { QueryRange } from './api.ts';
import type { Answer, MatrixSeries } from './api-types.ts';
import { type Columns, columnsOf, queryRangeOf } from './matrix.ts';

/** How long after a start a rate may need to have a value on the grid, seconds. */
const YOUNG_S = 60;
/** Most points of what lies past the grid. */
const MAX_POINTS = 300;

export interface RangeColumns extends Columns {
  readonly grid: QueryRange;
  readonly warnings: readonly string[];
}

/**
 * A range query on a grid aligned to the step. The grid ends up to a step ago; of a monitor that has just started, all there is may
 * lie past that end. Then that stretch is asked for by itself, second by second, so that the first points are seen at once.
 * @param startedAt when the server started, Unix ms; undefined while that is not known; asked once the answer is there
 */
export async function askColumns(
  ask: (range: QueryRange) => Promise<Answer<readonly MatrixSeries[]>>,
  range: ResolvedRange,
  step: number,
  startedAt: () => number | undefined,
): Promise<RangeColumns> {
  const grid = queryRangeOf(range, step);
  const { data, warnings } = await ask(grid);
  const columns = { ...columnsOf(data, grid), grid, warnings };
  const last = firstPointsOf(range, grid);
  if (data.length > 0 || last === undefined || !isYoung(grid, range, startedAt())) return columns;
  const found = await ask(last);
  if (found.data.length === 0) return columns;
  const first = columnsOf(found.data, last);
  const holes = columns.times.map(() => null);
  return {
    grid,
    warnings: found.warnings,
    times: [...columns.times, ...first.times],
    series: first.series.map(({ labels, values }) => ({ labels, values: [...holes, ...values] })),
  };
}

/** The server started shortly before the end of the grid or after it, and not after the range. */
const isYoung = (grid: QueryRange, { to }: ResolvedRange, startedAt: number | undefined): boolean =>
  startedAt === undefined || (startedAt / 1000 > grid.end - YOUNG_S && startedAt <= to);

/** From behind the grid's end up to the end of the range itself; undefined where no second lies between. */
function firstPointsOf({ to }: ResolvedRange, grid: QueryRange): QueryRange | undefined {
  const end = to / 1000;
  const step = Math.max(1, Math.ceil((end - grid.end) / MAX_POINTS));
  const count = Math.ceil((end - grid.end) / step) - 1;
  return count < 0 ? undefined : { start: end - count * step, end, step };
}
