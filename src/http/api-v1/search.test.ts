import { expect, test } from 'vitest';
import type { HttpAnswer, QueryPool } from '../../query/pool.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { searchRoutes } from './search.ts';

const LINES =
  '{"results":[{"name":"up","score":1},{"name":"x_total"}]}\n{"results":[{"name":"unknown"}]}\n{"status":"success","has_more":false}\n';

test('include_metadata adds what is known of each metric, and lets go of the worker’s bytes', async () => {
  let released = 0;
  const queries = {
    run: async (): Promise<HttpAnswer> => ({
      status: 200,
      contentType: 'application/x-ndjson; charset=utf-8',
      body: [new TextEncoder().encode(LINES.slice(0, 30)), new TextEncoder().encode(LINES.slice(30))],
      release: () => released++,
    }),
  } as unknown as QueryPool;
  const metadata = new Map([
    ['up', { type: 'gauge', help: 'Whether.', unit: '' } as const],
    ['x_total', { type: 'counter', help: '', unit: 'bytes' } as const],
  ]);
  const app = searchRoutes({ queries, clock: fakeClock(), metadata: () => metadata });
  const plain = await app.request('/search/metric_names');
  expect(await plain.text()).toBe(LINES);
  const described = await app.request('/search/metric_names?include_metadata=true');
  expect(
    (await described.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual([
    {
      results: [
        { name: 'up', score: 1, type: 'gauge', help: 'Whether.' },
        { name: 'x_total', type: 'counter', unit: 'bytes' },
      ],
    },
    { results: [{ name: 'unknown' }] },
    { status: 'success', has_more: false },
  ]);
  expect(released).toBe(2);
});
