import { Hono } from 'hono';
import type { Clock } from '../../clock.ts';
import { parseReadRequest } from '../../exposition/remote/read-request.ts';
import { WireError } from '../../exposition/remote/wire-error.ts';
import type { QueryPool } from '../../query/pool.ts';
import { plainAnswer, workerError } from '../compress.ts';
import { createSlicer } from '../slicer.ts';
import { BodyTooLargeError, decodeBody, readBody } from './wire-body.ts';

/** A read request is a few selectors. */
const MAX_BYTES = 4 * 1024 * 1024;

/** `POST /read` of /api/v1: remote read, raw samples or streamed chunks. Errors are plain text. */
export function remoteReadRoutes({ queries, clock }: { queries: QueryPool; clock: Clock }): Hono {
  const app = new Hono();
  app.post('/read', async (c) => {
    try {
      const body = await readBody(c, MAX_BYTES);
      const request = parseReadRequest(await decodeBody(body, MAX_BYTES, createSlicer(clock.monotonic)));
      const answer = await queries.run({ kind: 'read', ...request }, c.req.raw.signal);
      if (answer.status !== 200) {
        return c.text(`${workerError(answer)}\n`, answer.status as 400);
      }
      // Samples are snappy as the protocol says, streamed chunks are sent as they are: nothing is compressed again.
      const response = plainAnswer(answer);
      if (request.responseType === 'samples') response.headers.set('content-encoding', 'snappy');
      return response;
    } catch (error) {
      if (error instanceof WireError) return c.text(`${error.message}\n`, 400);
      if (error instanceof BodyTooLargeError) return c.text(`${error.message}\n`, 413);
      throw error;
    }
  });
  return app;
}
