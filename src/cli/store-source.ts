import { formatSeries, labelsOf } from '../model/labels.ts';
import { formatMatcher } from '../model/matcher.ts';
import type { StoreSource } from '../rules/lint/stored.ts';

interface Envelope<T> {
  readonly status: string;
  readonly data: T;
  readonly error?: string;
}

/** How far back series count as known. */
const LOOKBACK_SECONDS = 7 * 86_400;

/**
 * Asks a running monitor, ours or Prometheus, what it has stored in the last week.
 * @param authorization header to send, if any
 */
export function apiSource(
  url: string,
  deps: { readonly fetch: typeof fetch; readonly now: () => number },
  authorization?: string,
): StoreSource {
  const base = url.replace(/\/+$/, '');
  const ask = async <T>(path: string, query: URLSearchParams): Promise<T> => {
    const address = `${base}/api/v1/${path}`;
    const response = await deps.fetch(`${address}?${query}`, {
      headers: authorization === undefined ? {} : { authorization },
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    let body: Envelope<T>;
    try {
      body = JSON.parse(text) as Envelope<T>;
    } catch {
      throw new Error(`${address}: expected JSON, got status ${response.status}`);
    }
    if (body.status !== 'success')
      throw new Error(`${address}: ${body.error ?? `answered ${response.status}`}`);
    return body.data;
  };
  return {
    async labelNames(matchers) {
      const [only] = matchers;
      const selector =
        matchers.length === 1 && only?.name === '__name__' && only.op === '='
          ? formatSeries(labelsOf([['__name__', only.value]]))
          : `{${matchers.map(formatMatcher).join(',')}}`;
      const end = Math.floor(deps.now() / 1000);
      const query = { 'match[]': selector, start: String(end - LOOKBACK_SECONDS), end: String(end) };
      return ask<string[]>('labels', new URLSearchParams(query));
    },
    async types() {
      const all = await ask<Record<string, readonly { readonly type: string }[]>>(
        'metadata',
        new URLSearchParams(),
      );
      const types = new Map<string, string>();
      for (const [metric, [first]] of Object.entries(all))
        if (first && first.type !== 'unknown') types.set(metric, first.type);
      return types;
    },
  };
}
