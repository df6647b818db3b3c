import type { Expr } from '../ast.ts';

/** What one node of an evaluated expression took and gave. */
export interface NodeCost {
  readonly expr: Expr;
  /** Series it got: of a selector those the store has in its time, otherwise those its children gave. */
  readonly seriesIn: number;
  /** Series it gave, whatever the step. */
  readonly seriesOut: number;
  /** Samples read from the store for it and its children. What selectors share is counted where it is read first. */
  readonly samplesRead: number;
  /** Samples looked at for it and its children: a window counts every sample in it, at every step. */
  readonly samplesSeen: number;
  /** Its children included, ms. */
  readonly totalMs: number;
  readonly children: readonly NodeCost[];
}

/** What the evaluation has spent so far. */
export interface Spent {
  readonly samplesRead: number;
  readonly samplesSeen: number;
  /** Series that selectors found in the store. */
  readonly seriesRead: number;
}

interface OpenNode {
  readonly expr: Expr;
  readonly startedAt: number;
  readonly before: Spent;
  readonly children: NodeCost[];
  /** Series that its children were given by the store. */
  seriesReadBelow: number;
}

/** Follows an evaluation from node to node, for people who ask why a query takes long. */
export class Trace {
  private readonly now: () => number;
  private readonly spent: () => Spent;
  private readonly open: OpenNode[] = [];
  private top: NodeCost | undefined;

  /** @param now monotonic ms */
  constructor(now: () => number, spent: () => Spent) {
    this.now = now;
    this.spent = spent;
  }

  enter(expr: Expr): void {
    this.open.push({ expr, startedAt: this.now(), before: this.spent(), children: [], seriesReadBelow: 0 });
  }

  /** @param series the node entered last has given */
  leave(series: number): void {
    const { expr, startedAt, before, children, seriesReadBelow } = this.open.pop()!;
    const after = this.spent();
    const seriesRead = after.seriesRead - before.seriesRead;
    const cost: NodeCost = {
      expr,
      seriesIn: seriesRead - seriesReadBelow + children.reduce((sum, child) => sum + child.seriesOut, 0),
      seriesOut: series,
      samplesRead: after.samplesRead - before.samplesRead,
      samplesSeen: after.samplesSeen - before.samplesSeen,
      totalMs: this.now() - startedAt,
      children,
    };
    const parent = this.open.at(-1);
    if (parent) {
      parent.children.push(cost);
      parent.seriesReadBelow += seriesRead;
    } else this.top = cost;
  }

  /** Of the whole expression, once it is evaluated. */
  get cost(): NodeCost | undefined {
    return this.top;
  }
}
