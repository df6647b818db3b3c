import { describe, expect, test } from 'vitest';
import { labelsFromObject } from '../model/labels.ts';
import { parseExpr } from '../promql/parse.ts';
import { MemoryStorage } from '../testing/memory-queryable.ts';
import type { ReadFormats } from './answers.ts';
import { CONTROL, newControl, type QueryLimits, type QueryTask } from './protocol.ts';
import { answerQuery } from './service.ts';

const LIMITS: QueryLimits = { maxSamples: 10_000, maxBytes: 1e8, maxResultBytes: 1e8, timeoutMs: 60_000 };
const NOW = 1_700_000_000_000;

/** Formats that say what they were given. */
const readFormats: ReadFormats = {
  samples: {
    contentType: 'test/samples',
    encode: (results, charge) => {
      charge(10);
      return new TextEncoder().encode(
        JSON.stringify(results.map((list) => list.map(({ labels }) => labels))),
      );
    },
  },
  chunks: { contentType: 'test/chunks', encode: () => new Uint8Array([1]) },
};

function storage(): MemoryStorage {
  const store = new MemoryStorage();
  const append = (labels: Record<string, string>, at: number, value: number | 'stale'): void =>
    store.append(labelsFromObject(labels), at, value);
  append({ __name__: 'up', job: 'a', instance: 'i' }, NOW - 5000, 0);
  append({ __name__: 'up', job: 'a', instance: 'i' }, NOW - 1000, 1);
  append({ __name__: 'up', job: 'gone' }, NOW - 5000, 1);
  append({ __name__: 'up', job: 'gone' }, NOW - 1000, 'stale');
  append({ __name__: 'up', job: 'old' }, NOW - 400_000, 1);
  append({ __name__: 'odd.name', 'odd-label': 'a"b\\c\nd', site: 'own' }, NOW, Number.NaN);
  return store;
}

/** What is in memory, when anything is. */
let head: { first: number; last: number } | undefined;

function ask(
  task: QueryTask,
  limits: Partial<QueryLimits> = {},
  cancel = 0,
  monotonic = () => 0,
  readExpr = parseExpr,
) {
  const control = newControl();
  control[CONTROL.cancel] = cancel;
  const source = {
    queryable: storage(),
    settings: {
      lookbackMs: 300_000,
      defaultSubqueryStepMs: 60_000,
      delayedNameRemoval: false,
      useStartTimestamps: false,
      typeAndUnitLabels: false,
    },
    readExpr,
    readFormats,
    families: {
      contentType: 'test/families',
      encode: (samples: unknown) => new TextEncoder().encode(JSON.stringify(samples)),
    },
    headSpan: () => head,
    blocks: () => [
      {
        name: '20260102',
        kind: 'sealed' as const,
        bytes: 4096,
        series: 3,
        samples: 500,
        blocks: 2,
        first: 1000,
        last: 5000,
      },
      {
        name: '20260103.hot',
        kind: 'hot' as const,
        bytes: 8192,
        series: 4,
        samples: 7,
        blocks: 1,
        first: 6000,
        last: 7000,
      },
    ],
  };
  const request = { id: 7, task, limits: { ...LIMITS, ...limits }, waitedMs: 3 };
  const answer = answerQuery(request, control, source, monotonic);
  return { ...answer, text: Buffer.concat(answer.body).toString() };
}

const instant = (expr: string): QueryTask => ({ kind: 'instant', expr, timestamp: NOW });

describe('limits', () => {
  const wide: QueryTask = {
    kind: 'range',
    expr: 'vector(time())',
    startMs: 0,
    endMs: 10_000_000,
    stepMs: 1000,
  };

  test('a result over its limit ends with a text that names it', () => {
    const { status, text } = ask(wide, { maxResultBytes: 100_000 });
    expect(status).toBe(422);
    expect(JSON.parse(text)).toEqual({
      status: 'error',
      errorType: 'execution',
      error:
        'the answer is larger than 100000 bytes (query.max_result_bytes); narrow the selector, the range or the step',
    });
    expect(ask(wide, { maxResultBytes: 1_000_000 }).status).toBe(200);
  });

  test('the answer’s own bytes count against the memory of a query', () => {
    const { peakBytes, text } = ask(wide);
    expect(text.length).toBeGreaterThan(100_000);
    expect(peakBytes).toBeGreaterThan(text.length);
    expect(ask(wide, { maxBytes: text.length })).toMatchObject({
      status: 422,
      text: expect.stringMatching(/query\.max_bytes/),
    });
  });

  test.each([
    ['samples', { maxSamples: 1 }, 0, 422, /too many samples into memory.*query\.max_samples/],
    ['an administrator', {}, 4, 499, /canceled by an administrator/],
    ['a deadline', {}, 2, 503, /query timed out in expression evaluation/],
  ])('ended by %s', (_, limits, cancel, status, message) => {
    const answer = ask(instant('sum_over_time(up[10m])'), limits, cancel);
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(message);
  });
});

