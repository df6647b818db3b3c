/** A node of an evaluated expression: what went in, what came out, and what it took. */
export interface ExplainNode {
  readonly type: string;
  /** Its text in the query. */
  readonly query: string;
  readonly seriesIn: number;
  readonly seriesOut: number;
  readonly samplesRead: number;
  readonly totalMs: number;
  readonly selfMs: number;
  readonly children: readonly ExplainNode[];
}

/** What a query as a whole took; upstream's fields. */
export interface QueryStats {
  readonly timings?: { readonly evalTotalTime?: number; readonly execTotalTime?: number };
  readonly samples?: { readonly totalQueryableSamples?: number; readonly peakSamples?: number };
}
