import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import zlib from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { QueryStatus } from '../src/query/ended-queries.ts';
import {
  type Appliance,
  eventually,
  freePort,
  runToEnd,
  startAppliance,
  temporaryFolder,
} from './harness/appliance.ts';

/** One appliance with one small target, asked in every way the API can be asked. */
const stack = new AsyncDisposableStack();
let belfry: Appliance;
let folder: string;
let page =
  'requests_total{code="200"} 10\nrequests_total{code="500"} 1\n# HELP temp Degrees.\n# TYPE temp gauge\ntemp 21.5\n';

const config = (target: string, extra = '') => `global: {scrape_interval: 1s, evaluation_interval: 1s}
scrape_configs:
  - job_name: app
    static_configs: [{targets: ['${target}'], labels: {site: "north"}}]
    basic_auth: {username: u, password: hunter2}
groups:
  - name: g
    interval: 1s
    rules:
      - {record: 'code:requests:sum', expr: sum by (code) (requests_total)}
      - {alert: Always, expr: 'temp > 20', labels: {severity: page}, annotations: {summary: 'it is {{ $value }} at {{ $labels.site }}'}}
  - name: h
    rules: [{alert: Other, expr: 'temp > 100'}]
${extra}`;
let target: string;
let file: string;

const startedAt = Date.now();
beforeAll(async () => {
  const server = http.createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stack.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  folder = temporaryFolder('api');
  file = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(file, config(target));
  belfry = await startAppliance(stack, { config: file, data: path.join(folder, 'data') });
  await eventually(
    'the rule was evaluated',
    async () => (await belfry.query('code:requests:sum')).length === 2,
  );
  await eventually(
    'there are samples before this second',
    async () => (await belfry.query('count_over_time(temp[1m]) > 3')).length === 1,
  );
  await eventually(
    'the alert fires',
    async () => (await belfry.query('ALERTS{alertstate="firing"}')).length === 1,
  );
});
afterAll(async () => {
  await stack.disposeAsync();
  fs.rmSync(folder, { recursive: true, force: true });
});

const ask = (pathname: string, init?: RequestInit) => fetch(belfry.url + pathname, init);
const form = (fields: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(fields),
});
interface Envelope<T> {
  status: string;
  data: T;
  errorType?: string;
  error?: string;
  warnings?: string[];
}
const json = async <T>(response: Response): Promise<Envelope<T>> => (await response.json()) as Envelope<T>;

