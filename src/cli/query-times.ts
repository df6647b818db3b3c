import { parseDuration } from '../model/duration.ts';
import { type ParsedArgs, UsageError } from './args.ts';

/**
 * Unix seconds of a flag that holds them, RFC 3339 or how long ago; undefined without the flag.
 * @param now Unix ms
 * @throws UsageError
 */
export function unixSeconds(args: ParsedArgs, flag: string, now: number): number | undefined {
  const text = args.values.get(flag);
  if (text === undefined) return undefined;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  const at = Date.parse(text);
  if (!Number.isNaN(at)) return at / 1000;
  try {
    return (now - parseDuration(text)) / 1000;
  } catch {
    throw new UsageError(
      `--${flag}: expected Unix seconds, RFC 3339 or a duration, got ${JSON.stringify(text)}`,
    );
  }
}
