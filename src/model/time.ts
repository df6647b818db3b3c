/** A half-open span of time `[from, to)`, Unix ms. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}