describe('queries', () => {
  test('an instant query by GET and by form gives the same answer', async () => {
    const time = String(Math.floor(Date.now() / 1000));
    const got = await json(await ask(`/api/v1/query?query=temp&time=${time}`));
    const posted = await json(await ask('/api/v1/query', form({ query: 'temp', time })));
    expect(got).toEqual(posted);
    expect(got).toEqual({
      status: 'success',
      data: {
        resultType: 'vector',
        result: [
          {
            metric: { __name__: 'temp', instance: target, job: 'app', site: 'north' },
            value: [Number(time), '21.5'],
          },
        ],
      },
    });
  });

  test('a range query has one value per step', async () => {
    const end = Math.floor(Date.now() / 1000);
    const { data } = await json<{ resultType: string; result: { values: [number, string][] }[] }>(
      await ask(`/api/v1/query_range?query=temp&start=${end - 1}&end=${end}&step=500ms`),
    );
    expect(data.resultType).toBe('matrix');
    expect(data.result[0]!.values.map(([time]) => time)).toEqual(
      [end - 1, end - 0.5, end].slice(-data.result[0]!.values.length),
    );
  });

  test.each([
    ['scalar(temp)', 'scalar'],
    ['"text"', 'string'],
    ['temp[1m]', 'matrix'],
  ])('%s is a %s', async (query, type) => {
    const { data } = await json<{ resultType: string }>(await ask('/api/v1/query', form({ query })));
    expect(data.resultType).toBe(type);
  });

  test.each([
    ['/api/v1/query?query=sum(', 400, 'bad_data', /^invalid parameter "query": 1:\d+: parse error: /],
    ['/api/v1/query', 400, 'bad_data', /^invalid parameter "query": /],
    [
      '/api/v1/query?query=up&time=noon',
      400,
      'bad_data',
      `invalid parameter "time": invalid time value for 'time': cannot parse "noon" to a valid timestamp`,
    ],
    [
      '/api/v1/query_range?query=up&start=2&end=1&step=1',
      400,
      'bad_data',
      /^invalid parameter "end": end timestamp must not be before start/,
    ],
    [
      '/api/v1/query_range?query=up&start=1&end=2&step=0',
      400,
      'bad_data',
      /^invalid parameter "step": zero or negative/,
    ],
    [
      '/api/v1/query_range?query=up&start=0&end=11002&step=1',
      400,
      'bad_data',
      /^exceeded maximum resolution of 11,000 points per timeseries\./,
    ],
    [
      '/api/v1/query?query=up{a="b"}%20%2B%20on(x)%20requests_total%20*%20on(job)%20requests_total',
      422,
      'execution',
      /duplicate series|many-to-many/,
    ],
    ['/api/v1/series', 400, 'bad_data', 'no match[] parameter provided'],
    ['/api/v1/series?match[]=sum(up)', 400, 'bad_data', /^invalid parameter "match\[\]": /],
    ['/api/v1/labels?start=x', 400, 'bad_data', /"start"/],
    ['/api/v1/nothing', 404, 'not_found', /no such endpoint/],
  ])('%s is refused with %d %s', async (pathname, status, type, message) => {
    const response = await ask(pathname);
    const body = await json(response);
    expect({ status: response.status, type: body.errorType }).toEqual({ status, type });
    if (typeof message === 'string') expect(body.error).toBe(message);
    else expect(body.error).toMatch(message);
  });

  test('a form that is too large is refused', async () => {
    const response = await ask('/api/v1/query', form({ query: 'x'.repeat(5 * 1024 * 1024) }));
    expect(response.status).toBe(400);
    expect((await json(response)).error).toContain('4194304 bytes');
  });
});

