import { type EvalContext, evaluateScalar, evaluateVector, vector } from '../evaluate/context.ts';
import { settleNames, withoutName } from '../evaluate/labels.ts';
import {
  ABSENT,
  type Column,
  columnBytes,
  FLOAT,
  type Grid,
  newColumn,
  setFloat,
  type Value,
} from '../evaluate/value.ts';
import type { Evaluate, FunctionTable } from './table.ts';

/** A function of one float; histograms are left out. */
function perSample(compute: (value: number) => number): Evaluate {
  return (context, call, grid) => {
    const columns = evaluateVector(context, call.args[0]!, grid);
    return mapFloats(context, columns, grid, (value) => compute(value));
  };
}

/** Applies `compute` to every float sample and drops the metric name. */
export function mapFloats(
  context: EvalContext,
  columns: readonly Column[],
  grid: Grid,
  compute: (value: number, step: number) => number,
): Value {
  context.budget.bytes(columns.length * columnBytes(grid.count));
  const results: Column[] = [];
  for (const column of columns) {
    const out = newColumn(context.room, withoutName(context, column.labels), grid.count, true);
    let isEmpty = true;
    for (let step = 0; step < grid.count; step++) {
      if (column.present[step] !== FLOAT) continue;
      setFloat(out, step, compute(column.values[step]!, step));
      isEmpty = false;
    }
    if (!isEmpty) results.push(out);
  }
  return vector(settleNames(context, results, grid.count));
}

const round: Evaluate = (context, call, grid) => {
  const columns = evaluateVector(context, call.args[0]!, grid);
  const nearest = call.args[1] && evaluateScalar(context, call.args[1], grid);
  return mapFloats(context, columns, grid, (value, step) => {
    const inverse = 1 / (nearest ? nearest[step]! : 1);
    return Math.floor(value * inverse + 0.5) / inverse;
  });
};

/** `lowest` and `highest` are the indexes of the arguments with the bounds. */
function clamp(lowest: number | undefined, highest: number | undefined): Evaluate {
  return (context, call, grid) => {
    const columns = evaluateVector(context, call.args[0]!, grid);
    const boundOf = (index: number | undefined, otherwise: number): Float64Array =>
      index === undefined
        ? new Float64Array(grid.count).fill(otherwise)
        : evaluateScalar(context, call.args[index]!, grid);
    const low = boundOf(lowest, Number.NEGATIVE_INFINITY);
    const high = boundOf(highest, Number.POSITIVE_INFINITY);
    const inOrder = columns.map((column) => withoutSteps(column, grid, (step) => high[step]! < low[step]!));
    return mapFloats(context, inOrder, grid, (value, step) => goMax(low[step]!, goMin(high[step]!, value)));
  };
}

/** A column without the steps `drops` names; the column itself when there are none. */
function withoutSteps(column: Column, grid: Grid, drops: (step: number) => boolean): Column {
  let present: Uint8Array | undefined;
  for (let step = 0; step < grid.count; step++) {
    if (!drops(step)) continue;
    present ??= column.present.slice();
    present[step] = ABSENT;
  }
  return present ? { ...column, present } : column;
}

/** Go's math.Min and Max let an infinity win over NaN. */
function goMin(a: number, b: number): number {
  return a === Number.NEGATIVE_INFINITY || b === Number.NEGATIVE_INFINITY
    ? Number.NEGATIVE_INFINITY
    : Math.min(a, b);
}

function goMax(a: number, b: number): number {
  return a === Number.POSITIVE_INFINITY || b === Number.POSITIVE_INFINITY
    ? Number.POSITIVE_INFINITY
    : Math.max(a, b);
}

/** A function of two numbers. */
function ofScalars(compute: (a: number, b: number) => number): Evaluate {
  return (context, call, grid) => {
    const a = evaluateScalar(context, call.args[0]!, grid);
    const b = evaluateScalar(context, call.args[1]!, grid);
    return { kind: 'scalar', values: a.map((value, step) => compute(value, b[step]!)) };
  };
}

const row = (compute: (value: number) => number) =>
  ({ args: ['vector'], returns: 'vector', evaluate: perSample(compute) }) as const;

export const mathFunctions = {
  abs: row(Math.abs),
  acos: row(Math.acos),
  acosh: row(Math.acosh),
  asin: row(Math.asin),
  asinh: row(Math.asinh),
  atan: row(Math.atan),
  atanh: row(Math.atanh),
  ceil: row(Math.ceil),
  clamp: { args: ['vector', 'scalar', 'scalar'], returns: 'vector', evaluate: clamp(1, 2) },
  clamp_max: { args: ['vector', 'scalar'], returns: 'vector', evaluate: clamp(undefined, 1) },
  clamp_min: { args: ['vector', 'scalar'], returns: 'vector', evaluate: clamp(1, undefined) },
  cos: row(Math.cos),
  cosh: row(Math.cosh),
  deg: row((value) => (value * 180) / Math.PI),
  exp: row(Math.exp),
  floor: row(Math.floor),
  ln: row(Math.log),
  log10: row(Math.log10),
  log2: row(Math.log2),
  max_of: { args: ['scalar', 'scalar'], returns: 'scalar', evaluate: ofScalars(goMax) },
  min_of: { args: ['scalar', 'scalar'], returns: 'scalar', evaluate: ofScalars(goMin) },
  rad: row((value) => (value * Math.PI) / 180),
  round: { args: ['vector', 'scalar'], variadic: 1, returns: 'vector', evaluate: round },
  sgn: row((value) => (value < 0 ? -1 : value > 0 ? 1 : value)),
  sin: row(Math.sin),
  sinh: row(Math.sinh),
  sqrt: row(Math.sqrt),
  tan: row(Math.tan),
  tanh: row(Math.tanh),
} satisfies FunctionTable;
