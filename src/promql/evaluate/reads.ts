import type { Querier, SeriesSamples } from '../../model/queryable.ts';
import type { Expr, VectorSelector } from '../ast.ts';
import type { EngineOptions, QueryWindow } from './context.ts';
import type { StepInvariance } from './invariance.ts';
import { withResetsTold } from './reset-hints.ts';
import { lookTime, lookTimes, rangeMsOf, subqueryGrid } from './times.ts';
import type { Grid } from './value.ts';

interface Interval {
  from: number;
  to: number;
  series: readonly SeriesSamples[] | undefined;
  /** The same with resets told, for selectors that are only counted. */
  told: readonly SeriesSamples[] | undefined;
}

/**
 * Reads series for a query's selectors. What the query will need is announced first, so that selectors with the same matchers
 * share one read where their time ranges touch.
 */
export class SeriesReader {
  private readonly querier: Querier;
  private readonly needs = new Map<string, Interval[]>();
  private readonly counted: ReadonlySet<VectorSelector>;
  /** Samples the store gave. */
  samplesRead = 0;
  /** Series that selectors were given, those of a shared read again and again. */
  seriesRead = 0;

  /** `counted`: the selectors whose histograms are to say whether they follow a reset. */
  constructor(querier: Querier, counted: ReadonlySet<VectorSelector>) {
    this.querier = querier;
    this.counted = counted;
  }

  /** Announces a read of samples in `[from, to)`. */
  announce(selector: VectorSelector, from: number, to: number): void {
    const key = keyOf(selector);
    const intervals = this.needs.get(key) ?? [];
    this.needs.set(key, mergedWith(intervals, { from, to, series: undefined, told: undefined }));
  }

  /** Says that all reads are announced. */
  announced(): void {
    let selectors = 0;
    for (const intervals of this.needs.values()) selectors += intervals.length;
    this.querier.announce?.(selectors);
  }

  /** The series of a selector with at least the samples in `[from, to)`; often more, shared with other selectors. */
  read(selector: VectorSelector, from: number, to: number): readonly SeriesSamples[] {
    const series = this.find(selector, from, to);
    this.seriesRead += series.length;
    return series;
  }

  private find(selector: VectorSelector, from: number, to: number): readonly SeriesSamples[] {
    const interval = this.needs.get(keyOf(selector))?.find((known) => known.from <= from && to <= known.to);
    if (!interval) return this.select(selector, from, to);
    interval.series ??= this.select(selector, interval.from, interval.to);
    if (!this.counted.has(selector)) return interval.series;
    interval.told ??= interval.series.map(withResetsTold);
    return interval.told;
  }

  private select({ matchers }: VectorSelector, from: number, to: number): readonly SeriesSamples[] {
    const series = this.querier.select(matchers, { from, to });
    for (const { timestamps } of series) this.samplesRead += timestamps.length;
    return series;
  }
}

function mergedWith(intervals: readonly Interval[], added: Interval): Interval[] {
  const merged: Interval[] = [];
  for (const interval of intervals) {
    if (interval.to < added.from || added.to < interval.from) merged.push(interval);
    else
      added = {
        from: Math.min(interval.from, added.from),
        to: Math.max(interval.to, added.to),
        series: undefined,
        told: undefined,
      };
  }
  merged.push(added);
  return merged;
}

const keyOf = (selector: VectorSelector): string =>
  JSON.stringify(selector.matchers.map((matcher) => [matcher.name, matcher.op, matcher.value]).sort());

/** The samples `[from, to)` a selector needs on a grid; `rangeMs` is 0 for an instant selector. */
export function neededRange(
  selector: VectorSelector,
  rangeMs: number,
  grid: Grid,
  window: QueryWindow,
  options: EngineOptions,
): { from: number; to: number } {
  const times = lookTimes(selector, window);
  const first = lookTime(times, grid, 0);
  const last = lookTime(times, grid, Math.max(0, grid.count - 1));
  const isInstant = rangeMs === 0;
  const back = rangeMs + (isInstant || selector.extension !== undefined ? options.lookbackMs : 0);
  const ahead = selector.extension === 'smoothed' ? options.lookbackMs : 0;
  const slack = selector.extension === 'smoothed' && isInstant ? 1 : 0;
  return { from: first - back + 1 - slack, to: last + ahead + 1 };
}

/** Announces every read below a node. */
export function announceReads(
  expr: Expr,
  grid: Grid,
  reader: SeriesReader,
  invariance: StepInvariance,
  window: QueryWindow,
  options: EngineOptions,
): void {
  const visit = (node: Expr, on: Grid): void => {
    const inner = on.count > 1 && invariance.isRepeatable(node) ? { ...on, count: 1 } : on;
    switch (node.kind) {
      case 'number':
      case 'string':
        return;
      case 'vector': {
        const need = neededRange(node, 0, inner, window, options);
        reader.announce(node, need.from, need.to);
        return;
      }
      case 'matrix': {
        const need = neededRange(node.selector, rangeMsOf(node.range, window), inner, window, options);
        reader.announce(node.selector, need.from, need.to);
        return;
      }
      case 'subquery': {
        const below = subqueryGrid(node, inner, window, options);
        if (below.count > 0) visit(node.expr, below);
        return;
      }
      case 'paren':
      case 'unary':
        visit(node.expr, inner);
        return;
      case 'binary':
        visit(node.left, inner);
        visit(node.right, inner);
        return;
      case 'call':
        // The second argument of info() selects what to join, not samples at a time.
        for (const arg of node.name === 'info' ? node.args.slice(0, 1) : node.args) visit(arg, inner);
        return;
      case 'aggregate':
        if (node.param) visit(node.param, inner);
        visit(node.expr, inner);
    }
  };
  visit(expr, grid);
  reader.announced();
}
