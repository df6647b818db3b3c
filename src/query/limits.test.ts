import { spawnSync } from 'node:child_process';
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { parseExpr } from '../promql/parse.ts';
import { MemoryStorage } from '../testing/memory-queryable.ts';
import {
  CONTROL,
  newControl,
  type QueryAnswer,
  type QueryId,
  type QueryRequest,
  type QueryTask,
} from './protocol.ts';
import { answerQuery, serveQueries } from './service.ts';

const limits = { maxSamples: 1e6, maxBytes: 1e8, maxResultBytes: 1e8, timeoutMs: 60_000 };
const source = {
  queryable: new MemoryStorage(),
  blocks: () => [],
  headSpan: () => undefined,
  families: { contentType: '', encode: () => new Uint8Array(0) },
  settings: {
    lookbackMs: 300_000,
    defaultSubqueryStepMs: 60_000,
    delayedNameRemoval: false,
    useStartTimestamps: false,
    typeAndUnitLabels: false,
  },
  readExpr: parseExpr,
  readFormats: { samples: { contentType: '', encode: never }, chunks: { contentType: '', encode: never } },
};
function never(): Uint8Array {
  throw new Error('no remote read here');
}
const instant = (expr: string): QueryTask => ({ kind: 'instant', expr, timestamp: 0 });

/** Runs a worker with V8's limits at 64 MB in a process of its own. @returns how that ended, and what it said */
function workerUnderLimits(code: string): { status: number | null; signal: string | null; said: string } {
  const main = `
    const worker = new (require('node:worker_threads').Worker)(${JSON.stringify(code)}, {
      eval: true, resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 6 } });
    worker.on('message', (text) => console.log(text));
    worker.on('error', (error) => console.log('the worker ended: ' + error.code));
    worker.on('exit', () => console.log('the process goes on'));`;
  const { status, signal, stdout } = spawnSync(process.execPath, ['-e', main], { encoding: 'utf8' });
  return { status, signal, said: stdout };
}

describe("why a query counts its bytes: V8's own limits of a worker", () => {
  test('do not see typed arrays, which all columns are', () => {
    const { said } = workerUnderLimits(`
      const columns = Array.from({ length: 20 }, () => new Float64Array(2 ** 20).fill(1));
      require('node:worker_threads').parentPort.postMessage(columns.length * 8 + ' MB held under a limit of 64');`);
    expect(said).toBe('160 MB held under a limit of 64\nthe process goes on\n');
  });

  test('end the whole process where one table grows past them at once', () => {
    const { status, signal, said } = workerUnderLimits(`
      const groups = new Map();
      for (let i = 0; ; i++) groups.set(i, i);`);
    expect(status === 0).toBe(false);
    expect([signal, status]).toContain(signal === null ? 134 : 'SIGABRT');
    expect(said).not.toContain('the process goes on');
  });
});

test.each([
  ['depth', `${'-('.repeat(600)}1${')'.repeat(600)}`, /nested too deeply, at most 1000 levels/],
  ['a chain', Array.from({ length: 2000 }, () => 'a').join(' or '), /nested too deeply, at most 1000 levels/],
  ['length of a regular expression', `a{b=~"${'x?'.repeat(40_000)}"}`, /too long: 80000 characters, at most/],
])('a limit of the language, %s, is told before anything is evaluated', (_, expr, message) => {
  for (const task of [instant(expr), { kind: 'format', expr }, { kind: 'parse', expr }] as QueryTask[]) {
    const answer = answerQuery({ id: 1, task, limits, waitedMs: 0 }, newControl(), source, () => 0);
    expect(answer.status).toBe(400);
    expect(Buffer.concat(answer.body).toString()).toMatch(message);
  }
});