test('cardinality counts series by name, label and pair, within the memory of a query', () => {
  const task = { kind: 'cardinality', range: { from: 0, to: NOW + 1 }, limit: 2 } as const;
  head = undefined;
  expect(ask(task).text).toContain('"minTime":9223372036854775807,"maxTime":-9223372036854775808}');
  head = { first: NOW - 5000, last: NOW };
  const { data } = JSON.parse(ask(task).text) as { data: unknown };
  expect(data).toEqual({
    headStats: { numSeries: 4, numLabelPairs: 8, chunkCount: 4, minTime: NOW - 5000, maxTime: NOW },
    seriesCountByMetricName: [
      { name: 'up', value: 3 },
      { name: 'odd.name', value: 1 },
    ],
    labelValueCountByLabelName: [
      { name: 'job', value: 3 },
      { name: '__name__', value: 2 },
    ],
    memoryInBytesByLabelName: [
      { name: '__name__', value: 10 },
      { name: 'job', value: 8 },
    ],
    seriesCountByLabelValuePair: [
      { name: '__name__=up', value: 3 },
      { name: '__name__=odd.name', value: 1 },
    ],
  });
  expect(ask(task, { maxBytes: 500 })).toMatchObject({
    status: 422,
    text: expect.stringContaining('query.max_bytes'),
  });
});

describe('explain', () => {
  interface Explained {
    query: string;
    totalMs: number;
    selfMs: number;
    children: Explained[];
  }
  const explain = (task: QueryTask): Explained => {
    const { data } = JSON.parse(ask({ ...task, explain: true } as QueryTask).text) as {
      data: { explain: Explained };
    };
    return data.explain;
  };
  const at = (text: string, part: string) => {
    const start = text.indexOf(part);
    return { query: part, position: { start, end: start + part.length } };
  };

  test('says of each node what it got, gave and read', () => {
    const expr = 'sum by (job) (sum_over_time(up[10m])) / on () group_left vector(2)';
    expect(explain(instant(expr))).toMatchObject({
      ...at(expr, expr),
      type: 'binary',
      seriesIn: 4,
      seriesOut: 3,
      samplesRead: 5,
      samplesSeen: 4,
      children: [
        {
          ...at(expr, 'sum by (job) (sum_over_time(up[10m]))'),
          type: 'aggregate',
          seriesIn: 3,
          seriesOut: 3,
          children: [
            {
              ...at(expr, 'sum_over_time(up[10m])'),
              type: 'call',
              seriesIn: 3,
              samplesSeen: 4,
              children: [
                { ...at(expr, 'up[10m]'), type: 'matrix', seriesIn: 3, seriesOut: 3, samplesRead: 5 },
              ],
            },
          ],
        },
        { ...at(expr, 'vector(2)'), type: 'call', seriesIn: 1, seriesOut: 1, samplesRead: 0 },
      ],
    });
  });

  test('tells series of the store from those that have a sample in time', () => {
    expect(explain({ kind: 'instant', expr: 'up', timestamp: NOW })).toMatchObject({
      type: 'vector',
      seriesIn: 2,
      seriesOut: 1,
    });
  });

  test('covers ranges, subqueries and nodes that are the same at each step', () => {
    const expr = 'max_over_time(up[1m:1s]) + (up @ 0)';
    const cost = explain({ kind: 'range', expr, startMs: NOW - 10_000, endMs: NOW, stepMs: 5000 });
    const texts = (node: Explained): string[] => [node.query, ...node.children.flatMap(texts)];
    expect(texts(cost)).toEqual([expr, 'max_over_time(up[1m:1s])', 'up[1m:1s]', 'up', '(up @ 0)', 'up @ 0']);
  });

  test('is told only when asked for', () => {
    expect(ask(instant('up')).text).not.toContain('explain');
  });

  test('gives each node its own time and the time of its children', () => {
    let now = 0;
    const { children, totalMs, selfMs } = JSON.parse(
      ask({ ...instant('-(1 + 2)'), explain: true } as QueryTask, {}, 0, () => now++).text,
    ).data.explain as Explained;
    expect(totalMs).toBe(selfMs + children[0]!.totalMs);
    expect(children[0]!.totalMs).toBeGreaterThan(children[0]!.selfMs);
    expect(selfMs).toBeGreaterThan(0);
  });
});

