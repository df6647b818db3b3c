import type { QueryBudget } from '../../model/queryable.ts';
import { type Column, columnBytes, histogramBytes, type Value } from './value.ts';

/**
 * What the evaluation itself spends of a query's budget. A node's intermediate columns are garbage once its result is there:
 * they are given back, so that a long expression costs what it holds, not what it ever made.
 */
export class Ledger implements QueryBudget {
  private readonly budget: QueryBudget;
  /** Bytes charged and not given back. */
  private held = 0;

  constructor(budget: QueryBudget) {
    this.budget = budget;
  }

  samples(count: number): void {
    this.budget.samples(count);
  }

  bytes(count: number): void {
    this.budget.bytes(count);
    this.held += count;
  }

  check(): void {
    this.budget.check();
  }

  /** A point to settle from. */
  mark(): number {
    return this.held;
  }

  /** Gives back what was charged since the mark, but for the value that is left. */
  settle(mark: number, value: Value): void {
    const surplus = this.held - mark - sizeOf(value);
    if (surplus <= 0) return;
    this.held -= surplus;
    this.budget.bytes(-surplus);
  }
}

function sizeOf(value: Value): number {
  if (value.kind === 'string') return 2 * value.value.length;
  if (value.kind === 'scalar') return 8 * value.values.length;
  let size = 0;
  for (const column of value.columns) size += columnBytes(column.values.length) + sizeOfHistograms(column);
  return size;
}

function sizeOfHistograms({ histograms }: Column): number {
  if (histograms === undefined) return 0;
  let size = 0;
  for (const histogram of histograms) if (histogram) size += histogramBytes(histogram);
  return size;
}
