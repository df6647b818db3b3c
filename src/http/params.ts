import type { Context } from 'hono';
import { parseDuration } from '../model/duration.ts';

/** Largest form body read, bytes: room for any query people write, not for a flood. */
export const MAX_FORM_BYTES = 4 * 1024 * 1024;

/** A parameter that cannot be read; answered with 400 `bad_data`. */
export class ParameterError extends Error {
  /** What is wrong with it, without its name. */
  readonly problem: string;
  constructor(name: string, problem: string) {
    super(`invalid parameter ${JSON.stringify(name)}: ${problem}`);
    this.name = 'ParameterError';
    this.problem = problem;
  }
}

/** Whether the body of a request with these headers holds parameters. */
export const isForm = (method: string, contentType = ''): boolean =>
  method !== 'GET' && contentType.startsWith('application/x-www-form-urlencoded');

/**
 * Parameters of a request as Prometheus reads them: the address' and, of a POSTed form, the body's, the body's first.
 * @throws ParameterError when the form is larger than MAX_FORM_BYTES
 */
export async function readParams(c: Context): Promise<URLSearchParams> {
  const fromUrl = new URL(c.req.url).searchParams;
  if (!isForm(c.req.method, c.req.header('content-type'))) return fromUrl;
  return formParams(await readForm(c.req.raw.body ?? [], c.req.header('content-length')), fromUrl);
}

/** Parameters of a form's body and, after them, of the address. */
export function formParams(body: string, fromUrl: URLSearchParams): URLSearchParams {
  const merged = new URLSearchParams(body);
  for (const [name, value] of fromUrl) merged.append(name, value);
  return merged;
}

/** @throws ParameterError when the form is larger than MAX_FORM_BYTES, by its declared length or what arrives */
export async function readForm(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  declaredLength = '0',
): Promise<string> {
  if (Number(declaredLength) > MAX_FORM_BYTES) throw formTooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_FORM_BYTES) throw formTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const formTooLarge = (): ParameterError =>
  new ParameterError('body', `expected a form of at most ${MAX_FORM_BYTES} bytes, got a larger one`);

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const RFC3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

/** The last time there is, Unix ms. */
export const MAX_TIME = 8_640_000_000_000_000;

/** Upstream's first and last time, of which its clients send the text when they mean no bound. */
const BOUNDLESS: ReadonlyMap<string, number> = new Map([
  ['-292273086-05-16T16:47:06Z', -MAX_TIME],
  ['292277025-08-18T07:12:54.999999999Z', MAX_TIME],
]);

/** Unix seconds with or without a fraction, or RFC 3339; gives Unix ms. */
export function readTime(params: URLSearchParams, name: string, fallback: number): number;
export function readTime(params: URLSearchParams, name: string): number;
export function readTime(params: URLSearchParams, name: string, fallback?: number): number {
  const text = params.get(name) ?? '';
  const isOptional = fallback !== undefined;
  if (text === '' && isOptional) return fallback;
  if (NUMBER.test(text)) return Math.round(Math.min(Math.max(Number(text) * 1000, -MAX_TIME), MAX_TIME));
  const boundless = BOUNDLESS.get(text);
  if (boundless !== undefined) return boundless;
  const parsed = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(parsed)) {
    const problem = `cannot parse ${JSON.stringify(text)} to a valid timestamp`;
    throw new ParameterError(name, isOptional ? `invalid time value for '${name}': ${problem}` : problem);
  }
  return parsed;
}

/** Seconds with or without a fraction, or a Prometheus duration; gives ms. */
export function readDuration(params: URLSearchParams, name: string): number {
  const text = params.get(name) ?? '';
  if (NUMBER.test(text)) return Number(text) * 1000;
  try {
    return parseDuration(text);
  } catch {
    throw new ParameterError(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
  }
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** One of the words that Go reads as a boolean, and `fallback` when there is none; undefined for anything else. */
export function booleanOf(text: string, fallback: boolean): boolean | undefined {
  if (text === '') return fallback;
  return TRUE.has(text) || (FALSE.has(text) ? false : undefined);
}

/** A whole number ≥ 0; undefined when absent or 0, which means no limit. */
export function readLimit(params: URLSearchParams): number | undefined {
  const text = params.get('limit') ?? '';
  if (text === '') return undefined;
  if (/^-\d+$/.test(text) && Number(text) < 0)
    throw new ParameterError('limit', 'limit must be non-negative');
  if (!/^[+-]?\d+$/.test(text))
    throw new ParameterError('limit', `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text) || undefined;
}
