import type { Labels } from './labels.ts';
import type { Matcher } from './matcher.ts';
import type { QueryBudget } from './queryable.ts';
import type { TimeRange } from './time.ts';

/** An example of what a sample counts: mostly a trace, named by its labels. */
export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  /** Unix ms; absent: that of the sample it came with. */
  readonly timestamp?: number;
}

/** Characters that names and values of an exemplar's labels may have together. */
export const MAX_EXEMPLAR_LABELS = 128;

/** Exemplars of one series, in order of time. */
export interface SeriesExemplars {
  readonly labels: Labels;
  readonly exemplars: readonly (Exemplar & { readonly timestamp: number })[];
}

export interface ExemplarQueryable {
  /** Exemplars in the range of series that match any of the matcher lists; series in order of their labels. */
  exemplars(
    sets: readonly (readonly Matcher[])[],
    range: TimeRange,
    budget: QueryBudget,
  ): readonly SeriesExemplars[];
}
