import { expect, test } from 'vitest';
import type { Log } from '../model/log.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { silentLog } from '../testing/silent-log.ts';
import { createQueryPool, type QueryPoolOptions, type QueryWorker } from './pool.ts';
import { CONTROL, newControl, type QueryAnswer, type QueryRequest } from './protocol.ts';

const limits = { maxSamples: 1000, maxBytes: 1e6, maxResultBytes: 1e6, timeoutMs: 10_000 };

/** A worker that answers when told to, and can die. */
function doubleWorkers() {
  const workers: (QueryWorker & {
    requests: QueryRequest[];
    answer(index: number, body?: Uint8Array<ArrayBuffer>): void;
    die(): void;
    ended: boolean;
  })[] = [];
  const startWorker = (): QueryWorker => {
    let answered: (answer: QueryAnswer) => void = () => {};
    let exited: (reason: string) => void = () => {};
    const control = newControl();
    Atomics.store(control, CONTROL.up, 1);
    const worker = {
      control,
      requests: [] as QueryRequest[],
      ended: false,
      post(request: QueryRequest) {
        worker.requests.push(request);
      },
      onAnswer(listener: typeof answered) {
        answered = listener;
      },
      onExit(listener: typeof exited) {
        exited = listener;
      },
      terminate() {
        worker.ended = true;
        exited('terminated');
      },
      answer(index: number, body?: Uint8Array<ArrayBuffer>) {
        const { id } = worker.requests[index]!;
        answered({
          id,
          status: 200,
          contentType: 'application/json',
          body: [body ?? new TextEncoder().encode(`answer ${id}`)],
          samplesRead: 7,
          peakBytes: 8,
          evaluationMs: 1,
        });
      },
      die() {
        exited('out of memory');
      },
    };
    workers.push(worker);
    return worker;
  };
  return { workers, startWorker };
}

const task = (expr: string) => ({ kind: 'instant', expr, timestamp: 0 }) as const;
const text = (body: Uint8Array[]): string => Buffer.concat(body).toString();

function setup(options: Partial<QueryPoolOptions> = {}) {
  const clock = fakeClock();
  const double = doubleWorkers();
  const pool = createQueryPool({
    clock,
    log: silentLog(),
    startWorker: double.startWorker,
    workers: 1,
    maxWaiting: 2,
    limits,
    maxUnsentBytes: 1e6,
    slowMs: 5000,
    ...options,
  });
  return { clock, pool, ...double };
}

test('no worker runs before the first query', () => {
  expect(setup().workers).toHaveLength(0);
});

test('a worker that was got ready takes the first query; without one it ends, and sooner than after queries', async () => {
  const { pool, workers, clock } = setup();
  pool.prepare();
  pool.prepare();
  expect(workers).toHaveLength(1);
  const first = pool.run(task('a'));
  workers[0]!.answer(0);
  expect(text((await first).body)).toBe('answer 1');
  await clock.advance('59s');
  expect(workers.map(({ ended }) => ended)).toEqual([false]);
  await clock.advance('1s');
  expect(workers.map(({ ended }) => ended)).toEqual([true]);
  pool.prepare();
  await clock.advance('15s');
  expect(workers.map(({ ended }) => ended)).toEqual([true, true]);
  const second = pool.run(task('b'));
  workers[2]!.answer(0);
  expect(text((await second).body)).toBe('answer 2');
});

test('queries run one at a time per worker, in order', async () => {
  const { pool, workers } = setup();
  const first = pool.run(task('a'));
  const second = pool.run(task('b'));
  expect(workers[0]!.requests.map((r) => r.id)).toEqual([1]);
  workers[0]!.answer(0);
  expect(text((await first).body)).toBe('answer 1');
  workers[0]!.answer(1);
  expect(text((await second).body)).toBe('answer 2');
});

test('those that wait are served in the order they came', async () => {
  const { pool, workers } = setup();
  const all = ['a', 'b', 'c'].map((expr) => pool.run(task(expr)));
  for (let i = 0; i < all.length; i++) workers[0]!.answer(i);
  await Promise.all(all);
  expect(workers[0]!.requests.map(({ id }) => id)).toEqual([1, 2, 3]);
});

test('a query is not told what the one before it was told, and has an answer of its own', async () => {
  const { pool, workers } = setup();
  const first = pool.run(task('a'));
  const second = pool.run(task('b'));
  pool.cancel(1);
  expect(workers[0]!.control[CONTROL.cancel]).toBe(4);
  workers[0]!.answer(0);
  await first;
  expect(workers[0]!.control[CONTROL.cancel]).toBe(0);
  workers[0]!.answer(0, new TextEncoder().encode('once more'));
  workers[0]!.answer(1);
  expect(text((await second).body)).toBe('answer 2');
});

test('the first reason to end a query counts, and the grace is of that', async () => {
  const { pool, workers, clock } = setup();
  const gone = new AbortController();
  const answer = pool.run(task('a'), gone.signal);
  pool.cancel(1);
  await clock.advance(900);
  gone.abort();
  expect(workers[0]!.control[CONTROL.cancel]).toBe(4);
  await clock.advance(100);
  expect(workers[0]!.ended).toBe(true);
  expect((await answer).status).toBe(499);
});

