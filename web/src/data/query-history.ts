const KEY = 'belfry.queries';
const MOST = 50;

/** The expressions that were run in this browser, the latest first, each once. @param storage a browser may refuse it */
export function recentQueries(storage: () => Pick<Storage, 'getItem'>): string[] {
  try {
    const stored: unknown = JSON.parse(storage().getItem(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter((text) => typeof text === 'string') : [];
  } catch {
    return []; // storage is switched off, or what is there is not ours
  }
}

export function rememberQuery(storage: () => Pick<Storage, 'getItem' | 'setItem'>, expr: string): void {
  const text = expr.trim();
  if (text === '') return;
  const queries = [text, ...recentQueries(storage).filter((other) => other !== text)].slice(0, MOST);
  try {
    storage().setItem(KEY, JSON.stringify(queries));
  } catch {
    // Storage is switched off: there is no history then.
  }
}
