import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import { Hono } from 'hono';
import * as z from 'zod';
import type { HttpAnswer } from '../query/pool.ts';
import { errorBody, type QueryTask } from '../query/protocol.ts';
import { type QueryRouteDeps, queryEndpoints } from './api-v1/query.ts';
import { limitedBody } from './body-limit.ts';
import { acceptedEncoding, slices } from './compress.ts';
import { ApiError } from './envelope.ts';
import { jsonBody } from './json-body.ts';
import { ParameterError } from './params.ts';

/** Most queries of one batch: the largest public dashboard has 1,116, of which a screen shows a few dozen. */
const MAX_QUERIES = 500;
const MAX_BODY_BYTES = 1024 * 1024;
/** Of one batch handed to the pool at once; the others wait here, so that a large dashboard does not fill the queue of all. */
const AT_ONCE = 6;
const END = Buffer.from('}\n');

const body = z.strictObject({
  queries: z
    .array(
      z.strictObject({
        query: z.string(),
        /** Unix seconds: an instant query. */
        time: z.number().optional(),
        /** Unix seconds, all three: a range query. */
        start: z.number().optional(),
        end: z.number().optional(),
        step: z.number().optional(),
        /** Of a range query: columns of numbers instead of points. */
        columns: z.literal(true).optional(),
      }),
    )
    .min(1)
    .max(MAX_QUERIES),
});
type Wanted = z.output<typeof body>['queries'][number];

/**
 * `POST /batch`, to be mounted at `/api`: the queries of everything in view in one exchange. The answer is a line of JSON per query,
 * in the order they are done: `{"i":place in the list,"status":…,"answer":what /api/v1 answers}`. A client that leaves cancels the rest.
 */
export function batchRoutes(deps: QueryRouteDeps): Hono {
  const app = new Hono();
  app.post('/batch', limitedBody(MAX_BODY_BYTES), async (c) => {
    const given = await jsonBody(c, body);
    if ('error' in given) return c.json(given, 400);
    const lines = answers(given.data.queries, deps, c.req.raw.signal);
    const headers = { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' };
    if (acceptedEncoding(c.req.header('accept-encoding')) === undefined) {
      return new Response(webStream(Readable.from(lines)), { headers });
    }
    return new Response(webStream(gzipped(lines)), {
      headers: { ...headers, 'content-encoding': 'gzip', vary: 'accept-encoding' },
    });
  });
  return app;
}

/** The lines of the answer in pieces; each ends with END. */
async function* answers(
  wanted: readonly Wanted[],
  deps: QueryRouteDeps,
  clientGone: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const stopped = new AbortController();
  const signal = AbortSignal.any([clientGone, stopped.signal]);
  const running = new Map<number, Promise<Answered>>();
  let next = 0;
  try {
    while ((next < wanted.length || running.size > 0) && !signal.aborted) {
      while (next < wanted.length && running.size < AT_ONCE) {
        const i = next++;
        running.set(i, answerOf(wanted[i]!, i, deps, signal));
      }
      const { i, status, body, release } = await Promise.race(running.values());
      running.delete(i);
      try {
        yield Buffer.from(`{"i":${i},"status":${status},"answer":`);
        yield* slices(body);
        yield END;
      } finally {
        release?.();
      }
    }
  } finally {
    stopped.abort();
    for (const answer of running.values()) void answer.then(({ release }) => release?.());
  }
}

type Answered = Pick<HttpAnswer, 'status' | 'body' | 'release'> & { readonly i: number };

async function answerOf(
  wanted: Wanted,
  i: number,
  { queries, clock }: QueryRouteDeps,
  signal: AbortSignal,
): Promise<Answered> {
  const task = taskOf(wanted, clock.now());
  if ('error' in task) return { i, status: 400, body: [errorBody('bad_data', task.error)] };
  return { i, ...(await queries.run(task.task, signal)) };
}

function taskOf({ query, columns, ...at }: Wanted, now: number): { task: QueryTask } | { error: string } {
  const params = new URLSearchParams({ query });
  for (const [name, value] of Object.entries(at)) params.set(name, String(value));
  try {
    const endpoint = queryEndpoints.get(at.step === undefined ? '/query' : '/query_range')!;
    const task = endpoint.task(params, now);
    return { task: task.kind === 'range' && columns ? { ...task, columns } : task };
  } catch (error) {
    if (error instanceof ApiError || error instanceof ParameterError) return { error: error.message };
    throw error;
  }
}

/** Compressed in libuv's threads; what one answer gave is sent before the next is there. */
function gzipped(pieces: AsyncGenerator<Uint8Array>): Readable {
  const gzip = zlib.createGzip({ level: zlib.constants.Z_BEST_SPEED });
  const write = (piece: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      gzip.write(piece, (error) => {
        if (error) reject(error);
        else if (piece === END) gzip.flush(zlib.constants.Z_SYNC_FLUSH, resolve);
        else resolve();
      });
    });
  const pump = async (): Promise<void> => {
    for await (const piece of pieces) {
      if (gzip.destroyed) return;
      await write(piece);
    }
    gzip.end();
  };
  pump().catch((error: Error) => gzip.destroy(error));
  return gzip;
}

const webStream = (readable: Readable): ReadableStream<Uint8Array> =>
  Readable.toWeb(readable) as unknown as ReadableStream<Uint8Array>;
