/** Where columns get their memory. */
export interface Room {
  /** Room for `count` floats, of any content. */
  floats(count: number): Float64Array;
}

/** Memory of its own for each column, good as long as anybody looks at it. */
export const freshRoom: Room = { floats: (count) => new Float64Array(count) };