test('a client that has left already costs nothing', async () => {
  const { pool, workers } = setup();
  expect((await pool.run(task('a'), AbortSignal.abort())).status).toBe(499);
  expect(workers).toHaveLength(0);
});

test('a full queue refuses with 503 and says when to try again', async () => {
  const { pool } = setup({ maxWaiting: 1 });
  void pool.run(task('a'));
  void pool.run(task('b'));
  const refused = await pool.run(task('c'));
  expect(refused).toMatchObject({ status: 503, retryAfterSeconds: 5 });
  expect(text(refused.body)).toContain('"errorType":"unavailable"');
});

test('a query past its deadline is told, then its worker is replaced and the next query runs', async () => {
  const { pool, workers, clock } = setup();
  const slow = pool.run(task('slow'));
  const next = pool.run(task('next'));
  await clock.advance(limits.timeoutMs);
  expect(workers[0]!.control[CONTROL.cancel]).toBe(2);
  expect(workers[0]!.ended).toBe(false);
  await clock.advance('1s');
  expect(workers[0]!.ended).toBe(true);
  expect(await slow).toMatchObject({ status: 503 });
  workers[1]!.answer(0);
  expect((await next).status).toBe(200);
  expect(pool.counts()).toMatchObject({ replaced: 1, running: 0, waiting: 0 });
});

test('a worker that still loads its code is not replaced for heeding nothing, unless it never comes up', async () => {
  const { pool, workers, clock } = setup();
  const gone = new AbortController();
  const first = pool.run(task('first'), gone.signal);
  Atomics.store(workers[0]!.control, CONTROL.up, 0);
  gone.abort();
  await clock.advance('20s');
  expect([workers.length, workers[0]!.ended, workers[0]!.control[CONTROL.cancel]]).toEqual([1, false, 1]);
  // Up at last, and deaf all the same.
  Atomics.store(workers[0]!.control, CONTROL.up, 1);
  await clock.advance('1s');
  expect(workers[0]!.ended).toBe(true);
  expect((await first).status).toBe(499);

  const late = pool.run(task('late'));
  Atomics.store(workers[1]!.control, CONTROL.up, 0);
  await clock.advance('62s');
  expect(workers[1]!.ended).toBe(true);
  expect((await late).status).toBe(503);
});

test('a timeout of its own shortens the time of a query, and never lengthens it', async () => {
  const { pool, workers, clock } = setup();
  const hasty = pool.run(task('hasty'), undefined, 500);
  expect(workers[0]!.requests[0]!.limits.timeoutMs).toBe(500);
  await clock.advance(499);
  expect(workers[0]!.control[CONTROL.cancel]).toBe(0);
  await clock.advance(1);
  expect(workers[0]!.control[CONTROL.cancel]).toBe(2);
  workers[0]!.answer(0);
  await hasty;
  void pool.run(task('patient'), undefined, 10 * limits.timeoutMs);
  expect(workers[0]!.requests[1]!.limits.timeoutMs).toBe(limits.timeoutMs);
});

test('a client that leaves cancels its query, waiting or running', async () => {
  const { pool, workers } = setup();
  const running = new AbortController();
  const waiting = new AbortController();
  const first = pool.run(task('a'), running.signal);
  const second = pool.run(task('b'), waiting.signal);
  waiting.abort();
  expect((await second).status).toBe(499);
  running.abort();
  expect(workers[0]!.control[CONTROL.cancel]).toBe(1);
  workers[0]!.answer(0);
  await first;
  expect(pool.list().map(({ id, state }) => ({ id, state }))).toEqual([
    { id: 1, state: 'done' },
    { id: 2, state: 'canceled' },
  ]);
});

test('answers that wait for slow clients are bounded: a large one more is refused, until they are gone', async () => {
  const { pool, workers } = setup({ maxUnsentBytes: 250_000 });
  const ask = async (bytes: number) => {
    const answer = pool.run(task('a'));
    workers[0]!.answer(workers[0]!.requests.length - 1, new Uint8Array(bytes));
    return answer;
  };
  const first = await ask(100_000);
  const second = await ask(100_000);
  const refused = await ask(100_000);
  expect(refused).toMatchObject({ status: 503, retryAfterSeconds: 5 });
  expect(text(refused.body)).toContain(
    'an answer of 100000 bytes does not fit beside 200000 bytes that wait for slow clients, of at most 250000 (query.max_unsent_bytes)',
  );
  expect(pool.list()[0]).toMatchObject({ state: 'failed', cost: { status: 503 } });
  const small = await ask(60_000);
  expect(small.status).toBe(200);
  expect(pool.counts()).toMatchObject({ unsentBytes: 260_000, refused: 1 });
  for (const { release } of [first, first, small]) release!();
  expect(pool.counts().unsentBytes).toBe(100_000);
  expect((await ask(150_000)).status).toBe(200);
  second.release!();
});

