/** Whether two values say the same: plain data, arrays and maps, compared all the way down. */
export function isSame(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((one, i) => isSame(one, b[i]));
  if (a instanceof Map)
    return (
      b instanceof Map &&
      a.size === b.size &&
      [...a].every(([key, one]) => b.has(key) && isSame(one, b.get(key)))
    );
  const [left, right] = [Object.entries(a), b as Readonly<Record<string, unknown>>];
  return (
    !(Array.isArray(b) || b instanceof Map) &&
    left.length === Object.keys(right).length &&
    left.every(([key, one]) => Object.hasOwn(right, key) && isSame(one, right[key]))
  );
}
