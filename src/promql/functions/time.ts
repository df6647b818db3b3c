import { NO_LABELS } from '../../model/labels.ts';
import { type EvalContext, evaluateVector, type QueryWindow, vector } from '../evaluate/context.ts';
import { settleNames, withoutName } from '../evaluate/labels.ts';
import { lookup } from '../evaluate/selectors.ts';
import {
  ABSENT,
  type Column,
  columnBytes,
  type Grid,
  newColumn,
  setFloat,
  timeAt,
  type Value,
} from '../evaluate/value.ts';
import { mapFloats } from './math.ts';
import type { Evaluate, FunctionTable } from './table.ts';

/** A number per step from the step's time in seconds. */
const stepTimes = (grid: Grid): Float64Array =>
  Float64Array.from({ length: grid.count }, (_, step) => timeAt(grid, step) / 1000);

const time: Evaluate = (_context, _call, grid) => ({ kind: 'scalar', values: stepTimes(grid) });

/** A number that is the same for the whole query, in seconds. */
function ofQuery(seconds: (window: QueryWindow) => number): Evaluate {
  return (context, _call, grid) => ({
    kind: 'scalar',
    values: new Float64Array(grid.count).fill(seconds(context.window)),
  });
}

/** A part of a date, of the samples' values or of the evaluation time. */
function datePart(part: (date: Date) => number): Evaluate {
  const ofSeconds = (seconds: number): number => part(new Date(Math.trunc(seconds) * 1000));
  return (context, call, grid) => {
    if (call.args.length > 0) {
      return mapFloats(context, evaluateVector(context, call.args[0]!, grid), grid, ofSeconds);
    }
    const column = newColumn(context.room, NO_LABELS, grid.count);
    for (let step = 0; step < grid.count; step++)
      setFloat(column, step, ofSeconds(timeAt(grid, step) / 1000));
    return vector([column]);
  };
}

const DAY_MS = 86_400_000;

function daysInMonth(date: Date): number {
  const next = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  return Math.round((next - Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)) / DAY_MS);
}

function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1;
}

/** Of a selector, when its samples were taken; of anything else, when it was evaluated. */
const timestamp: Evaluate = (context, call, grid) => {
  const arg = call.args[0]!;
  if (arg.kind === 'vector') {
    const found = lookup(context, arg, grid, (column, step, series, index) => {
      setFloat(column, step, series.timestamps[index]! / 1000);
    });
    return unnamed(context, found, grid);
  }
  const results: Column[] = [];
  for (const column of evaluateVector(context, arg, grid)) {
    context.budget.bytes(columnBytes(grid.count));
    const out = newColumn(context.room, withoutName(context, column.labels), grid.count, true);
    for (let step = 0; step < grid.count; step++) {
      if (column.present[step] !== ABSENT) setFloat(out, step, timeAt(grid, step) / 1000);
    }
    results.push(out);
  }
  return vector(settleNames(context, results, grid.count));
};

/** Start timestamps of a selector's samples; nothing of other expressions, or unless start timestamps are used. */
const startTimestamp: Evaluate = (context, call, grid) => {
  const arg = call.args[0]!;
  if (arg.kind !== 'vector') {
    evaluateVector(context, arg, grid);
    return vector([]);
  }
  if (!context.options.useStartTimestamps) return vector([]);
  const found = lookup(context, arg, grid, (column, step, series, index) => {
    setFloat(column, step, (series.startTimestamps?.[index] ?? 0) / 1000);
  });
  return unnamed(context, found, grid);
};

/** What was looked up is no longer the metric. */
function unnamed(context: EvalContext, found: readonly Column[], grid: Grid): Value {
  const columns = found.map((column) => ({
    ...column,
    labels: withoutName(context, column.labels),
    dropName: true,
  }));
  return vector(settleNames(context, columns, grid.count));
}

const date = (part: (date: Date) => number) =>
  ({ args: ['vector'], variadic: 1, returns: 'vector', evaluate: datePart(part) }) as const;

export const timeFunctions = {
  day_of_month: date((day) => day.getUTCDate()),
  day_of_week: date((day) => day.getUTCDay()),
  day_of_year: date(dayOfYear),
  days_in_month: date(daysInMonth),
  end: { args: [], returns: 'scalar', evaluate: ofQuery((window) => window.endMs / 1000) },
  hour: date((day) => day.getUTCHours()),
  minute: date((day) => day.getUTCMinutes()),
  month: date((day) => day.getUTCMonth() + 1),
  range: {
    args: [],
    returns: 'scalar',
    evaluate: ofQuery((window) => (window.endMs - window.startMs) / 1000),
  },
  start: { args: [], returns: 'scalar', evaluate: ofQuery((window) => window.startMs / 1000) },
  start_timestamp: { args: ['vector'], returns: 'vector', evaluate: startTimestamp },
  step: {
    args: [],
    returns: 'scalar',
    evaluate: ofQuery((window) => (window.startMs === window.endMs ? 0 : window.stepMs / 1000)),
  },
  time: { args: [], returns: 'scalar', evaluate: time },
  timestamp: { args: ['vector'], returns: 'vector', evaluate: timestamp },
  year: date((day) => day.getUTCFullYear()),
} satisfies FunctionTable;