test.each([
  ['a mistake in the query', 'sum(', 400, 'bad_data', /^invalid parameter "query": 1:5: parse error: /],
  [
    'one that only the data shows',
    '{__name__=~"up|odd.name"} + on () {__name__=~"up|odd.name"}',
    422,
    'execution',
    /^found duplicate series for the match group/,
  ],
  [
    'no room',
    'up',
    422,
    'execution',
    /^query needs more memory than there is: Array buffer allocation failed$/,
  ],
  ['a fault of ours', 'up', 500, 'internal', /^impossible$/],
])('%s is answered with the type and status of Prometheus', (name, expr, status, errorType, error) => {
  const failure =
    name === 'no room' ? new RangeError('Array buffer allocation failed') : new Error('impossible');
  const answer = ask({ kind: 'instant', expr, timestamp: NOW }, {}, 0, undefined, () => {
    if (status === 500 || name === 'no room') throw failure;
    return parseExpr(expr);
  });
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.text)).toEqual({
    status: 'error',
    errorType,
    error: expect.stringMatching(error),
  });
});

test('lists are cut at their limit, and say so', () => {
  const list = (limit: number) =>
    JSON.parse(
      ask({ kind: 'labelValues', name: 'job', match: ['up'], range: { from: 0, to: NOW + 1 }, limit }).text,
    ) as unknown;
  expect(list(3)).toEqual({ status: 'success', data: ['a', 'gone', 'old'] });
  expect(list(2)).toEqual({
    status: 'success',
    data: ['a', 'gone'],
    warnings: ['results truncated due to limit'],
  });
  expect(ask({ kind: 'labelNames', match: ['sum(up)'], range: { from: 0, to: 1 } })).toMatchObject({
    status: 400,
    text: expect.stringContaining('1:4: parse error: unexpected'),
  });
});

test('samples read, bytes and waiting are told', () => {
  const answer = ask({ kind: 'instant', expr: 'sum(up)', timestamp: NOW, stats: 'all' });
  expect(answer).toMatchObject({ id: 7, status: 200, contentType: 'application/json' });
  expect(answer.samplesRead).toBeGreaterThan(0);
  const { data } = JSON.parse(answer.text) as { data: { stats: { timings: object; samples: object } } };
  expect(data.stats).toMatchObject({
    timings: { execQueueTime: 0.003, execTotalTime: 0.003 },
    samples: { totalQueryableSamplesPerStep: [[NOW / 1000, 1]], totalQueryableSamples: 1 },
  });
});

test('files of the store are listed in the terms of Prometheus', () => {
  const { status, text } = ask({ kind: 'blocks' });
  expect([status, JSON.parse(text)]).toEqual([
    200,
    {
      status: 'success',
      data: {
        blocks: [
          {
            ulid: '20260102',
            minTime: 1000,
            maxTime: 5001,
            stats: { numSamples: 500, numSeries: 3, numChunks: 2, numBytes: 4096 },
            compaction: { level: 2, sources: ['20260102'] },
            version: 1,
          },
          {
            ulid: '20260103.hot',
            minTime: 6000,
            maxTime: 7001,
            stats: { numSamples: 7, numSeries: 4, numChunks: 1, numBytes: 8192 },
            compaction: { level: 1, sources: ['20260103.hot'] },
            version: 1,
          },
        ],
      },
    },
  ]);
});