test('the memory of a large answer is given back when it was sent, of a small one by V8', async () => {
  const { pool, workers } = setup();
  const ask = async (bytes: Uint8Array<ArrayBuffer>) => {
    const answer = pool.run(task('a'));
    workers[0]!.answer(workers[0]!.requests.length - 1, bytes);
    return answer;
  };
  const large = new Uint8Array(100_000);
  const { body, free } = await ask(large);
  // Who sends it takes the pieces out.
  body.shift();
  expect(large.buffer.detached).toBe(false);
  free!();
  expect(large.buffer.detached).toBe(true);
  free!();
  expect((await ask(new Uint8Array(1000))).free).toBeUndefined();
});

test('a worker that dies answers its query with an error and is replaced for the next', async () => {
  const { pool, workers } = setup();
  const fatal = pool.run(task('bomb'));
  const next = pool.run(task('next'));
  workers[0]!.die();
  expect((await fatal).status).toBe(422);
  workers[1]!.answer(0);
  expect((await next).status).toBe(200);
});

test('the worker stops after a minute without queries and comes back with the next', async () => {
  const { pool, workers, clock } = setup();
  const first = pool.run(task('a'));
  workers[0]!.answer(0);
  await first;
  await clock.advance('59s');
  expect(workers[0]!.ended).toBe(false);
  await clock.advance('1s');
  expect(workers[0]!.ended).toBe(true);
  const second = pool.run(task('b'));
  workers[1]!.answer(0);
  expect((await second).status).toBe(200);
  await clock.advance('2m');
  expect(workers[1]!.ended).toBe(true);
});

test('a listed query can be cancelled by its id', async () => {
  const { pool, workers } = setup();
  void pool.run(task('a'));
  expect(pool.list()).toMatchObject([{ id: 1, state: 'running' }]);
  expect(pool.cancel(1)).toBe(true);
  expect(workers[0]!.control[CONTROL.cancel]).toBe(4);
  expect(pool.cancel(99)).toBe(false);
});

test('stop answers everyone', async () => {
  const { pool } = setup();
  const answers = [pool.run(task('a')), pool.run(task('b'))];
  pool.stop();
  for (const answer of answers) expect((await answer).status).toBe(499);
  expect((await pool.run(task('c'))).status).toBe(503);
});

test('ended queries are listed with what they cost, newest first, a hundred at most', async () => {
  const { pool, workers, clock } = setup();
  const first = pool.run(task('a'));
  const second = pool.run(task('b'));
  await clock.advance('2s');
  workers[0]!.answer(0);
  workers[0]!.answer(1);
  await Promise.all([first, second]);
  expect(pool.list()).toMatchObject([
    { id: 2, kind: 'instant', query: 'b', state: 'done', cost: { waitedMs: 2000, evaluationMs: 1 } },
    { id: 1, query: 'a', cost: { status: 200, waitedMs: 0, samplesRead: 7, peakBytes: 8, answerBytes: 8 } },
  ]);
  for (let i = 2; i < 150; i++) {
    const next = pool.run(task(`q${i}`));
    workers[0]!.answer(i);
    await next;
  }
  expect(pool.list()).toHaveLength(100);
  expect(pool.list()[0]).toMatchObject({ query: 'q149' });
});

test('a slow query is logged with its cost, others are not', async () => {
  const warned: unknown[] = [];
  const log: Log = { ...silentLog(), warn: (fields, text) => void warned.push([fields, text]) };
  const { pool, workers, clock } = setup({ log, slowMs: 1000 });
  const slow = pool.run(task('slow'));
  await clock.advance(limits.timeoutMs + 1000);
  expect((await slow).status).toBe(503);
  const quick = pool.run(task('quick'));
  workers[1]!.answer(0);
  await quick;
  expect(warned).toEqual([
    [{ query: 'slow' }, expect.stringContaining('did not end when told to')],
    [
      expect.objectContaining({ query: 'slow', kind: 'instant', status: 503, evaluationMs: 11_000 }),
      'slow query',
    ],
  ]);
});

test('running queries are noted while they run; those of a crash are listed and logged', async () => {
  const noted: string[] = [];
  const warned: unknown[] = [];
  const log: Log = { ...silentLog(), warn: (fields) => void warned.push(fields) };
  const { pool, workers } = setup({
    log,
    active: {
      interrupted: [{ kind: 'range', query: 'bomb', receivedAt: 4 }],
      started: (id, { query }) => void noted.push(`started ${id} ${query}`),
      ended: (id) => void noted.push(`ended ${id}`),
      close: () => void noted.push('closed'),
    },
  });
  expect(pool.list()).toEqual([{ id: 0, kind: 'range', query: 'bomb', state: 'interrupted', receivedAt: 4 }]);
  expect(warned).toEqual([{ query: 'bomb', kind: 'range', receivedAt: 4 }]);
  const first = pool.run(task('a'));
  void pool.run(task('b'));
  workers[0]!.answer(0);
  await first;
  pool.stop();
  expect(noted).toEqual(['started 1 a', 'ended 1', 'started 2 b', 'closed']);
});