describe('the rest of the query API', () => {
  test('a query in normal form, and as a tree', async () => {
    const query = 'sum(rate(a{b=~"c"}[5m]offset 1m))by(job)';
    expect((await json(await ask('/api/v1/format_query', form({ query })))).data).toBe(
      'sum by (job) (rate(a{b=~"c"}[5m] offset 1m))',
    );
    const { data } = await json(await ask(`/api/v1/parse_query?query=${encodeURIComponent(query)}`));
    expect(data).toEqual({
      type: 'aggregation',
      op: 'sum',
      grouping: ['job'],
      without: false,
      param: null,
      expr: {
        type: 'call',
        func: { name: 'rate', argTypes: ['matrix'], variadic: 0, returnType: 'vector' },
        args: [
          {
            type: 'matrixSelector',
            name: 'a',
            range: 300_000,
            offset: 60_000,
            matchers: [
              { name: 'b', value: 'c', type: '=~' },
              { name: '__name__', value: 'a', type: '=' },
            ],
            timestamp: null,
            startOrEnd: null,
            anchored: false,
            smoothed: false,
          },
        ],
      },
    });
    const wrong = await ask('/api/v1/parse_query', form({ query: 'sum(' }));
    expect([wrong.status, (await json(wrong)).errorType]).toEqual([400, 'bad_data']);
  });

  test('no exemplars are stored, and a wrong expression is told all the same', async () => {
    expect((await json(await ask('/api/v1/query_exemplars?query=temp'))).data).toEqual([]);
    expect((await ask('/api/v1/query_exemplars?query=sum(')).status).toBe(400);
  });

  test('stats are totals, or per step when all are asked for', async () => {
    interface Stats {
      stats: { timings: Record<string, number>; samples: Record<string, unknown> };
    }
    const end = Math.floor(Date.now() / 1000);
    const range = `/api/v1/query_range?query=temp&start=${end - 2}&end=${end}&step=1`;
    const plain = await json<Stats>(await ask(range));
    expect(plain.data.stats).toBeUndefined();
    const basic = await json<Stats>(await ask(`${range}&stats=true`));
    expect(Object.keys(basic.data.stats.samples).sort()).toEqual([
      'peakSamples',
      'samplesRead',
      'totalQueryableSamples',
    ]);
    const all = await json<Stats>(await ask(`${range}&stats=all`));
    const perStep = all.data.stats.samples.totalQueryableSamplesPerStep as [number, number][];
    expect(perStep.map(([time]) => time)).toEqual([end - 2, end - 1, end]);
    expect(all.data.stats.timings).toHaveProperty('evalTotalTime');
  });

  test('a lookback of its own decides what is seen', async () => {
    const time = String(Math.floor(Date.now() / 1000) + 60);
    const seen = await json<{ result: unknown[] }>(await ask('/api/v1/query', form({ query: 'temp', time })));
    const unseen = await json<{ result: unknown[] }>(
      await ask('/api/v1/query', form({ query: 'temp', time, lookback_delta: '5s' })),
    );
    expect([seen.data.result.length, unseen.data.result.length]).toEqual([1, 0]);
  });

  test('a limit cuts a result and says so; infos and warnings come along', async () => {
    const limited = await json<{ result: unknown[] }>(
      await ask('/api/v1/query', form({ query: 'requests_total', limit: '1' })),
    );
    expect(limited.data.result).toHaveLength(1);
    expect(limited.warnings).toEqual(['results truncated due to limit']);
    const noted = await json(await ask('/api/v1/query', form({ query: 'rate(temp[1m])' })));
    expect(JSON.stringify(noted)).toContain('PromQL info: metric might not be a counter');
  });

  test('parameters nobody knows are ignored', async () => {
    expect((await ask('/api/v1/query?query=1&nocache=7&dedup=true')).status).toBe(200);
  });

  test('large answers are compressed as the client likes, small ones never', async () => {
    const query = 'label_replace(vector(1), "a", "x", "", "") or absent(nothing{b="y"})';
    const raw = (pathname: string, encoding: string) =>
      new Promise<{ encoding: string | undefined; body: Buffer }>((resolve, reject) => {
        http
          .get(belfry.url + pathname, { headers: { 'accept-encoding': encoding } }, (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () =>
              resolve({ encoding: response.headers['content-encoding'], body: Buffer.concat(chunks) }),
            );
          })
          .on('error', reject);
      });
    expect((await raw(`/api/v1/query?query=${encodeURIComponent(query)}`, 'gzip')).encoding).toBeUndefined();
    const end = 1_700_000_000;
    const large = `/api/v1/query_range?query=vector(time())&start=${end - 10_000}&end=${end}&step=1`;
    const plain = await raw(large, 'identity');
    expect(plain.encoding).toBeUndefined();
    const zipped = await raw(large, 'gzip, deflate');
    expect(zipped.encoding).toBe('gzip');
    expect(zlib.gunzipSync(zipped.body)).toEqual(plain.body);
    const zstd = await raw(large, 'gzip, zstd');
    expect(zstd.encoding).toBe('zstd');
    expect(zlib.zstdDecompressSync(zstd.body)).toEqual(plain.body);
    expect((await raw('/api/v1/features', 'gzip')).encoding).toBeUndefined();
    expect((await raw('/metrics', 'gzip')).encoding).toBe('gzip');
  });

  test('a page for other servers: newest samples with their times', async () => {
    const response = await ask('/federate?match[]=temp&match[]=requests_total');
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const text = await response.text();
    expect(text).toMatch(
      new RegExp(
        `^# TYPE requests_total untyped\nrequests_total\\{code="200",instance="${target}",job="app",site="north"\\} 10 \\d{13}$`,
        'm',
      ),
    );
    expect(text).toMatch(/^temp\{.*\} 21\.5 \d{13}$/m);
    expect(await (await ask('/federate?match[]=nothing')).text()).toBe('');
    const wrong = await ask('/federate?match[]=sum(temp)');
    expect([wrong.status, wrong.headers.get('content-type')]).toEqual([400, 'text/plain; charset=UTF-8']);
  });
});

