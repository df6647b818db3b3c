import { changes, idelta, irate, resets } from './counters.ts';
import * as overTime from './over-time.ts';
import { delta, increase, rate } from './rate.ts';
import type { Evaluate, FunctionTable } from './table.ts';

const row = (evaluate: Evaluate) => ({ args: ['matrix'], returns: 'vector', evaluate }) as const;

/** Functions over a range vector. */
export const rangeFunctions = {
  avg_over_time: row(overTime.avgOverTime),
  changes: row(changes),
  count_over_time: row(overTime.countOverTime),
  delta: row(delta),
  deriv: row(overTime.deriv),
  double_exponential_smoothing: {
    args: ['matrix', 'scalar', 'scalar'],
    returns: 'vector',
    evaluate: overTime.doubleExponentialSmoothing,
  },
  first_over_time: row(overTime.firstOverTime),
  idelta: row(idelta),
  increase: row(increase),
  irate: row(irate),
  last_over_time: row(overTime.lastOverTime),
  mad_over_time: row(overTime.madOverTime),
  max_over_time: row(overTime.maxOverTime),
  min_over_time: row(overTime.minOverTime),
  predict_linear: { args: ['matrix', 'scalar'], returns: 'vector', evaluate: overTime.predictLinear },
  present_over_time: row(overTime.presentOverTime),
  quantile_over_time: { args: ['scalar', 'matrix'], returns: 'vector', evaluate: overTime.quantileOverTime },
  rate: row(rate),
  resets: row(resets),
  stddev_over_time: row(overTime.stddevOverTime),
  stdvar_over_time: row(overTime.stdvarOverTime),
  sum_over_time: row(overTime.sumOverTime),
  ts_of_first_over_time: row(overTime.tsOfFirstOverTime),
  ts_of_last_over_time: row(overTime.tsOfLastOverTime),
  ts_of_max_over_time: row(overTime.tsOfMaxOverTime),
  ts_of_min_over_time: row(overTime.tsOfMinOverTime),
} satisfies FunctionTable;
