import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { labelsFromObject, NO_LABELS } from '../model/labels.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import type { QueryPool } from './pool.ts';
import { errorBody, JSON_TYPE } from './protocol.ts';
import type { AskEngine, EngineAnswer } from './remote-engine.ts';
import { createRemotePool } from './remote-pool.ts';
import { remoteRuleEvaluation } from './remote-rules.ts';

const json = (value: unknown, status = 200): EngineAnswer => ({
  status,
  contentType: JSON_TYPE,
  body: new TextEncoder().encode(JSON.stringify(value)),
});
const vector = (...elements: [Record<string, string>, string][]): EngineAnswer =>
  json({
    status: 'success',
    data: {
      resultType: 'vector',
      result: elements.map(([metric, value]) => ({ metric, value: [1, value] })),
    },
  });

const local: QueryPool = {
  run: async () => ({
    status: 200,
    contentType: 'text/plain',
    body: [new TextEncoder().encode('from here')],
  }),
  list: () => [],
  cancel: () => false,
  counts: () => ({ running: 0, waiting: 0, refused: 0, replaced: 0, unsentBytes: 0 }),
  stop() {},
};

function pool(ask: AskEngine, atOnce = 2) {
  const clock = fakeClock();
  const registry = new Registry();
  const made = createRemotePool({
    ask,
    local,
    clock,
    registry,
    engine: 'http://vm',
    atOnce,
    maxWaiting: 1,
    timeoutMs: 10_000,
  });
  return { clock, registry, pool: made };
}
const text = ({ body }: { body: Uint8Array[] }): string => Buffer.concat(body).toString();
const forever: AskEngine = ({ signal }) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

test('questions go out in the API’s own words, answers come back byte for byte', async () => {
  const asked: string[] = [];
  const { pool: queries } = pool(async ({ path, form, isGet }) => {
    asked.push(`${isGet ? 'GET' : 'POST'} ${path}?${decodeURIComponent(form.toString())}`);
    return json({ status: 'success', data: asked.length });
  });
  const range = { from: -8_640_000_000_000_000, to: 60_001 };
  const first = await queries.run({
    kind: 'instant',
    expr: 'up',
    timestamp: 1500,
    limit: 3,
    lookbackMs: 60_000,
  });
  await queries.run(
    { kind: 'range', expr: 'up', startMs: 0, endMs: 60_000, stepMs: 15_000, stats: 'basic' },
    undefined,
    5000,
  );
  await queries.run({ kind: 'labelValues', name: 'a/b', match: ['up', 'down'], range });
  expect(text(first)).toBe('{"status":"success","data":1}');
  expect(asked).toEqual([
    'POST /query?query=up&time=1.5&timeout=10000ms&limit=3&lookback_delta=60000ms',
    'POST /query_range?query=up&start=0&end=60&step=15&timeout=5000ms&stats=basic',
    'GET /label/a%2Fb/values?match[]=up&match[]=down&end=60',
  ]);
});

test('what the engine cannot be asked says so; what needs no store is answered here', async () => {
  const { pool: queries } = pool(forever);
  const read = await queries.run({ kind: 'read', queries: [], responseType: 'samples' });
  expect([read.status, text(read)]).toEqual([
    422,
    '{"status":"error","errorType":"execution","error":"remote read reads the store here, which query.remote_url puts aside: ask http://vm for it"}',
  ]);
  expect(text(await queries.run({ kind: 'format', expr: 'a' }))).toBe('from here');
});

test('an engine that is away, no engine, or slow is named; queries do not pile up', async () => {
  const away = pool(async () => {
    throw new Error('connect ECONNREFUSED');
  });
  const task = { kind: 'instant', expr: 'up', timestamp: 0 } as const;
  const refused = await away.pool.run(task);
  expect([refused.status, text(refused)]).toEqual([
    503,
    text({ body: [errorBody('unavailable', 'http://vm cannot be asked: connect ECONNREFUSED')] }),
  ]);
  const page = pool(async () => ({ ...json({}), contentType: 'text/html', status: 502 }));
  expect(text(await page.pool.run(task))).toContain('http://vm answered with status 502');
  const slow = pool(forever, 1);
  const answers = [slow.pool.run(task), slow.pool.run(task), slow.pool.run(task)];
  expect(text(await answers[2]!)).toContain('1 queries wait already, at most 1 may');
  expect(slow.pool.counts()).toMatchObject({ running: 1, waiting: 1, refused: 1, replaced: 0 });
  expect(slow.pool.cancel(slow.pool.list()[1]!.id)).toBe(true);
  expect((await answers[1]!).status).toBe(499);
  await slow.clock.advance('11s');
  expect(text(await answers[0]!)).toContain('query timed out: http://vm did not answer within 10000 ms');
  expect(await slow.registry.metrics()).toContain('belfry_query_remote_requests_total{status="503"} 1');
});

test('rules are evaluated there, and so is what their templates ask', async () => {
  const asked: string[] = [];
  const evaluate = remoteRuleEvaluation({
    clock: fakeClock(),
    async ask({ form }) {
      const query = form.get('query')!;
      asked.push(`${query} at ${form.get('time')}`);
      if (query === 'broken(') return json({ status: 'error', error: 'cannot parse "broken("' }, 422);
      return query === 'up == 0' ? vector([{ __name__: 'up', job: 'a' }, '0']) : vector([{}, '+Inf']);
    },
    expand: (_templates, query) => (labels, value) => {
      let asked: string;
      try {
        asked = String(query('limit')[0]!.value);
      } catch (error) {
        asked = (error as Error).message;
      }
      return { expandedLabels: {}, expandedAnnotations: { text: `${labels.length} ${value} ${asked}` } };
    },
  });
  const templates = {
    at: 60_000,
    alertname: 'A',
    labels: {},
    annotations: {},
    externalLabels: {},
    externalUrl: '',
  };
  expect(await evaluate({ expr: 'up == 0', timestamp: 1000, timeoutMs: 1000, templates })).toEqual({
    samples: [
      {
        labels: labelsFromObject({ __name__: 'up', job: 'a' }),
        value: 0,
        expandedLabels: {},
        expandedAnnotations: { text: '4 0 Infinity' },
      },
    ],
    warnings: [],
  });
  // What query_offset moves is the rule, not what its templates ask.
  expect(asked).toEqual(['up == 0 at 1', 'limit at 60']);
  expect((await evaluate({ expr: '1', timestamp: 0, timeoutMs: 1000 })).samples).toEqual([
    { labels: NO_LABELS, value: Number.POSITIVE_INFINITY },
  ]);
  await expect(evaluate({ expr: 'broken(', timestamp: 0, timeoutMs: 1000 })).rejects.toThrow(
    'cannot parse "broken("',
  );
});
