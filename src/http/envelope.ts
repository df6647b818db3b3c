import type { Context } from 'hono';
import { ERROR_STATUS, type ErrorType } from '../query/protocol.ts';
import { ParameterError } from './params.ts';

/** A request that cannot be answered, in the terms of Prometheus' API. */
export class ApiError extends Error {
  readonly type: ErrorType;
  constructor(type: ErrorType, message: string) {
    super(message);
    this.name = 'ApiError';
    this.type = type;
  }
}

/** Upstream's envelope of an answer. */
export const success = (c: Context, data: unknown): Response => c.json({ status: 'success', data });

export function failure(type: ErrorType, message: string): Response {
  return new Response(JSON.stringify({ status: 'error', errorType: type, error: message }), {
    status: ERROR_STATUS[type],
    headers: { 'content-type': 'application/json' },
  });
}

/** What an error thrown by a route of /api/v1 is answered with; `internal` ones are the caller's to log. */
export function failureOf(error: unknown): { readonly type: ErrorType; readonly message: string } {
  if (error instanceof ApiError) return error;
  if (error instanceof ParameterError) return { type: 'bad_data', message: error.message };
  return { type: 'internal', message: 'internal error; the log says more' };
}

/** Answers an error thrown by a route of /api/v1. */
export function answerError(error: unknown): Response {
  const { type, message } = failureOf(error);
  return failure(type, message);
}
