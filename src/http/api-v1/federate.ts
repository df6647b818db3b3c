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

/** Whether an Accept header ranks delimited protobuf above text. */
export function wantsProtobuf(accept: string): boolean {
  let best = { weight: 0, isProtobuf: false };
  for (const one of accept.split(',')) {
    const [type, ...rest] = one.split(';').map((part) => part.trim());
    const parameters = new Map(rest.map((part) => part.split('=', 2) as [string, string]));
    const isProtobuf =
      type === 'application/vnd.google.protobuf' &&
      parameters.get('proto') === 'io.prometheus.client.MetricFamily' &&
      parameters.get('encoding') === 'delimited';
    if (!isProtobuf && !['text/plain', 'text/*', '*/*'].includes(type!)) continue;
    const weight = Number(parameters.get('q') ?? 1);
    if (weight > best.weight) best = { weight, isProtobuf };
  }
  return best.isProtobuf;
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
        format: wantsProtobuf(c.req.header('accept') ?? '') ? 'protobuf' : 'text',
      },
      c.req.raw.signal,
    );
    if (answer.status === 200) return workerAnswer(c, answer);
    // Errors of this page are plain text.
    return c.text(`${workerError(answer)}\n`, answer.status as 400);
  });
  return app;
}
