/** A header's name as Go writes it, `X-Prometheus-Scrape-Timeout-Seconds`: there are servers that know no other spelling. */
export const canonicalName = (name: string): string =>
  name.toLowerCase().replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());

/** Headers under such names. */
export const canonicalHeaders = <Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [canonicalName(name), value]));
