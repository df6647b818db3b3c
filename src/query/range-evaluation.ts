import type { Labels } from '../model/labels.ts';
import { type Queryable, withWholeView } from '../model/queryable.ts';
import { evaluateRange } from '../promql/evaluate.ts';
import { parseExpr } from '../promql/parse.ts';
import { createBudget } from './budget.ts';
import { type EngineSettings, newControl, type QueryLimits } from './protocol.ts';

interface RangeColumns {
  readonly labels: Labels;
  readonly timestamps: Float64Array;
  readonly values: Float64Array;
}

/** Evaluates over a range in this thread, as columns. A scalar is one series without labels. */
export function rangeEvaluation(
  queryable: Queryable,
  settings: EngineSettings,
  limits: QueryLimits,
  monotonic: () => number,
) {
  const neverCancelled = newControl();
  return async (range: {
    expr: string;
    start: number;
    end: number;
    stepMs: number;
  }): Promise<RangeColumns[]> => {
    const budget = createBudget(limits, neverCancelled, monotonic);
    const { value } = withWholeView(() =>
      evaluateRange(
        parseExpr(range.expr),
        { startMs: range.start, endMs: range.end, stepMs: range.stepMs },
        queryable,
        { ...settings, budget, query: range.expr },
      ),
    );
    if (value.kind !== 'matrix')
      throw new Error(`expected a vector or scalar over time, got a ${value.kind}`);
    return [...value.series];
  };
}
