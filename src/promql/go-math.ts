/** Where Go's math and JavaScript's differ, and the summation both the aggregations and the functions use. */

/** x to the power of y; 1 to the power of anything is 1, as is -1 to an infinity. */
export function goPow(x: number, y: number): number {
  if (x === 1) return 1;
  if (x === -1 && (y === Number.POSITIVE_INFINITY || y === Number.NEGATIVE_INFINITY)) return 1;
  return x ** y;
}

export const isInfinite = (value: number): boolean =>
  value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY;

/**
 * Compensated sum after Neumaier's improvement of Kahan: `sum` and `compensation` of what was added so far. Reused, not
 * allocated per addition.
 */
export class KahanSum {
  sum: number;
  compensation = 0;

  constructor(sum = 0) {
    this.sum = sum;
  }

  reset(sum = 0, compensation = 0): void {
    this.sum = sum;
    this.compensation = compensation;
  }

  add(increment: number): void {
    const { sum } = this;
    const total = sum + increment;
    if (total === Number.POSITIVE_INFINITY || total === Number.NEGATIVE_INFINITY) this.compensation = 0;
    else if (Math.abs(sum) >= Math.abs(increment)) this.compensation += sum - total + increment;
    else this.compensation += increment - total + sum;
    this.sum = total;
  }

  get value(): number {
    return this.sum + this.compensation;
  }
}
