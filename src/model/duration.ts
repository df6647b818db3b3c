const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 365 * 86_400_000],
  ['w', 7 * 86_400_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];

const PATTERN = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Longest duration upstream accepts: an int64 of nanoseconds. */
const MAX_MS = 9_223_372_036_854;

/** Milliseconds of a duration, or what keeps the text from being one. */
export function readDuration(text: string): number | 'malformed' | 'too long' {
  if (text === '0') return 0;
  const match = text === '' ? null : PATTERN.exec(text);
  if (!match) return 'malformed';
  let total = 0;
  for (let i = 0; i < UNITS.length; i++) total += Number(match[i + 1] ?? 0) * UNITS[i]![1];
  return total > MAX_MS ? 'too long' : total;
}

/**
 * Reads a Prometheus duration such as `1h30m`, `250ms` or a bare `0`; gives milliseconds.
 * Units are years (365 d), weeks, days, hours, minutes, seconds and milliseconds, each at most once and in that order.
 * @throws Error naming what was expected and what was found.
 */
export function parseDuration(text: string): number {
  const read = readDuration(text);
  if (typeof read === 'number') return read;
  const expected = read === 'too long' ? 'a duration of at most 292y' : 'a duration such as "30s" or "1h30m"';
  throw new Error(`expected ${expected}, got ${JSON.stringify(text)}`);
}

/** A duration as Go prints it: `1h0m0s`, `1.5s`. */
export function goDurationText(ms: number): string {
  if (ms === 0) return '0s';
  if (Math.abs(ms) < 1000) return `${ms}ms`;
  const sign = ms < 0 ? '-' : '';
  const seconds = Math.abs(ms) / 1000;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${Number((seconds % 60).toFixed(3))}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${sign}${minutes}m${rest}` : sign + rest;
}

/** Writes milliseconds as upstream's config and rules do: `90000` is `1m30s`, weeks and years only when exact, `0` is `0s`. */
export function formatDuration(durationMs: number): string {
  let rest = Math.abs(durationMs);
  if (rest === 0) return '0s';
  let text = durationMs < 0 ? '-' : '';
  for (const [unit, ms] of UNITS) {
    const exactOnly = unit === 'y' || unit === 'w';
    if (exactOnly && rest % ms !== 0) continue;
    const count = Math.floor(rest / ms);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * ms;
  }
  return text;
}
