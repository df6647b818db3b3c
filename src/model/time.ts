declare const brand: unique symbol;

/** Milliseconds since the Unix epoch. */
export type Timestamp = number & { readonly [brand]: 'Timestamp' };

/** Reads the API's time: Unix seconds, with or without a fraction. */
export const fromSeconds = (seconds: number): Timestamp => Math.round(seconds * 1000) as Timestamp;

/** A half-open span of time `[from, to)`, Unix ms. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}
