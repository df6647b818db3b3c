declare global {
  interface Window {
    /** What public/start.js asked for while the scripts were on their way, by address. */
    asked?: Map<string, Promise<Response>>;
  }
}

/** How long such an answer is news. */
const FRESH_MS = 5000;

/** A `fetch` that takes what was asked for already, once, as long as it is fresh. */
export function withAsked(
  asked: Map<string, Promise<Response>> | undefined,
  now: () => number,
  fetchFn: typeof fetch,
): typeof fetch {
  if (!asked || asked.size === 0) return fetchFn;
  const until = now() + FRESH_MS;
  return (input, init) => {
    const address = String(input);
    const answer = now() < until ? asked.get(address) : undefined;
    asked.delete(address);
    return answer ?? fetchFn(input, init);
  };
}
