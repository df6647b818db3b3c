/** The extent of an aggregation's parameter over all steps. NaN anywhere makes the ends NaN, an infinity in that direction aside. */
export interface ParamExtent {
  readonly min: number;
  readonly max: number;
  readonly hasNaN: boolean;
}

export function extentOf(params: Float64Array): ParamExtent {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let hasNaN = false;
  for (const param of params) {
    if (Number.isNaN(param)) hasNaN = true;
    else {
      if (param < min) min = param;
      if (param > max) max = param;
    }
  }
  if (!hasNaN) return { min, max, hasNaN };
  return {
    min: min === Number.NEGATIVE_INFINITY ? min : Number.NaN,
    max: max === Number.POSITIVE_INFINITY ? max : Number.NaN,
    hasNaN,
  };
}
