import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { Log } from '../model/log.ts';
import { ERROR_STATUS, errorBody, JSON_TYPE } from '../query/protocol.ts';
import { type QueryEndpoint, type QueryRouteDeps, queryEndpoints, runQuery } from './api-v1/query.ts';
import { type SentAnswer, sentAnswer } from './compress.ts';
import { failureOf } from './envelope.ts';
import { type Admitted, type Asked, type Guard, isRefusal, type Refusal } from './guard.ts';
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

/** What a probe is told: whether the process lives, and whether it can be used. */
export const PROBES: Readonly<
  Record<string, (isReady: boolean) => { readonly status: 200 | 503; readonly text: string }>
> = {
  '/-/healthy': () => ({ status: 200, text: 'Belfry is Healthy.\n' }),
  '/-/ready': (isReady) =>
    isReady
      ? { status: 200, text: 'Belfry is Ready.\n' }
      : { status: 503, text: 'Service Unavailable: starting\n' },
};

/**
 * Answers probes as the routes do. They come first after a start, and ever after; the web's Request and Response, a tenth of a start,
 * are only loaded for somebody who needs them.
 */
export function directProbes(deps: {
  readonly guard: Guard;
  readonly isReady: () => boolean;
}): DirectHandler {
  return (request, response) => {
    const { method } = request;
    const [path = ''] = request.url!.split('?', 1);
    const probe = Object.hasOwn(PROBES, path) ? PROBES[path] : undefined;
    if (!probe || (method !== 'GET' && method !== 'HEAD')) return false;
    const admission = deps.guard.admit(askedOf(request, path, request.url!.slice(path.length + 1)));
    // What anybody may ask needs no password to be checked.
    if (admission instanceof Promise) throw new Error(`${path} is not public`);
    if (isRefusal(admission)) refuse(response, admission);
    else {
      const { status, text } = probe(deps.isReady());
      const body = Buffer.from(text);
      const headers = { 'content-type': 'text/plain; charset=UTF-8', 'content-length': String(body.length) };
      write(response, admission, { status, headers, body });
    }
    return true;
  };
}

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
    const search = mark < 0 ? '' : url.slice(mark + 1);
    const admission = deps.guard.admit(askedOf(request, path, search));
    const exchange = { request, response, search };
    if (admission instanceof Promise) {
      void admission.then(
        (given) => serve(deps, query, endpoint, exchange, given),
        (error: unknown) => {
          deps.log.error({ error }, 'request failed');
          response.writeHead(500).end();
        },
      );
    } else void serve(deps, query, endpoint, exchange, admission);
    return true;
  };
}

const askedOf = (request: IncomingMessage, path: string, search: string): Asked => ({
  method: request.method!,
  path,
  search,
  address: request.socket.remoteAddress ?? '',
  header: (name) => request.headers[name] as string | undefined,
});

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
  admission: Admitted | Refusal,
): Promise<void> {
  if (isRefusal(admission)) return refuse(response, admission);
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
    if (answer.release) {
      if (response.destroyed) answer.release();
      else response.once('close', answer.release);
    }
    // Not for a client that has left: what it was being sent may still be in the system's hands.
    if (answer.free) response.once('finish', answer.free);
    const sent = sentAnswer(answer, headers['accept-encoding'] as string | undefined);
    write(response, admission, sent instanceof Promise ? await sent : sent);
  } catch (error) {
    if (response.destroyed) return;
    const { type, message } = failureOf(error);
    if (type === 'internal') deps.log.error({ error }, 'request failed');
    const body = errorBody(type, message);
    const headers = { 'content-type': JSON_TYPE, 'content-length': String(body.length) };
    write(response, admission, { status: ERROR_STATUS[type], headers, body });
  }
}

function refuse(response: ServerResponse, { status, headers, body }: Refusal): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...headers, 'content-length': String(bytes.length) });
  response.end(bytes);
}

function write(
  response: ServerResponse,
  { headers: ofGuard, done }: Admitted,
  { status, headers, body }: SentAnswer,
): void {
  done(status);
  if (response.destroyed) return;
  const flat: string[] = [];
  for (const name in ofGuard) flat.push(name, ofGuard[name]!);
  for (const name in headers) flat.push(name, headers[name]!);
  response.writeHead(status, flat);
  // A client that leaves early is no error.
  if (body instanceof Readable) pipeline(body, response, () => {});
  else response.end(body);
}
