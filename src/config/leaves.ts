import { RE2JS } from 're2js';
import * as z from 'zod';
import { parseDuration } from '../model/duration.ts';
import { isLabelName } from '../model/labels.ts';

/**
 * What the reader of the YAML must know about a string beside its type. Carried as zod metadata, found again by walking the schema
 * along the document (decode.ts, redact.ts, the generator of docs/configuration.md).
 */
export interface LeafMeta {
  /** `${VAR}` is not expanded here. */
  readonly verbatim?: boolean;
  /** A Go template; checked as one. Always verbatim. */
  readonly template?: boolean;
  /** Never shown back. */
  readonly secret?: boolean;
  /** A secret address whose host is shown: readers of the config that must find an address there refuse `<secret>`. */
  readonly hostShown?: boolean;
  /** `$VAR` is expanded as well as `${VAR}`. */
  readonly bareVariables?: boolean;
  /** A file; relative to the folder of the config file. */
  readonly path?: boolean;
  /** Name of the type for people, where it is not plainly "string". */
  readonly type?: string;
}

/** Metadata of a key that is read but should be written otherwise today. */
export const oldForm = (instead: string) => ({
  description: `Old form of ${instead}.`,
  warning: `old form; write ${instead} instead`,
});

/** Metadata of a key of upstream's that is read and changes nothing. */
export const noEffect = (why: string) => ({
  description: `No effect: ${why}`,
  warning: `has no effect: ${why.replace(/\.$/, '')}`,
});

const leaf = (meta: LeafMeta) => z.string().meta({ ...meta });

/** Longest pattern accepted, in UTF-16 units; matching is linear in pattern times text. */
const MAX_REGEX_LENGTH = 4096;

export const text = () => z.string();
/** Text in which `$` is only a dollar. */
export const verbatim = () => leaf({ verbatim: true });
export const template = () => leaf({ verbatim: true, template: true, type: 'template' });
export const secret = () => leaf({ secret: true, type: 'secret' });
export const filePath = () => leaf({ path: true, type: 'file path' });

/** Parses to milliseconds. */
export const duration = () =>
  leaf({ type: 'duration' }).transform((value, context) => {
    try {
      return parseDuration(value);
    } catch (error) {
      context.issues.push({ code: 'custom', message: (error as Error).message, input: value });
      return z.NEVER;
    }
  });

/** A duration that may not be zero. */
export const positiveDuration = () =>
  duration().refine((ms) => ms > 0, { error: 'expected a duration above zero, got 0' });

/** Go's own duration spelling (`1.5s`, `2m30s`), used by upstream for the timeouts of receivers. Parses to milliseconds. */
export const goDuration = () =>
  leaf({ type: 'duration' }).transform((value, context) => {
    const ms = parseGoDuration(value);
    if (ms !== undefined) return ms;
    context.issues.push({
      code: 'custom',
      message: `expected a duration such as "30s" or "1m30s", got ${JSON.stringify(value)}`,
      input: value,
    });
    return z.NEVER;
  });

/** Parses to bytes; all multiples are of 1024, as upstream has it. */
export const size = () =>
  leaf({ type: 'size' }).transform((value, context) => {
    const bytes = parseSize(value);
    if (bytes !== undefined) return bytes;
    context.issues.push({
      code: 'custom',
      message: `expected a size such as "512MB" or "10GB", got ${JSON.stringify(value)}`,
      input: value,
    });
    return z.NEVER;
  });

export const count = () => z.number().int().min(0);

/** A label name; any UTF-8 text is one today. */
export const labelName = () =>
  leaf({ verbatim: true, type: 'label name' }).refine(isLabelName, {
    error: (issue) => `expected a label name, got ${JSON.stringify(issue.input)}`,
  });

/** Label names as Alertmanager's old maps (`match`, `source_match`) know them. */
export const legacyLabelName = () =>
  leaf({ verbatim: true, type: 'label name' }).regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, {
    error: (issue) =>
      `expected a label name of letters, digits and underscores, got ${JSON.stringify(issue.input)}`,
  });

/** Label names to values, as written. */
export const labelMap = () => z.record(labelName(), verbatim());

/** A regular expression in RE2 syntax; as a string, not yet anchored. */
export const regex = () =>
  leaf({ verbatim: true, type: 'regex' }).superRefine((value, context) => {
    const message = regexError(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message, input: value });
  });

/** An absolute http or https address. A placeholder in capitals passes; decode.ts warns of it. */
export const url = () => leaf({ type: 'url' }).superRefine(checkUrl);
export const secretUrl = () => leaf({ secret: true, type: 'url' }).superRefine(checkUrl);
/** An address that may hold template actions, which are not checked as an address. */
export const templateUrl = () =>
  leaf({ secret: true, hostShown: true, type: 'url' }).superRefine((value, context) => {
    if (!value.includes('{{')) checkUrl(value, context);
  });

/** `host:port`, both needed. */
export const hostPort = (example: string) =>
  leaf({ type: 'host:port' }).regex(/^(\[[0-9a-fA-F:.%]+\]|[^\s:[\]]*):[^\s:]+$/, {
    error: (issue) => `expected an address such as "${example}", got ${JSON.stringify(issue.input)}`,
  });

/** What stands for an address: one still to be filled in, such as `YOUR-SLACK-WEBHOOK-URL`, or one that was hidden. */
export const isPlaceholder = (value: string): boolean =>
  value === '<secret>' || /^<?[A-Z][A-Z0-9]*([-_ ][A-Z0-9]+)+>?$/.test(value);

export function regexError(pattern: string): string | undefined {
  if (pattern.length > MAX_REGEX_LENGTH) {
    return `expected a regular expression of at most ${MAX_REGEX_LENGTH} characters, got ${pattern.length}`;
  }
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    const reason = (error as Error).message.replace(/^error parsing regexp: /, '');
    return `expected a regular expression, got ${JSON.stringify(pattern)} (${reason})`;
  }
}

const SIZE_UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB'];

function parseSize(value: string): number | undefined {
  if (value === '0') return 0;
  const match = /^(\d+(?:\.\d+)?)\s*([KMGTPE]?)i?B$/i.exec(value);
  if (!match) return undefined;
  const power = SIZE_UNITS.indexOf(`${match[2]!.toUpperCase()}B`);
  const bytes = Number(match[1]) * 1024 ** power;
  return bytes <= 2 ** 63 ? Math.floor(bytes) : undefined;
}

const GO_UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

function parseGoDuration(value: string): number | undefined {
  if (value === '0') return 0;
  if (!/^(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/.test(value))
    return undefined;
  let total = 0;
  for (const [, amount, unit] of value.matchAll(/([\d.]+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(amount) * GO_UNITS[unit!]!;
  }
  return total;
}

/** A variable that was not set; a warning has said so. */
const UNSET_VARIABLE = /\$\{[A-Za-z_]\w*\}/;

function checkUrl(value: string, context: z.RefinementCtx): void {
  if (isPlaceholder(value) || UNSET_VARIABLE.test(value)) return;
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (parsed && /^https?:$/.test(parsed.protocol) && parsed.hostname !== '') return;
  context.addIssue({
    code: 'custom',
    message: `expected an address such as "https://example.org/path", got ${JSON.stringify(value)}`,
    input: value,
  });
}
