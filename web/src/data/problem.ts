/** What was thrown, in words. */
export const problemText = (thrown: unknown): string =>
  thrown instanceof Error ? thrown.message : String(thrown);