describe('methods', () => {
  test.each(['/-/healthy', '/-/ready', '/metrics', '/api/v1/labels'])(
    'HEAD %s has no body',
    async (pathname) => {
      const response = await ask(pathname, { method: 'HEAD' });
      expect([response.status, await response.text()]).toEqual([200, '']);
    },
  );

  test.each([
    ['DELETE', '/api/v1/query', 'GET, HEAD, POST'],
    ['POST', '/api/v1/targets', 'GET, HEAD'],
    ['POST', '/api/v1/label/job/values', 'GET, HEAD'],
    ['GET', '/api/v1/write', 'POST'],
    ['GET', '/-/reload', 'POST, PUT'],
    ['POST', '/-/healthy', 'GET, HEAD'],
  ])('%s %s is not allowed', async (method, pathname, allow) => {
    const response = await ask(pathname, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow]);
  });

  test('every endpoint that the description names is there, by every method', async () => {
    const text = await (await ask('/api/v1/openapi.yaml')).text();
    const { paths } = parse(text) as { paths: Record<string, Record<string, unknown>> };
    expect(Object.keys(paths).length).toBeGreaterThan(30);
    for (const [pathname, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods)) {
        const { status } = await ask(`/api/v1${pathname.replace('{name}', 'job')}`, {
          method: method.toUpperCase(),
        });
        expect([pathname, method, status === 404 || status === 405]).toEqual([pathname, method, false]);
      }
    }
  });

  test('delete_series says what would go, and then deletes it for good', async () => {
    const admin = '/api/v1/admin/tsdb/delete_series';
    const match = new URLSearchParams({ 'match[]': 'scrape_samples_scraped' });
    const count = async (): Promise<number> =>
      (await belfry.query('count_over_time(scrape_samples_scraped[1h])'))[0]?.value ?? 0;
    const before = await count();
    expect(before).toBeGreaterThan(0);
    const { data } = await json<{ series: number; samples: number; examples: string[] }>(
      await ask(`${admin}/preview?${match}`),
    );
    expect(data.series).toBe(1);
    expect(data.samples).toBeGreaterThanOrEqual(before);
    expect(data.examples[0]).toContain('scrape_samples_scraped{');
    const deleted = await ask(admin, { method: 'POST', body: match });
    expect([deleted.status, await deleted.text()]).toEqual([204, '']);
    // Only what has come since.
    expect(await count()).toBeLessThan(before);
    expect((await ask('/api/v1/admin/tsdb/clean_tombstones', { method: 'POST' })).status).toBe(204);
    const refused = await ask(admin, { method: 'PUT' });
    expect(refused.status).toBe(400);
    expect(await json(refused)).toMatchObject({
      errorType: 'bad_data',
      error: 'no match[] parameter provided',
    });
  });
});

describe('labels and series', () => {
  test('names, values and series of what is stored', async () => {
    expect((await json<string[]>(await ask('/api/v1/labels?match[]=requests_total'))).data).toEqual([
      '__name__',
      'code',
      'instance',
      'job',
      'site',
    ]);
    expect((await json(await ask('/api/v1/label/code/values'))).data).toEqual(['200', '500']);
    expect((await json<string[]>(await ask('/api/v1/label/__name__/values'))).data).toContain(
      'scrape_duration_seconds',
    );
    expect((await json(await ask('/api/v1/series?match[]=temp'))).data).toEqual([
      { __name__: 'temp', instance: target, job: 'app', site: 'north' },
    ]);
  });

  test('a limit cuts the list and says so', async () => {
    const limited = await json(await ask('/api/v1/label/code/values?limit=1'));
    expect(limited.data).toEqual(['200']);
    expect(limited.warnings).toEqual(['results truncated due to limit']);
  });

  test('a time before all samples finds nothing', async () => {
    expect((await json(await ask('/api/v1/labels?start=0&end=1'))).data).toEqual([]);
  });
});

