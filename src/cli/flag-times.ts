import { parseDuration } from '../model/duration.ts';
import { type ParsedArgs, UsageError } from './args.ts';

/** A duration of a flag, ms. @throws UsageError naming the flag */
export function durationOf(flag: string, text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new UsageError(`--${flag}: ${(error as Error).message}`);
  }
}

/**
 * A moment of a flag, Unix ms: Unix seconds, RFC 3339 or its day alone, how long ago (`30d`, `now-30d`), or `now`.
 * @param now Unix ms
 * @throws UsageError naming the flag
 */
export function momentOf(flag: string, text: string, now: number): number {
  const ago = /^(?:now-|-)?(\d+[a-z].*)$/.exec(text)?.[1];
  if (ago !== undefined) return now - durationOf(flag, ago);
  const at = text === 'now' ? now : SECONDS.test(text) ? Math.round(Number(text) * 1000) : dateOf(text);
  if (Number.isFinite(at)) return at;
  throw new UsageError(
    `--${flag}: expected Unix seconds, a time such as 2026-01-31T12:00:00Z or how long ago, such as 30d, got ${JSON.stringify(text)}`,
  );
}

/** The moment of a flag in Unix seconds; undefined without the flag. @param now Unix ms @throws UsageError */
export function unixSeconds(args: ParsedArgs, flag: string, now: number): number | undefined {
  const text = args.values.get(flag);
  return text === undefined ? undefined : momentOf(flag, text, now) / 1000;
}

/** As amtool takes times: seconds and a zone are needed, as in 2026-01-02T15:04:05Z. Unix ms. @throws UsageError naming the flag */
export function timeOf(flag: string, text: string): number {
  const at = text.length > '2026-01-02'.length ? dateOf(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new UsageError(
    `--${flag}: expected a time such as 2026-01-02T15:04:05Z, got ${JSON.stringify(text)}`,
  );
}

const SECONDS = /^[+-]?\d+(\.\d+)?$/;
const DATE = /^(\d{4}-\d{2}-\d{2})([Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2}))?$/;

/** NaN for what is none. */
function dateOf(text: string): number {
  const day = DATE.exec(text)?.[1];
  if (day === undefined) return Number.NaN;
  const midnight = new Date(`${day}T00:00:00Z`);
  // The 30th of February would be one of March.
  const isDay = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
  return isDay ? Date.parse(text) : Number.NaN;
}
