import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { HttpAnswer, QueryPool } from '../query/pool.ts';
import type { QueryTask } from '../query/protocol.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { batchRoutes } from './batch.ts';

interface Running {
  readonly task: QueryTask & { expr?: string };
  readonly signal: AbortSignal;
  answer(text: string, status?: number): void;
}

/** A pool whose queries end when the test says so, or when their client goes. */
function heldPool() {
  const running: Running[] = [];
  const run = (task: QueryTask, signal?: AbortSignal): Promise<HttpAnswer> =>
    new Promise((resolve) => {
      const answer = (text: string, status = 200): void =>
        resolve({ status, contentType: 'application/json', body: [new TextEncoder().encode(text)] });
      signal?.addEventListener('abort', () => answer('"gone"', 499));
      running.push({ task, signal: signal!, answer });
    });
  return { running, queries: { run } as unknown as QueryPool };
}

const post = (queries: QueryPool, body: unknown, init: RequestInit = {}) => {
  const app = new Hono().route('/api', batchRoutes({ queries, clock: fakeClock(1_700_000_000_000) }));
  return app.request('/api/batch', { method: 'POST', body: JSON.stringify(body), ...init });
};

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('each query is answered in a line of its own, in the order they are done', async () => {
  const { running, queries } = heldPool();
  const response = await post(queries, {
    queries: [
      { query: 'slow', start: 10, end: 40, step: 15 },
      { query: 'fast', columns: true },
      { query: 'x', start: 1, end: 2, step: 0 },
      { query: 'numbers', start: 10, end: 40, step: 15, columns: true },
    ],
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const more = async (): Promise<void> => {
    text += (await reader.read()).value ?? '';
  };
  while (!text.endsWith('}\n')) await more();
  expect(JSON.parse(text)).toMatchObject({ i: 2, status: 400, answer: { errorType: 'bad_data' } });
  expect(running.map(({ task }) => task)).toEqual([
    { kind: 'range', expr: 'slow', startMs: 10_000, endMs: 40_000, stepMs: 15_000 },
    { kind: 'instant', expr: 'fast', timestamp: 1_700_000_000_000 },
    { kind: 'range', expr: 'numbers', startMs: 10_000, endMs: 40_000, stepMs: 15_000, columns: true },
  ]);
  text = '';
  running[1]!.answer('{"status":"success","data":2}');
  while (!text.endsWith('}\n')) await more();
  expect(text).toBe('{"i":1,"status":200,"answer":{"status":"success","data":2}}\n');
  text = '';
  running[0]!.answer('{"status":"success","data":1}');
  while (!text.endsWith('}\n')) await more();
  expect(JSON.parse(text)).toEqual({ i: 0, status: 200, answer: { status: 'success', data: 1 } });
  text = '';
  running[2]!.answer('{"status":"success","data":3}');
  while (!text.endsWith('}\n')) await more();
  expect((await reader.read()).done).toBe(true);
});

test('a few run at a time, and those that wait are never asked when the client leaves', async () => {
  const { running, queries } = heldPool();
  const client = new AbortController();
  const response = await post(
    queries,
    { queries: Array.from({ length: 20 }, (_, i) => ({ query: `q${i}` })) },
    { signal: client.signal },
  );
  const reader = response.body!.getReader();
  const first = reader.read();
  await settled();
  expect(running.length).toBe(6);
  running[3]!.answer('1');
  await first;
  void reader.read().catch(() => undefined);
  await settled();
  expect(running.length).toBe(7);
  client.abort();
  await settled();
  expect(running.every(({ signal }) => signal.aborted)).toBe(true);
  expect(running.length).toBe(7);
});

test('compressed answers arrive one by one as well', async () => {
  const { running, queries } = heldPool();
  const response = await post(
    queries,
    { queries: [{ query: 'a' }, { query: 'b' }] },
    { headers: { 'accept-encoding': 'gzip' } },
  );
  expect(response.headers.get('content-encoding')).toBe('gzip');
  const reader = response
    .body!.pipeThrough(new DecompressionStream('gzip'))
    .pipeThrough(new TextDecoderStream())
    .getReader();
  const line = async (): Promise<string> => {
    let text = '';
    while (!text.endsWith('\n')) text += (await reader.read()).value;
    return text;
  };
  running[0]!.answer('"first"');
  expect(await line()).toBe('{"i":0,"status":200,"answer":"first"}\n');
  running[1]!.answer('"second"');
  expect(await line()).toBe('{"i":1,"status":200,"answer":"second"}\n');
  expect((await reader.read()).done).toBe(true);
});

test.each([
  [{}, 'queries'],
  [{ queries: [] }, 'queries'],
  [{ queries: [{ expr: 'up' }] }, 'queries.0'],
  [{ queries: Array.from({ length: 501 }, () => ({ query: 'up' })) }, 'queries'],
])('what is no batch is refused, case %#', async (body, where) => {
  const response = await post(heldPool().queries, body);
  expect(response.status).toBe(400);
  expect(((await response.json()) as { error: string }).error.startsWith(`${where}`)).toBe(true);
});