describe('monitoring', () => {
  test('targets, rules and alerts in the shapes of Prometheus', async () => {
    const targets = await json<{ activeTargets: unknown[]; droppedTargets: unknown[] }>(
      await ask('/api/v1/targets'),
    );
    expect(targets.data.activeTargets).toMatchObject([
      {
        labels: { instance: target, job: 'app', site: 'north' },
        scrapePool: 'app',
        health: 'up',
        lastError: '',
        scrapeInterval: '1s',
      },
    ]);
    const rules = await json<{ groups: unknown[] }>(await ask('/api/v1/rules'));
    expect(rules.data.groups).toMatchObject([
      {
        name: 'g',
        interval: 1,
        rules: [
          {
            type: 'recording',
            name: 'code:requests:sum',
            query: 'sum by (code) (requests_total)',
            health: 'ok',
          },
          { type: 'alerting', name: 'Always', state: 'firing', health: 'ok', labels: { severity: 'page' } },
        ],
      },
      { name: 'h' },
    ]);
    expect(
      (await json<{ groups: { rules: unknown[] }[] }>(await ask('/api/v1/rules?type=record'))).data.groups[0]!
        .rules,
    ).toHaveLength(1);
    const alerts = await json<{ alerts: unknown[] }>(await ask('/api/v1/alerts'));
    expect(alerts.data.alerts).toMatchObject([
      {
        state: 'firing',
        labels: { alertname: 'Always', severity: 'page', site: 'north' },
        annotations: { summary: 'it is 21.5 at north' },
        value: '2.15e+01',
      },
    ]);
  });

  test('rules by type, name, label and page', async () => {
    interface Rules {
      groups: { name: string; rules: { name: string; alerts?: unknown[] }[] }[];
      groupNextToken?: string;
    }
    const rules = async (query: string) => (await json<Rules>(await ask(`/api/v1/rules?${query}`))).data;
    const names = async (query: string) =>
      (await rules(query)).groups.flatMap((group) => group.rules.map((rule) => rule.name));
    expect(await names('')).toEqual(['code:requests:sum', 'Always', 'Other']);
    expect(await names('type=alert&rule_name[]=Other')).toEqual(['Other']);
    expect(await names(`match[]=${encodeURIComponent('{severity="page"}')}`)).toEqual(['Always']);
    expect(await names('rule_group[]=h&file[]=nowhere')).toEqual([]);
    const first = await rules('group_limit=1');
    expect(first.groups.map(({ name }) => name)).toEqual(['g']);
    const second = await rules(`group_limit=1&group_next_token=${first.groupNextToken}`);
    expect(second.groups.map(({ name }) => name)).toEqual(['h']);
    expect(second.groupNextToken).toBeUndefined();
    expect((await rules('exclude_alerts=true')).groups[0]!.rules[1]!.alerts).toEqual([]);
    for (const wrong of [
      'type=x',
      'exclude_alerts=maybe',
      'group_limit=0',
      'group_next_token=abc',
      'group_limit=1&group_next_token=abc',
      'match[]=sum(x)',
    ]) {
      const response = await ask(`/api/v1/rules?${wrong}`);
      expect([wrong, response.status]).toEqual([wrong, 400]);
    }
  });

  test('metadata by metric and by target', async () => {
    const about = { type: 'gauge', help: 'Degrees.', unit: '' };
    expect((await json(await ask('/api/v1/metadata?metric=temp'))).data).toEqual({ temp: [about] });
    expect(Object.keys((await json<object>(await ask('/api/v1/metadata?limit=1'))).data)).toHaveLength(1);
    expect((await ask('/api/v1/metadata?limit=x')).status).toBe(400);
    const { data } = await json(
      await ask(`/api/v1/targets/metadata?metric=temp&match_target=${encodeURIComponent('{job="app"}')}`),
    );
    expect(data).toEqual([{ target: expect.objectContaining({ job: 'app' }), ...about }]);
    expect((await json(await ask('/api/v1/targets/metadata?metric=nothing'))).data).toEqual([]);
  });

  test('features, notifications, own metrics and files', async () => {
    const features = (await json<Record<string, Record<string, boolean>>>(await ask('/api/v1/features')))
      .data;
    expect(features.promql_functions).toMatchObject({ rate: true, info: true });
    expect(features.tsdb).toMatchObject({ exemplar_storage: true, out_of_order: true });
    expect((await json(await ask('/api/v1/notifications'))).data).toEqual([]);
    expect((await ask('/api/v1/notifications/live')).status).toBe(204);
    const own = await json<{ name: string; type: string; metric: unknown[] }[]>(
      await ask('/api/v1/status/self_metrics?metric_name_pattern=belfry_tsdb_samples_.*'),
    );
    expect(own.data).toContainEqual({
      name: 'belfry_tsdb_samples_appended_total',
      help: expect.any(String),
      type: 'COUNTER',
      metric: [{ label: [], counter: { value: expect.any(Number) } }],
    });
    expect((await ask('/api/v1/status/self_metrics?metric_name_pattern=(')).status).toBe(400);
    expect((await ask('/api/v1/admin/flush', { method: 'POST' })).status).toBe(200);
    const { blocks } = (await json<{ blocks: { ulid: string }[] }>(await ask('/api/v1/status/tsdb/blocks')))
      .data;
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks)
      expect(block).toMatchObject({
        ulid: expect.stringMatching(/^\d{8}(\.hot)?$/),
        stats: { numSamples: expect.any(Number), numSeries: expect.any(Number) },
      });
  });

  test('a series that is gone from the page is gone from answers at once', async () => {
    page = 'temp 21.5\n';
    await eventually(
      'requests_total is stale',
      async () => (await belfry.query('requests_total')).length === 0,
    );
    expect((await belfry.query('temp')).length).toBe(1);
  });

  test('how a target came to be is told step by step, and who found it', async () => {
    const labels = encodeURIComponent(JSON.stringify({ __address__: target, site: 'north' }));
    const { data } = await json<{ outcome: unknown }>(
      await ask(`/api/v1/targets/relabel_steps?scrapePool=app&labels=${labels}`),
    );
    expect(data).toEqual({
      steps: [],
      outcome: {
        scrapeUrl: `http://${target}/metrics`,
        labels: { instance: target, job: 'app', site: 'north' },
      },
    });
    expect((await ask('/api/v1/targets/relabel_steps?scrapePool=none&labels={}')).status).toBe(400);
    // None of its targets is found by anything but the file itself.
    expect(await (await ask('/api/discovery')).json()).toEqual([]);
  });

  test('secrets are never shown', async () => {
    const shown = await (await ask('/api/v1/status/config')).text();
    expect(shown).toContain('<secret>');
    expect(shown).not.toContain('hunter2');
  });

  test('status and cardinality are real', async () => {
    expect((await json<{ version: string }>(await ask('/api/v1/status/buildinfo'))).data.version).toMatch(
      /^3\./,
    );
    const { data } = await json<{
      headStats: { numSeries: number; minTime: number; maxTime: number };
      seriesCountByMetricName: { name: string; value: number }[];
    }>(await ask('/api/v1/status/tsdb'));
    const { numSeries, minTime, maxTime } = data.headStats;
    expect(numSeries).toBeGreaterThan(8);
    expect(minTime).toBeGreaterThanOrEqual(startedAt - 1000);
    expect(maxTime).toBeGreaterThanOrEqual(minTime);
    expect(data.seriesCountByMetricName).toContainEqual({ name: 'requests_total', value: 2 });
  });

  test('own metrics parse, as text and as OpenMetrics', async () => {
    const text = await ask('/metrics');
    expect(text.headers.get('content-type')).toContain('version=0.0.4');
    expect(await text.text()).toMatch(/^belfry_tsdb_samples_appended_total \d+$/m);
    const open = await ask('/metrics', { headers: { accept: 'application/openmetrics-text;version=1.0.0' } });
    expect(open.headers.get('content-type')).toContain('application/openmetrics-text');
    expect(await open.text()).toMatch(/# EOF\n$/);
  });
});

