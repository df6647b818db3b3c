/** A column in a larger array: `to`, which begins with what `from` holds. */
export function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
