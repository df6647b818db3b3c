import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../model/log.ts';
import { ERROR_STATUS, errorBody, JSON_TYPE } from '../query/protocol.ts';
import { type QueryEndpoint, type QueryRouteDeps, queryEndpoints, runQuery } from './api-v1/query.ts';
import { type SentAnswer, sentAnswer } from './compress.ts';
import { failureOf } from './envelope.ts';
import { CHALLENGE, type Guard, type Refusal, refusalBody, SECURITY_HEADERS } from './guard.ts';
import { formParams, isForm, readForm } from './params.ts';

/** Says whether it takes a request; then it answers it. */
export type DirectHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface DirectDeps {
  readonly log: Log;
  readonly guard: Guard;
  /** Undefined while the store is being replayed. */
  readonly query: () => QueryRouteDeps | undefined;
}

const API = '/api/v1';
const SECURITY = Object.entries(SECURITY_HEADERS).flat();

/**
 * Answers the query endpoints on Node's own request and response. They are what dashboards ask all day, and most take less time than
 * the web's Request, Response and streams around them. Same guard, same endpoints and same answers as the routes, which
 * serve whatever this does not take.
 */
export function directQueries(deps: DirectDeps): DirectHandler {
  return (request, response) => {
    const url = request.url!;
    if (!url.startsWith(API)) return false;
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const endpoint = queryEndpoints.get(path.slice(API.length));
    if (!endpoint?.methods.includes(request.method!)) return false;
    const query = deps.query();
    if (!query) return false;
    const refusal = deps.guard.admit({
      method: request.method!,
      path,
      header: (name) => request.headers[name] as string | undefined,
    });
    const exchange = { request, response, search: mark < 0 ? '' : url.slice(mark + 1) };
    if (refusal instanceof Promise) {
      void refusal.then((refused) => serve(deps, query, endpoint, exchange, refused));
    } else void serve(deps, query, endpoint, exchange, refusal);
    return true;
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly search: string;
}

async function serve(
  deps: DirectDeps,
  query: QueryRouteDeps,
  endpoint: QueryEndpoint,
  { request, response, search }: Exchange,
  refusal: Refusal | undefined,
): Promise<void> {
  if (refusal) return refuse(response, refusal);
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableEnded) gone.abort();
  });
  try {
    let params = new URLSearchParams(search);
    const { headers } = request;
    if (isForm(request.method!, headers['content-type'])) {
      params = formParams(await readForm(request, headers['content-length']), params);
    }
    const answer = await runQuery(query, endpoint, params, gone.signal);
    const sent = sentAnswer(answer, headers['accept-encoding'] as string | undefined);
    write(response, sent instanceof Promise ? await sent : sent);
  } catch (error) {
    if (response.destroyed) return;
    const { type, message } = failureOf(error);
    if (type === 'internal') deps.log.error({ error }, 'request failed');
    const body = errorBody(type, message);
    const headers = { 'content-type': JSON_TYPE, 'content-length': String(body.length) };
    write(response, { status: ERROR_STATUS[type], headers, body });
  }
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  const body = Buffer.from(refusalBody(refusal));
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
  response.writeHead(refusal.status, {
    ...headers,
    ...(refusal.status === 401 ? { 'www-authenticate': CHALLENGE } : {}),
  });
  response.end(body);
}

function write(response: ServerResponse, { status, headers, body }: SentAnswer): void {
  if (response.destroyed) return;
  const flat = [...SECURITY];
  for (const name in headers) flat.push(name, headers[name]!);
  response.writeHead(status, flat);
  response.end(body);
}
