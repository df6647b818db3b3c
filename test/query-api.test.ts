import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeSnappy } from '../src/exposition/remote/snappy.ts';
import { type SentSeries, writeRequestV1 } from '../src/exposition/remote/write-request.fixture.ts';
import { type Appliance, eventually, startAppliance, temporaryFolder } from './harness/appliance.ts';

/** What the query endpoints make of their parameters, each as upstream's do, over HTTP. */
const stack = new AsyncDisposableStack();
let belfry: Appliance;
let folder: string;
const now = Math.floor(Date.now() / 60_000) * 60_000;
const seconds = now / 1000;

beforeAll(async () => {
  folder = temporaryFolder('query-api');
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `query: {log_slower_than: 0s}
scrape_configs:
# Nobody is there.
- {job_name: app, scrape_interval: 1h, static_configs: [{targets: ['127.0.0.1:1']}], basic_auth: {username: u, password: hidden}}
`,
  );
  belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  const series = Array.from(
    { length: 13 },
    (_, i): SentSeries => ({
      labels: [
        ['__name__', `gauge_${String.fromCharCode(97 + i)}`],
        ['i', `${i}`],
        ['site', i % 2 === 0 ? 'north' : 'süd'],
      ],
      samples: [
        [now - 60_000, i],
        [now, i + 1],
      ],
    }),
  );
  const response = await fetch(`${belfry.url}/api/v1/write`, {
    method: 'POST',
    body: new Uint8Array(encodeSnappy(writeRequestV1(series))),
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
  });
  expect(response.status).toBe(204);
});
afterAll(async () => {
  await stack.disposeAsync();
  fs.rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: string;
  readonly data: unknown;
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: string[];
  readonly infos?: string[];
}

/** By GET and, as a form, by POST: both must say the same. */
async function ask(endpoint: string, fields: [string, string][], methods = ['GET', 'POST']) {
  const form = new URLSearchParams(fields).toString();
  const answers = await Promise.all(
    methods.map(async (method) => {
      const response = await (method === 'GET'
        ? fetch(`${belfry.url}/api/v1${endpoint}?${form}`)
        : fetch(`${belfry.url}/api/v1${endpoint}`, { method, body: new URLSearchParams(form) }));
      return { code: response.status, body: (await response.json()) as Answer };
    }),
  );
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  return answers[0]!;
}

const only = (endpoint: string, fields: [string, string][] = []) => ask(endpoint, fields, ['GET']);

test('an answer carries ten notes of a kind and says how many more there were', async () => {
  const { body } = await ask('/query', [
    ['query', 'rate({__name__=~"gauge_.+"}[5m])'],
    ['time', `${seconds}`],
  ]);
  expect(body.infos).toHaveLength(11);
  expect(body.infos![0]).toMatch(/^PromQL info: metric might not be a counter/);
  expect(body.infos![10]).toBe('3 more info annotations omitted');
});

test('stats takes true and all; other values are told of', async () => {
  const asked = (stats: string) =>
    only('/query', [
      ['query', '1'],
      ['stats', stats],
    ]);
  for (const stats of ['true', 'all']) {
    const { body } = await asked(stats);
    expect([body.warnings, Object.keys(body.data as object)]).toEqual([
      undefined,
      ['resultType', 'result', 'stats'],
    ]);
  }
  const { body } = await asked('yes');
  expect(body.warnings).toEqual([
    'value "yes" for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"',
  ]);
  expect(Object.keys(body.data as object)).toContain('stats');
  expect(((await asked('')).body.data as { stats?: unknown }).stats).toBeUndefined();
});

test.each<[string, string, [string, string][], string]>([
  [
    'a limit below zero',
    '/query',
    [
      ['query', '1'],
      ['limit', '-1'],
    ],
    'invalid parameter "limit": limit must be non-negative',
  ],
  [
    'a limit that is none',
    '/labels',
    [
      ['limit', 'x'],
      ['start', 'y'],
    ],
    'invalid parameter "limit": strconv.Atoi: parsing "x": invalid syntax',
  ],
  [
    'a time that is none',
    '/query',
    [
      ['query', '1'],
      ['time', 'noon'],
    ],
    `invalid parameter "time": invalid time value for 'time': cannot parse "noon" to a valid timestamp`,
  ],
  [
    'a lookback that is none',
    '/query',
    [
      ['query', '1'],
      ['lookback_delta', 'x'],
    ],
    'error parsing lookback delta duration: cannot parse "x" to a valid duration',
  ],
  [
    'a timeout that is none',
    '/query',
    [
      ['query', '1'],
      ['timeout', 'x'],
    ],
    'invalid parameter "timeout": cannot parse "x" to a valid duration',
  ],
  [
    'an end before the start',
    '/query_range',
    [
      ['query', '1'],
      ['start', '2'],
      ['end', '1'],
      ['step', '1'],
    ],
    'invalid parameter "end": end timestamp must not be before start time',
  ],
  [
    'a step of nothing',
    '/query_range',
    [
      ['query', '1'],
      ['start', '1'],
      ['end', '2'],
      ['step', '0'],
    ],
    'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer',
  ],
  [
    'too many points',
    '/query_range',
    [
      ['query', '1'],
      ['start', '0'],
      ['end', '11001'],
      ['step', '1'],
    ],
    'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)',
  ],
  ['no selector', '/series', [], 'no match[] parameter provided'],
  [
    'a selector of everything',
    '/series',
    [['match[]', '{site=~".*"}']],
    'invalid parameter "match[]": match[] must contain at least one non-empty matcher',
  ],
  ['a selector that is none', '/labels', [['match[]', 'sum(']], '1:4: parse error: unexpected "("'],
  [
    'exemplars that end before they start',
    '/query_exemplars',
    [
      ['query', 'x'],
      ['start', '2'],
      ['end', '1'],
    ],
    'end timestamp must not be before start timestamp',
  ],
  [
    'an expression that is none',
    '/format_query',
    [['query', '1+']],
    'invalid parameter "query": 1:3: parse error: unexpected end of input',
  ],
])('%s is 400 bad_data, and which parameter', async (_, endpoint, fields, error) => {
  expect(await ask(endpoint, fields)).toEqual({
    code: 400,
    body: { status: 'error', errorType: 'bad_data', error },
  });
});

test('11,000 steps and a bit are not too many', async () => {
  const { code } = await ask('/query_range', [
    ['query', 'vector(1)'],
    ['start', '0'],
    ['end', '11000.5'],
    ['step', '1'],
  ]);
  expect(code).toBe(200);
});

test('an error of the evaluation is 422 execution, one of time 503 timeout', async () => {
  expect(await ask('/query', [['query', 'label_replace(vector(1), "a", "$1", "b", "(")']])).toMatchObject({
    code: 422,
    body: { status: 'error', errorType: 'execution' },
  });
  expect(
    await ask('/query', [
      ['query', 'count_over_time((sum(sum_over_time(vector(1)[10m:1s])))[30d:1s])'],
      ['timeout', '1ms'],
    ]),
  ).toMatchObject({ code: 503, body: { status: 'error', errorType: 'timeout' } });
});

test("bounds of time: upstream's first and last time, and an end before the start that leaves nothing", async () => {
  const first: [string, string] = ['start', '-292273086-05-16T16:47:06Z'];
  const last: [string, string] = ['end', '292277025-08-18T07:12:54.999999999Z'];
  expect((await ask('/labels', [first, last])).body.data).toEqual(['__name__', 'i', 'site']);
  expect((await ask('/series', [['match[]', 'gauge_a'], first, last])).body.data).toHaveLength(1);
  expect(
    (
      await ask('/labels', [
        ['start', '2'],
        ['end', '1'],
      ])
    ).body,
  ).toEqual({ status: 'success', data: [] });
  expect(
    (
      await only('/label/site/values', [
        ['start', '2'],
        ['end', '1'],
      ])
    ).body.data,
  ).toEqual([]);
});

test('values of a label whose name is escaped, and of none', async () => {
  expect((await only('/label/U__site/values')).body.data).toEqual(['north', 'süd']);
  expect((await only('/label/U__k_2e_x/values')).body).toEqual({ status: 'success', data: [] });
});

test('limits of /status/tsdb', async () => {
  const limited = (limit: string) => only('/status/tsdb', [['limit', limit]]);
  for (const wrong of ['0', '-1', 'x'])
    expect((await limited(wrong)).body.error).toBe('limit must be a positive number');
  expect((await limited('10001')).body.error).toBe('limit must not exceed 10000');
  const { seriesCountByMetricName } = (await limited('1')).body.data as Record<string, unknown[]>;
  expect(seriesCountByMetricName).toHaveLength(1);
});

test('limits of metadata: nothing for 0, all of a metric for 0 of each', async () => {
  expect((await only('/metadata', [['limit', '0']])).body.data).toEqual({});
  expect((await only('/metadata', [['limit_per_metric', 'x']])).body.error).toBe(
    'limit_per_metric must be a number',
  );
  expect((await only('/targets/metadata', [['metric', 'nothing']])).body).toEqual({
    status: 'success',
    data: [],
  });
});

test('/federate takes a selector that matches all', async () => {
  const query = new URLSearchParams({ 'match[]': '{__name__=~".*"}' });
  const response = await fetch(`${belfry.url}/federate?${query}`);
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('gauge_a{i="0",site="north",instance=""} 1 ');
  const wrong = await fetch(`${belfry.url}/federate?match[]=sum(`);
  expect([wrong.status, wrong.headers.get('content-type')]).toEqual([400, 'text/plain; charset=UTF-8']);
});

describe('searches', () => {
  const lines = async (endpoint: string, fields: [string, string][], method = 'GET') => {
    const form = new URLSearchParams(fields);
    const response = await (method === 'GET'
      ? fetch(`${belfry.url}/api/v1/search/${endpoint}?${form}`)
      : fetch(`${belfry.url}/api/v1/search/${endpoint}`, { method, body: form }));
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'application/x-ndjson; charset=utf-8',
    ]);
    const text = await response.text();
    expect(text.endsWith('\n')).toBe(true);
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  };

  test.each(['GET', 'POST'])(
    'metric names by %s: lines of some results, then whether there are more',
    async (method) => {
      expect(
        await lines(
          'metric_names',
          [
            ['search[]', 'gge'],
            ['limit', '3'],
            ['batch_size', '2'],
            ['sort_by', 'alpha'],
            ['sort_dir', 'dsc'],
          ],
          method,
        ),
      ).toEqual([
        { results: [{ name: 'gauge_m' }, { name: 'gauge_l' }] },
        { results: [{ name: 'gauge_k' }] },
        { status: 'success', has_more: true },
      ]);
    },
  );

  test('nothing found is one line without results', async () => {
    expect(await lines('metric_names', [['search[]', 'zzz']])).toEqual([
      { results: [] },
      { status: 'success', has_more: false },
    ]);
  });

  test('with scores', async () => {
    const [found] = await lines('metric_names', [
      ['search[]', 'gauge_a'],
      ['sort_by', 'score'],
      ['include_score', 'true'],
      ['include_metadata', '1'],
    ]);
    expect(found).toEqual({ results: [{ name: 'gauge_a', score: 1 }] });
  });

  test('label names, and values of a label, of the series selected', async () => {
    expect(
      await lines('label_names', [
        ['match[]', 'gauge_a'],
        ['search[]', 's'],
      ]),
    ).toEqual([{ results: [{ name: 'site' }] }, { status: 'success', has_more: false }]);
    expect(
      await lines('label_values', [
        ['label', 'site'],
        ['match[]', 'gauge_a'],
        ['match[]', 'gauge_b'],
        ['search[]', 'SÜ'],
        ['case_sensitive', 'false'],
      ]),
    ).toEqual([{ results: [{ value: 'süd' }] }, { status: 'success', has_more: false }]);
  });

  test.each<[string, [string, string][], string]>([
    ['label_values', [], 'missing required parameter "label"'],
    ['label_names', [['sort_dir', 'asc']], 'sort_dir is only valid when sort_by is set'],
    [
      'label_names',
      [
        ['sort_by', 'score'],
        ['sort_dir', 'asc'],
        ['search[]', 'a'],
      ],
      'sort_dir is not supported for sort_by=score',
    ],
    ['label_names', [['sort_by', 'score']], 'sort_by=score requires search[] to be set'],
    ['label_names', [['sort_by', 'x']], 'invalid sort_by "x": must be "alpha" or "score"'],
    ['label_names', [['fuzz_threshold', '101']], 'invalid fuzz_threshold "101": must be 0-100'],
    [
      'label_names',
      [['fuzz_alg', 'x']],
      'unsupported fuzz_alg "x": must be one of [subsequence jarowinkler]',
    ],
    ['label_names', [['case_sensitive', 'maybe']], 'invalid case_sensitive "maybe": must be boolean'],
    ['label_names', [['limit', '0']], 'invalid limit "0": must be a positive integer'],
    ['label_names', [['limit', '10001']], 'limit 10001 exceeds the maximum of 10000'],
    ['label_names', [['batch_size', '-1']], 'invalid batch_size "-1": must be a positive integer'],
    [
      'label_names',
      [
        ['start', '2'],
        ['end', '1'],
      ],
      'end timestamp must not be before start timestamp',
    ],
    [
      'label_names',
      Array.from({ length: 33 }, (): [string, string] => ['search[]', 'a']),
      'too many search[] terms: got 33, maximum is 32',
    ],
    ['metric_names', [['match[]', '{}']], 'match[] must contain at least one non-empty matcher'],
    [
      'label_names',
      [['start', 'x']],
      `invalid time value for 'start': cannot parse "x" to a valid timestamp`,
    ],
  ])('/search/%s with a mistake: %j', async (endpoint, fields, error) => {
    expect((await ask(`/search/${endpoint}`, fields)).body).toEqual({
      status: 'error',
      errorType: 'bad_data',
      error,
    });
  });
});

test('the configuration of a scrape pool, as written and without its secrets', async () => {
  const { body } = await only('/scrape_pools/config', [['scrapePool', 'app']]);
  const { yaml } = body.data as { yaml: string };
  expect(yaml).toContain('job_name: app');
  expect(yaml).toContain('password: <secret>');
  expect(yaml).not.toContain('hidden');
  expect((await only('/scrape_pools/config')).body.error).toBe('no scrapePool parameter provided');
  expect((await only('/scrape_pools/config', [['scrapePool', 'b']])).body).toMatchObject({
    errorType: 'bad_data',
    error: 'error retrieving scrape config: scrape pool "b" not found',
  });
});

test('queries that take as long as `query.log_slower_than` says are in the log', async () => {
  await only('/query', [['query', '40 + 2.25']]);
  await eventually('it is logged', async () =>
    belfry
      .output()
      .split('\n')
      .some((line) => line.includes('slow query') && line.includes('40 + 2.25')),
  );
});