describe('federation', () => {
  const federate = (match: readonly string[], acceptsUtf8 = false, externalLabels: string[] = []) =>
    ask({ kind: 'federate', match, timestamp: NOW, externalLabels, acceptsUtf8, format: 'text' });

  test('newest live samples by name, each series once, with outer labels where there are none', () => {
    const { status, contentType, text } = federate(['up', '{job="a"}', '{__name__=~".+"}'], false, [
      'site',
      's',
    ]);
    expect({ status, contentType }).toEqual({
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
    });
    expect(text).toBe(
      [
        '# TYPE odd_name untyped',
        `odd_name{odd_label="a\\"b\\\\c\\nd",site="own",instance=""} NaN ${NOW}`,
        '# TYPE up untyped',
        `up{instance="i",job="a",site="s"} 1 ${NOW - 1000}`,
        '',
      ].join('\n'),
    );
  });

  test('the digit that a name begins with is no part of it for who reads old names only', () => {
    expect(federate(['up'], false, ['1st', 'x']).text).toContain('_st="x"');
    expect(federate(['up'], true, ['1st', 'x']).text).toContain('"1st"="x"');
  });

  test('names are quoted for who reads them', () => {
    expect(federate(['{"odd.name"}'], true).text).toBe(
      `# TYPE "odd.name" untyped\n{"odd.name","odd-label"="a\\"b\\\\c\\nd",site="own",instance=""} NaN ${NOW}\n`,
    );
  });

  test('as protobuf the same samples are handed to who encodes them', () => {
    const { status, contentType, text } = ask({
      kind: 'federate',
      match: ['up'],
      timestamp: NOW,
      externalLabels: ['site', 's'],
      acceptsUtf8: false,
      format: 'protobuf',
    });
    expect([status, contentType]).toEqual([200, 'test/families; escaping=underscores']);
    expect(JSON.parse(text)).toEqual([
      {
        name: 'up',
        labels: ['instance', 'i', 'job', 'a', 'site', 's'],
        timestamp: NOW - 1000,
        value: 1,
      },
    ]);
  });

  test('no selector selects nothing, one that matches all everything with a name', () => {
    expect(federate([])).toMatchObject({ status: 200, text: '' });
    const everything = federate(['{}']);
    expect(everything).toMatchObject({ status: 200, text: federate(['{__name__=~".+"}']).text });
    expect(everything.text).toContain('# TYPE up untyped');
  });

  test('lines count against the memory of a query', () => {
    const task = {
      kind: 'federate',
      match: ['{}'],
      timestamp: NOW,
      externalLabels: [],
      acceptsUtf8: false,
      format: 'text',
    } as const;
    expect(ask(task, { maxBytes: 600 })).toMatchObject({
      status: 422,
      text: expect.stringContaining('query.max_bytes'),
    });
  });

  test('a selector that is none is refused', () => {
    expect(federate(['sum(up)'])).toMatchObject({
      status: 400,
      text: expect.stringContaining('1:4: parse error: unexpected'),
    });
  });
});

test('remote read gives what the wanted format makes of the series', () => {
  const queries = [
    { matchers: [{ name: 'job', op: '=', value: 'a' }], range: { from: 0, to: NOW + 1 } },
  ] as const;
  expect(ask({ kind: 'read', queries, responseType: 'samples' })).toMatchObject({
    status: 200,
    contentType: 'test/samples',
    text: '[[["__name__","up","instance","i","job","a"]]]',
  });
  expect(ask({ kind: 'read', queries, responseType: 'chunks' })).toMatchObject({
    contentType: 'test/chunks',
  });
});

const matcher = (name: string, type: string, value: string) => ({ name, type, value });
const selector = {
  type: 'vectorSelector',
  name: 'a',
  offset: 0,
  matchers: [matcher('__name__', '=', 'a')],
  timestamp: null,
  startOrEnd: null,
  anchored: false,
  smoothed: false,
};

test.each([
  ['1.50', { type: 'numberLiteral', val: '1.5' }],
  ['Inf', { type: 'numberLiteral', val: '+Inf' }],
  ['"x"', { type: 'stringLiteral', val: 'x' }],
  ['-(a)', { type: 'unaryExpr', op: '-', expr: { type: 'parenExpr', expr: selector } }],
  ['a @ 5', { ...selector, timestamp: 5000 }],
  ['a @ end() offset 1m', { ...selector, startOrEnd: 'end', offset: 60_000 }],
  [
    'a[5m:1m]',
    {
      type: 'subquery',
      expr: selector,
      range: 300_000,
      step: 60_000,
      offset: 0,
      timestamp: null,
      startOrEnd: null,
    },
  ],
  [
    'a / on(x) group_left(y) a',
    {
      type: 'binaryExpr',
      op: '/',
      lhs: selector,
      rhs: selector,
      bool: false,
      matching: {
        card: 'many-to-one',
        labels: ['x'],
        on: true,
        include: ['y'],
        fillValues: { lhs: null, rhs: null },
      },
    },
  ],
  [
    'a > bool 1',
    {
      type: 'binaryExpr',
      op: '>',
      lhs: selector,
      rhs: { type: 'numberLiteral', val: '1' },
      bool: true,
      matching: null,
    },
  ],
  [
    'topk without (b) (2, a)',
    {
      type: 'aggregation',
      op: 'topk',
      expr: selector,
      param: { type: 'numberLiteral', val: '2' },
      grouping: ['b'],
      without: true,
    },
  ],
])('%s as a tree', (expr, tree) => {
  expect(JSON.parse(ask({ kind: 'parse', expr }).text)).toEqual({ status: 'success', data: tree });
});
