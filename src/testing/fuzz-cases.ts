/**
 * How many cases a fuzz test tries: few in the test suite, as many as `npm run fuzz -- CASES` asks for in the long run.
 * @param share the part of those, for a test whose cases are dear or that shares its subject with others
 */
export function fuzzCases(usual: number, share = 1): number {
  return Math.max(usual, Math.ceil(Number(process.env.BELFRY_FUZZ_CASES ?? 0) * share));
}

/** How long such a test may take, ms: in the long run as long as it needs. */
export const fuzzTimeout = (usualMs: number): number =>
  process.env.BELFRY_FUZZ_CASES === undefined ? usualMs : 36_000_000;
