import type { Labels } from './labels.ts';

/** An example of what a sample counts: mostly a trace, named by its labels. */
export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  /** Unix ms; absent: that of the sample it came with. */
  readonly timestamp?: number;
}

/** Characters that names and values of an exemplar's labels may have together. */
export const MAX_EXEMPLAR_LABELS = 128;
