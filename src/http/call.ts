import type { Context } from 'hono';
import { ANYONE, type Caller } from '../access/scope.ts';

/** What the guard found out about a request, for the routes behind it. */
export interface Call {
  readonly caller: Caller;
  /** Where it came from. */
  readonly address: string;
  /** What it did, in words for the audit log; set by the route. */
  detail: string;
}

/** Kept in the context of the app that guards, handed to the app of the routes as part of its environment. */
const KEY = 'belfryCall';

export const keepCall = (c: Context, call: Call): void => c.set(KEY, call);

/** What the routes' app is called with. */
export const environmentOf = (c: Context): object => ({ ...(c.env ?? {}), [KEY]: c.get(KEY) });

const found = (c: Context): Call | undefined =>
  (c.get(KEY) as Call | undefined) ?? (c.env as Record<string, Call> | undefined)?.[KEY];

/** Of a request that came past no guard, as in tests of single routes: anyone's. */
export const callOf = (c: Context): Call => found(c) ?? { caller: ANYONE, address: '', detail: '' };

/** Says what the request changed, for the audit log. */
export function noteChange(c: Context, detail: string): void {
  const call = found(c);
  if (call) call.detail = detail;
}
