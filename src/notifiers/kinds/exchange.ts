import { compareStrings } from '../../model/labels.ts';
import type { Attempt, FailureReason } from '../delivery.ts';

/** A request as a message builder asks for it; authentication and the like are the transport's. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most the first 64 KiB. */
  readonly body: string;
}

/**
 * What is said to a receiver and heard from it, as a pure conversation: it yields requests, is given their answers and returns
 * how the try ended. Most kinds say one thing.
 */
export type Exchange = Generator<HttpRequest, Attempt, HttpAnswer>;

/** One JSON document posted, judged by its status alone. */
export function* postOnce(request: HttpRequest, judge = judgeStatus()): Exchange {
  return judge(yield request);
}

export function jsonPost(
  url: string,
  json: unknown,
  headers: Readonly<Record<string, string>> = {},
): HttpRequest {
  return {
    method: 'POST',
    url,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: goJson(json),
  };
}

export interface StatusRules {
  /** Statuses worth another try besides 5xx. */
  readonly retried?: readonly number[];
  /** What of the answer tells more than its status. */
  readonly details?: (answer: HttpAnswer) => string;
}

/** 2xx is success, 5xx worth another try, the rest refused. */
export function judgeStatus(rules: StatusRules = {}): (answer: HttpAnswer) => Attempt {
  return (answer) => {
    if (answer.status >= 200 && answer.status < 300) {
      return { kind: 'delivered', answer: `${answer.status} ${answer.body}`.trim().slice(0, 300) };
    }
    const details = (rules.details ?? ((one: HttpAnswer) => one.body))(answer);
    const message = `unexpected status code ${answer.status}${details ? `: ${details}` : ''}`;
    const again = answer.status >= 500 || rules.retried?.includes(answer.status);
    return { kind: again ? 'retry' : 'rejected', reason: reasonOf(answer.status), message };
  };
}

export function reasonOf(status: number): FailureReason {
  if (status === 401 || status === 403) return 'authError';
  if (status === 429) return 'rateLimited';
  if (status >= 400 && status < 500) return 'clientError';
  return status >= 500 ? 'serverError' : 'other';
}

/** A message that cannot be made: a template failed, a key is empty. The next flush tries again. */
export class MessageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MessageError';
  }
}

const ESCAPED: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** JSON as Go's encoder writes it: HTML characters escaped, a newline at the end. Keys keep the order they have. */
export function goJson(value: unknown): string {
  return `${JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (char) => ESCAPED[char]!)}\n`;
}

/** Leaves out what Go's `omitempty` leaves out: undefined, empty strings, false, zero, empty lists and maps. */
export function omitEmpty<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isEmpty(value))) as Partial<T>;
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (value !== null && typeof value === 'object') return Object.keys(value).length === 0;
  return value === undefined || value === null || value === '' || value === false || value === 0;
}

/** Cuts to a number of characters, the last of them an ellipsis. */
export function truncate(text: string, maxRunes: number): string {
  const runes = [...text];
  if (runes.length <= maxRunes) return text;
  return maxRunes <= 3 ? runes.slice(0, maxRunes).join('') : `${runes.slice(0, maxRunes - 1).join('')}…`;
}

/** Cuts to a number of UTF-8 bytes, the last three of them an ellipsis; characters stay whole. */
export const truncateBytes = (text: string, maxBytes: number): string =>
  Buffer.byteLength(text) <= maxBytes ? text : `${cutBytes(text, maxBytes - 3)}…`;

/** Cuts to a number of UTF-8 bytes; characters stay whole. */
export function cutBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  let end = maxBytes;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString();
}

/** With keys in the order of their bytes, as Go writes maps. */
export function sortedKeys<T>(object: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => compareStrings(a, b)));
}

/** The answer's body as JSON, or undefined when it is none. */
export function jsonBody(answer: HttpAnswer): unknown {
  try {
    return JSON.parse(answer.body);
  } catch {
    return undefined;
  }
}

/** A no that comes with a status of yes. */
export const refused = (message: string): Attempt => ({ kind: 'rejected', reason: 'clientError', message });

/** Says what failed before why. */
export function prefixed(attempt: Attempt, prefix: string): Attempt {
  return attempt.kind === 'delivered' ? attempt : { ...attempt, message: `${prefix}: ${attempt.message}` };
}
