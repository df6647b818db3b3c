import type { QueryBudget } from '../../model/queryable.ts';
import type { Room } from '../../model/room.ts';
import type { Annotations } from '../annotations.ts';
import type { Expr } from '../ast.ts';
import type { SeriesReader } from './reads.ts';
import type { Trace } from './trace.ts';
import type { Column, Grid, Value, VectorValue } from './value.ts';

/** Settings of the engine for one query. */
export interface EngineOptions {
  /** How far back an instant selector looks; 5 min. */
  readonly lookbackMs: number;
  /** Step of `[1h:]`; upstream: the global evaluation interval, 1 min. */
  readonly defaultSubqueryStepMs: number;
  /** Drop metric names at the end of the query only. */
  readonly delayedNameRemoval: boolean;
  /** Let start timestamps tell counter resets. */
  readonly useStartTimestamps: boolean;
  /** Judge counters by their `__type__` label, not their name. */
  readonly typeAndUnitLabels: boolean;
}

/** The whole query's ends, as `start()`, `end()`, `range()` and `step()` see them. Milliseconds. */
export interface QueryWindow {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
}

/** What evaluation of a node has at hand. */
export interface EvalContext {
  readonly options: EngineOptions;
  readonly window: QueryWindow;
  /** The steps of the query itself; subqueries and repeated nodes have grids of their own. */
  readonly grid: Grid;
  readonly budget: QueryBudget;
  /** Memory of the columns that are made on the way; good until the query's querier is closed. */
  readonly room: Room;
  readonly reader: SeriesReader;
  readonly annotations: Annotations;
  readonly stats: MutableStats;
  /** Set when the cost of each node is asked for. */
  readonly trace: Trace | undefined;
  /** Evaluates a child on a grid. */
  evaluate(expr: Expr, grid: Grid): Value;
}

/** Cost of the query so far. */
export interface MutableStats {
  /** Samples looked at, per step of the query: a window counts each sample in it. */
  readonly samplesPerStep: Float64Array;
  totalSamples: number;
}

export function evaluateVector(context: EvalContext, expr: Expr, grid: Grid): readonly Column[] {
  const value = context.evaluate(expr, grid);
  if (value.kind !== 'vector') throw new Error(`expected an instant vector from a ${expr.kind} node`);
  return value.columns;
}

export function evaluateScalar(context: EvalContext, expr: Expr, grid: Grid): Float64Array {
  const value = context.evaluate(expr, grid);
  if (value.kind !== 'scalar') throw new Error(`expected a scalar from a ${expr.kind} node`);
  return value.values;
}

export const vector = (columns: readonly Column[]): VectorValue => ({ kind: 'vector', columns });
