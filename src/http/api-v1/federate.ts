import { Hono } from 'hono';
import type { Clock } from '../../clock.ts';
import type { QueryPool } from '../../query/pool.ts';
import { workerAnswer, workerError } from '../compress.ts';
import { readParams } from '../params.ts';
import { selectors } from './query.ts';

export interface FederateDeps {
  readonly queries: QueryPool;
  readonly clock: Clock;
  readonly externalLabels: () => Readonly<Record<string, string>>;
}

/** `/federate`: the newest samples of the selected series, as a page another Prometheus scrapes. */
export function federateRoutes({ queries, clock, externalLabels }: FederateDeps): Hono {
  const app = new Hono();
  app.get('/federate', async (c) => {
    const answer = await queries.run(
      {
        kind: 'federate',
        match: selectors(await readParams(c)),
        timestamp: clock.now(),
        externalLabels: Object.entries(externalLabels())
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .flat(),
        acceptsUtf8: /escaping=allow-utf-8/.test(c.req.header('accept') ?? ''),
      },
      c.req.raw.signal,
    );
    if (answer.status === 200) return workerAnswer(c, answer);
    // Errors of this page are plain text.
    return c.text(`${workerError(answer)}\n`, answer.status as 400);
  });
  return app;
}
