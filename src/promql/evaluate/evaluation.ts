import type { Querier, QueryBudget } from '../../model/queryable.ts';
import { freshRoom, type Room } from '../../model/room.ts';
import { Annotations } from '../annotations.ts';
import { type Expr, type UnaryExpr, withoutArgumentParens } from '../ast.ts';
import { functions } from '../functions/all.ts';
import { scaleHistogram } from '../histogram/arithmetic.ts';
import { evaluateAggregate } from './aggregate.ts';
import { evaluateBinary } from './binary.ts';
import {
  type EngineOptions,
  type EvalContext,
  type MutableStats,
  type QueryWindow,
  vector,
} from './context.ts';
import { StepInvariance } from './invariance.ts';
import { settleNames, withoutName } from './labels.ts';
import { Ledger } from './ledger.ts';
import { announceReads, SeriesReader } from './reads.ts';
import { countedSelectors } from './reset-hints.ts';
import { evaluateSelector } from './selectors.ts';
import { type Spent, Trace } from './trace.ts';
import {
  ABSENT,
  type Column,
  columnBytes,
  FLOAT,
  type Grid,
  histogramBytes,
  newColumn,
  setFloat,
  setHistogram,
  type Value,
} from './value.ts';

/** One evaluation of one expression. */
export class Evaluation implements EvalContext {
  readonly options: EngineOptions;
  readonly window: QueryWindow;
  readonly budget: Ledger;
  readonly room: Room;
  readonly reader: SeriesReader;
  readonly annotations = new Annotations();
  readonly stats: MutableStats;
  readonly grid: Grid;
  readonly trace: Trace | undefined;
  private readonly expr: Expr;
  private readonly invariance = new StepInvariance();

  constructor(
    expr: Expr,
    window: QueryWindow,
    steps: number,
    options: EngineOptions,
    budget: QueryBudget,
    querier: Querier,
    /** Monotonic ms; given when the cost of each node is asked for. */
    traceClock?: () => number,
  ) {
    this.expr = withoutArgumentParens(expr);
    this.window = window;
    this.options = options;
    this.budget = new Ledger(budget);
    this.room = querier.room ?? freshRoom;
    this.reader = new SeriesReader(querier, countedSelectors(this.expr));
    this.grid = { start: window.startMs, step: window.stepMs, count: steps };
    this.budget.bytes(16 * steps);
    this.stats = { samplesPerStep: new Float64Array(steps), totalSamples: 0 };
    this.trace = traceClock && new Trace(traceClock, () => this.spent());
    announceReads(this.expr, this.grid, this.reader, this.invariance, window, options);
  }

  value(): Value {
    return this.evaluate(this.expr, this.grid);
  }

  /** Counts samples that are the result themselves. */
  count(samples: number): void {
    this.stats.totalSamples += samples;
    if (this.stats.samplesPerStep.length > 0) this.stats.samplesPerStep[0]! += samples;
  }

  evaluate(expr: Expr, grid: Grid): Value {
    const { budget, trace } = this;
    budget.check();
    trace?.enter(expr);
    const mark = budget.mark();
    const value =
      grid.count > 1 && this.invariance.isRepeatable(expr)
        ? this.repeat(this.evaluateNode(expr, { ...grid, count: 1 }), grid.count)
        : this.evaluateNode(expr, grid);
    budget.settle(mark, value);
    trace?.leave(value.kind === 'vector' ? value.columns.length : 1);
    return value;
  }

  private spent(): Spent {
    const { samplesRead, seriesRead } = this.reader;
    return { samplesRead, seriesRead, samplesSeen: this.stats.totalSamples };
  }

  private evaluateNode(expr: Expr, grid: Grid): Value {
    switch (expr.kind) {
      case 'number':
        this.budget.bytes(8 * grid.count);
        return { kind: 'scalar', values: new Float64Array(grid.count).fill(expr.value) };
      case 'string':
        return { kind: 'string', value: expr.value };
      case 'paren':
        return this.evaluate(expr.expr, grid);
      case 'vector':
        return vector(evaluateSelector(this, expr, grid));
      case 'unary':
        return this.unary(expr, grid);
      case 'binary':
        return evaluateBinary(this, expr, grid);
      case 'aggregate':
        return evaluateAggregate(this, expr, grid);
      case 'call':
        // What a function makes of nothing is a number per step.
        this.budget.bytes(8 * grid.count);
        return functions[expr.name]!.evaluate(this, expr, grid);
      case 'matrix':
      case 'subquery':
        throw new Error(`a ${expr.kind} where an instant vector or scalar is expected`);
    }
  }

  private unary(expr: UnaryExpr, grid: Grid): Value {
    if (expr.op === '+') return this.evaluate(expr.expr, grid);
    const value = this.evaluate(expr.expr, grid);
    if (value.kind === 'string') throw new Error('a string under a sign');
    if (value.kind === 'scalar') {
      this.budget.bytes(8 * grid.count);
      return { kind: 'scalar', values: value.values.map((number) => -number) };
    }
    this.budget.bytes(value.columns.length * columnBytes(grid.count));
    const negated = value.columns.map((column) => negate(this, column, grid));
    return vector(settleNames(this, negated, grid.count));
  }

  /** Gives the single step of a step-invariant value to every step. */
  private repeat(value: Value, steps: number): Value {
    if (value.kind === 'string') return value;
    this.budget.bytes(8 * steps);
    if (value.kind === 'scalar')
      return { kind: 'scalar', values: new Float64Array(steps).fill(value.values[0]!) };
    this.budget.bytes(value.columns.length * columnBytes(steps));
    return vector(
      value.columns.map((column) => ({
        ...column,
        present: new Uint8Array(steps).fill(column.present[0]!),
        values: new Float64Array(steps).fill(column.values[0]!),
        histograms: column.histograms && new Array(steps).fill(column.histograms[0]),
      })),
    );
  }
}

function negate(context: EvalContext, column: Column, grid: Grid): Column {
  const out = newColumn(context.room, withoutName(context, column.labels), grid.count, true);
  for (let step = 0; step < grid.count; step++) {
    const kind = column.present[step]!;
    if (kind === ABSENT) continue;
    if (kind === FLOAT) setFloat(out, step, -column.values[step]!);
    else {
      context.budget.bytes(histogramBytes(column.histograms![step]!));
      setHistogram(out, step, scaleHistogram(column.histograms![step]!, -1));
    }
  }
  return out;
}