test('what a query leaves behind is collected before the next one is read, as thoroughly as it was large, and not after small ones', async () => {
  const { port1, port2 } = new MessageChannel();
  const control = newControl();
  const collected: [answered: QueryId, thoroughly: boolean | undefined][] = [];
  let answered: QueryId = 0;
  let isAtWork = false;
  const readExpr = (text: string) => {
    isAtWork = true;
    return parseExpr(text);
  };
  port1.postMessage = ((answer: QueryAnswer) => {
    answered = answer.id;
    isAtWork = false;
  }) as MessagePort['postMessage'];
  serveQueries(
    port1,
    control,
    { ...source, readExpr },
    () => 0,
    (thoroughly) => void (isAtWork || collected.push([answered, thoroughly])),
    // What the fourth query's text became is not counted by its budget, and stays.
    () => (answered < 4 ? 1000 : 14_000),
  );
  const points = (count: number): QueryTask => ({
    kind: 'range',
    expr: '1',
    startMs: 0,
    endMs: count - 1,
    stepMs: 1,
  });
  const tasks = [instant('1'), points(300), points(2000), instant('1'), instant('1')];
  for (const [i, task] of tasks.entries()) {
    const request: QueryRequest = { id: i + 1, task, limits: { ...limits, maxBytes: 100_000 }, waitedMs: 0 };
    port2.postMessage(request);
  }
  Atomics.add(control, CONTROL.posted, 1);
  await expect.poll(() => answered).toBe(5);
  const after = (id: QueryId) => collected.filter(([last]) => last === id).map(([, how]) => how);
  expect(after(1)).toEqual([]);
  expect(after(2)).toEqual([false]);
  expect(after(3)).toEqual([true]);
  expect(after(4)).toEqual([false]);
  expect(after(5)).toEqual([]);
  port1.close();
});

test('a worker that may use gigabytes does not let tens of megabytes of garbage lie either', async () => {
  const { port1, port2 } = new MessageChannel();
  const control = newControl();
  const heapMB = [100, 120, 160, 160, 230];
  const collected: [answered: QueryId, thoroughly: boolean | undefined][] = [];
  let answered: QueryId = 0;
  port1.postMessage = ((answer: QueryAnswer) => (answered = answer.id)) as MessagePort['postMessage'];
  serveQueries(
    port1,
    control,
    source,
    () => 0,
    (thoroughly) => collected.push([answered, thoroughly]),
    () => heapMB[answered]! * 1024 * 1024,
  );
  for (let id = 1; id < heapMB.length; id++) {
    const request: QueryRequest = {
      id,
      task: instant('1'),
      limits: { ...limits, maxBytes: 3e9 },
      waitedMs: 0,
    };
    port2.postMessage(request);
  }
  Atomics.add(control, CONTROL.posted, 1);
  await expect.poll(() => answered).toBe(4);
  // 60 MB more than at first, then 70 more than that.
  expect(collected).toEqual([
    [2, false],
    [4, true],
  ]);
  port1.close();
});

test('answers are moved to main, not copied: the worker is left with nothing', async () => {
  const { port1, port2 } = new MessageChannel();
  const control = newControl();
  const moved: ArrayBuffer[] = [];
  const post = port1.postMessage.bind(port1);
  port1.postMessage = ((answer: QueryAnswer, transfer: readonly ArrayBuffer[]) => {
    moved.push(...transfer);
    expect(transfer).toEqual(answer.body.map(({ buffer }) => buffer));
    post(answer, transfer);
  }) as MessagePort['postMessage'];
  serveQueries(port1, control, source, () => 0);
  const request: QueryRequest = { id: 1, task: instant('vector(1)'), limits, waitedMs: 0 };
  port2.postMessage(request);
  Atomics.add(control, CONTROL.posted, 1);
  await expect.poll(() => moved.length).toBe(1);
  expect(moved[0]!.detached).toBe(true);
  const { message } = receiveMessageOnPort(port2) as { message: QueryAnswer };
  expect(Buffer.concat(message.body).toString()).toContain('"value":[0,"1"]');
  port1.close();
});