describe('operation', () => {
  // Before the tests that run the executable to its end: this process, and so the target, stands still meanwhile.
  test('a rule is rehearsed over what is stored, as it is and with another threshold', async () => {
    const rehearse = async (fields: object) => {
      const response = await ask('/api/rehearse', { method: 'POST', body: JSON.stringify(fields) });
      return {
        status: response.status,
        body: (await response.json()) as { error?: string; summary: { firings: number }; firings: unknown[] },
      };
    };
    const from = Math.floor(Date.now() / 1000) - 120;
    const asItIs = await rehearse({ alert: 'Always', from });
    // A scrape that a busy machine missed ends it, here as it did then.
    expect(asItIs.body.summary.firings).toBeGreaterThan(0);
    expect(asItIs.body.firings).toMatchObject(
      asItIs.body.firings.map(() => ({ labels: { alertname: 'Always', site: 'north' }, peak: 21.5 })),
    );
    expect((await rehearse({ alert: 'Always', from, expr: 'temp > 30' })).body.summary.firings).toBe(0);
    expect(await rehearse({ alert: 'Never' })).toMatchObject({
      status: 404,
      body: { error: 'no alerting rule "Never" is loaded' },
    });
    expect(await rehearse({ alert: 'Always', expr: 'temp >' })).toMatchObject({ status: 400 });
    expect(await rehearse({ alert: 'Always', for: 'long' })).toMatchObject({ status: 400 });
  });

  test('a reload takes a good configuration and refuses a bad one, and the old one goes on', async () => {
    fs.writeFileSync(file, config(target, 'nonsense: 1\n'));
    const refused = await ask('/-/reload', { method: 'POST' });
    expect(refused.status).toBe(500);
    expect(await refused.text()).toContain('nonsense');
    expect(await (await ask('/metrics')).text()).toContain('belfry_config_last_reload_successful 0');
    expect((await ask('/-/ready')).status).toBe(200);
    fs.writeFileSync(file, config(target, 'self: {}\n'));
    expect((await ask('/-/reload', { method: 'POST' })).status).toBe(200);
    await eventually(
      'the new target is scraped',
      async () => (await belfry.query('up{job="belfry"} == 1')).length === 1,
    );
    fs.writeFileSync(file, config(target));
    belfry.kill('SIGHUP');
    await eventually('the target is gone', async () => (await belfry.query('up{job="belfry"}')).length === 0);
  });

  test('other names and other pages are refused', async () => {
    const raw = (headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        http
          .get(`${belfry.url}/api/v1/query?query=1`, { headers }, (response) =>
            resolve(response.resume().statusCode!),
          )
          .on('error', reject);
      });
    expect(await raw({ host: 'evil.example.com' })).toBe(403);
    expect(await raw({ origin: 'http://evil.example.com' })).toBe(403);
    expect(await raw({})).toBe(200);
  });

  test('an address for everybody needs users', async () => {
    const port = await freePort();
    const { status, output } = runToEnd([
      'serve',
      '--data',
      path.join(folder, 'other'),
      '--listen',
      `0.0.0.0:${port}`,
    ]);
    expect(output).toContain('add web.users, or web.allow_anonymous: true');
    expect(status).toBe(1);
  });

  test('a dashboard can be put in and is listed', async () => {
    const dashboard = {
      dashboard: {
        uid: 'u1',
        title: 'One',
        panels: [{ id: 1, type: 'graph', title: 'T', targets: [{ expr: 'temp' }] }],
      },
    };
    const put = await ask('/api/dashboards', { method: 'POST', body: JSON.stringify(dashboard) });
    expect(put.status).toBe(201);
    expect(await (await ask('/api/dashboards')).json()).toMatchObject([{ uid: 'u1', title: 'One' }]);
    expect(await (await ask('/api/dashboards/u1')).json()).toMatchObject({
      title: 'One',
      panels: [{ type: 'timeseries' }],
    });
  });

  test('health commands tell a running monitor from a stopped one', () => {
    expect(runToEnd(['ready', '--url', belfry.url]).status).toBe(0);
    expect(runToEnd(['healthy', '--url', 'http://127.0.0.1:9']).status).toBe(1);
  });

  test('queries in flight are listed, and a flush puts everything on disk', async () => {
    await belfry.query('temp + 0');
    const listed = (await (await ask('/api/queries')).json()) as QueryStatus[];
    expect(listed.filter(({ state }) => state === 'running' || state === 'waiting')).toEqual([]);
    expect(listed[0]).toMatchObject({
      kind: 'instant',
      query: 'temp + 0',
      state: 'done',
      cost: { status: 200, answerBytes: expect.any(Number), evaluationMs: expect.any(Number) },
    });
    expect(listed[0]!.cost!.samplesRead).toBeGreaterThan(0);
    expect((await ask('/api/v1/admin/flush', { method: 'POST' })).status).toBe(200);
    expect((await belfry.query('count_over_time(temp[1m])'))[0]!.value).toBeGreaterThan(2);
    const files = fs.readdirSync(path.join(folder, 'data'));
    expect(files.some((name) => /^\d{8}\.hot\.db$/.test(name))).toBe(true);
  });
});
