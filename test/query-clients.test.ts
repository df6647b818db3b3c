import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeSnappy } from '../src/exposition/remote/snappy.ts';
import { type SentSeries, writeRequestV1 } from '../src/exposition/remote/write-request.fixture.ts';
import { type Appliance, startAppliance, temporaryFolder } from './harness/appliance.ts';
import { peer } from './harness/peers.ts';

/** The API as others use it: the real promtool, and requests as Grafana's Prometheus data source makes them. */
const promtoolProgram = peer('promtool');

const stack = new AsyncDisposableStack();
let belfry: Appliance;
let folder: string;
/** A whole minute: times print without fractions. */
const now = Math.floor(Date.now() / 60_000) * 60_000;
const seconds = now / 1000;

beforeAll(async () => {
  folder = temporaryFolder('clients');
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(
    config,
    `global: {evaluation_interval: 1s}
groups: [{name: g, rules: [{alert: Always, expr: vector(1)}, {record: one, expr: vector(1)}]}]
`,
  );
  belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  const series = ['a', 'b'].flatMap((job, j) =>
    ['200', '500'].map((code, c): SentSeries => {
      const step = 15 * (2 * j + c + 1);
      return {
        labels: [
          ['__name__', 'http_requests_total'],
          ['code', code],
          ['job', job],
        ],
        samples: Array.from({ length: 41 }, (_, i) => [now - (40 - i) * 15_000, i * step] as const),
      };
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

describe.skipIf(!promtoolProgram.isThere)('promtool', () => {
  const promtool = async (...args: string[]) => {
    const child = spawn(promtoolProgram.file, ['query', ...args], { timeout: 120_000 });
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, 'close'),
    ]);
    return { status: status as number | null, lines: stdout.trim().split('\n'), stderr };
  };
  const times = (): string[] => [`--start=${seconds - 60}`, `--end=${seconds}`];

  test('query instant', async () => {
    const expr = 'round(sum by (job) (rate(http_requests_total[5m])))';
    expect(await promtool('instant', `--time=${seconds}`, belfry.url, expr)).toMatchObject({
      status: 0,
      lines: [`{job="a"} => 3 @[${seconds}]`, `{job="b"} => 7 @[${seconds}]`],
    });
  });

  test('query instant of a scalar and as JSON', async () => {
    expect((await promtool('instant', `--time=${seconds}`, belfry.url, '1 + 1')).lines).toEqual([
      `scalar: 2 @[${seconds}]`,
    ]);
    const { lines } = await promtool(
      '--format=json',
      'instant',
      `--time=${seconds}`,
      belfry.url,
      'vector(3)',
    );
    expect(JSON.parse(lines[0]!)).toEqual([{ metric: {}, value: [seconds, '3'] }]);
  });

  test('query range', async () => {
    const expr = 'http_requests_total{job="a", code="200"}';
    expect((await promtool('range', ...times(), '--step=30s', belfry.url, expr)).lines).toEqual([
      'http_requests_total{code="200", job="a"} =>',
      `540 @[${seconds - 60}]`,
      `570 @[${seconds - 30}]`,
      `600 @[${seconds}]`,
    ]);
  });

  test('query series', async () => {
    const { lines } = await promtool(
      'series',
      ...times(),
      '--match=http_requests_total{code="500"}',
      belfry.url,
    );
    expect(lines).toEqual([
      '{__name__="http_requests_total", code="500", job="a"}',
      '{__name__="http_requests_total", code="500", job="b"}',
    ]);
  });

  test('query labels', async () => {
    const { lines } = await promtool('labels', ...times(), '--match=http_requests_total', belfry.url, 'code');
    expect(lines).toEqual(['200', '500']);
  });

  test('a mistake ends with 1 and says which', async () => {
    const { status, stderr } = await promtool('instant', belfry.url, 'sum(');
    expect(status).toBe(1);
    expect(stderr).toContain('bad_data: invalid parameter "query": 1:5: parse error');
  });
});

describe("Grafana's Prometheus data source", () => {
  /** What the backend of the data source sends with every request. */
  const HEADERS = {
    'accept-encoding': 'gzip',
    'user-agent': 'Grafana/12.3.0',
    'x-datasource-uid': 'dsuid',
    'x-dashboard-uid': 'dash',
    'x-panel-id': '2',
    'x-query-group-id': 'f3c5b0f4',
    'x-grafana-org-id': '1',
    'x-real-ip': '192.0.2.7',
    'x-forwarded-for': '192.0.2.7, 127.0.0.1',
  };
  const get = async (pathname: string) => {
    const response = await fetch(belfry.url + pathname, { headers: HEADERS });
    return { status: response.status, body: (await response.json()) as { status: string; data: unknown } };
  };
  const post = async (pathname: string, fields: Record<string, string>, headers = {}) => {
    const response = await fetch(belfry.url + pathname, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: { ...HEADERS, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    });
    return { status: response.status, body: (await response.json()) as { status: string; data: unknown } };
  };

  test('the health check of a new data source', async () => {
    expect(await post('/api/v1/query', { query: '1+1', time: `${seconds}.123` })).toEqual({
      status: 200,
      body: { status: 'success', data: { resultType: 'scalar', result: [seconds + 0.123, '2'] } },
    });
  });

  test('it asks what stands behind the address', async () => {
    const { status, body } = await get('/api/v1/status/buildinfo');
    expect(status).toBe(200);
    expect(body.data).toMatchObject({ version: expect.stringMatching(/^3\./), application: 'belfry' });
  });

  test('a panel: a posted form, times and step as floats', async () => {
    const { status, body } = await post('/api/v1/query_range', {
      end: `${seconds}.000`,
      query: 'sum by (job) (rate(http_requests_total{job=~"a|b"}[1m15s]))',
      start: String(seconds - 60),
      step: '30.0',
    });
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      resultType: 'matrix',
      result: [
        {
          metric: { job: 'a' },
          values: [
            [seconds - 60, '3'],
            [seconds - 30, '3'],
            [seconds, '3'],
          ],
        },
        { metric: { job: 'b' }, values: expect.any(Array) },
      ],
    });
  });

  test('a step of a fraction of a second', async () => {
    const { body } = await post('/api/v1/query_range', {
      query: 'vector(1)',
      start: String(seconds),
      end: String(seconds + 1),
      step: '0.5',
    });
    expect(body.data).toMatchObject({
      result: [
        {
          values: [
            [seconds, '1'],
            [seconds + 0.5, '1'],
            [seconds + 1, '1'],
          ],
        },
      ],
    });
  });

  test('a long answer comes compressed', async () => {
    const response = await fetch(`${belfry.url}/api/v1/query_range`, {
      method: 'POST',
      body: new URLSearchParams({
        query: 'time()',
        start: String(seconds - 10_000),
        end: String(seconds),
        step: '1',
      }),
      headers: HEADERS,
    });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(((await response.json()) as { data: { result: object[] } }).data.result).toHaveLength(1);
  });

  test('an instant query for a table', async () => {
    const { body } = await post('/api/v1/query', {
      query: 'topk(1, http_requests_total)',
      time: String(seconds),
    });
    expect(body.data).toEqual({
      resultType: 'vector',
      result: [
        { metric: { __name__: 'http_requests_total', code: '500', job: 'b' }, value: [seconds, '2400'] },
      ],
    });
  });

  const range = `start=${seconds - 3600}&end=${seconds}`;
  const all = encodeURIComponent('http_requests_total{code="500"}');
  test.each<[string, string, unknown, string[]?]>([
    ['label names', `/api/v1/labels?${range}`, ['__name__', 'code', 'job']],
    ['values of a variable', `/api/v1/label/job/values?${range}`, ['a', 'b']],
    ['values of a variable of a selector', `/api/v1/label/code/values?${range}&match%5B%5D=${all}`, ['500']],
    ['values of a name in another alphabet', `/api/v1/label/U__größe/values?${range}`, []],
    [
      'values, at most some',
      `/api/v1/label/job/values?${range}&limit=1`,
      ['a'],
      ['results truncated due to limit'],
    ],
    [
      'series of a selector',
      `/api/v1/series?${range}&match%5B%5D=${all}&limit=40000`,
      [
        { __name__: 'http_requests_total', code: '500', job: 'a' },
        { __name__: 'http_requests_total', code: '500', job: 'b' },
      ],
    ],
    ['metadata, some of each', '/api/v1/metadata?limit_per_metric=1&limit=10', {}],
    ['exemplars', `/api/v1/query_exemplars?query=http_requests_total&${range}`, []],
  ])('%s', async (_, pathname, data, warnings) => {
    const { status, body } = await get(pathname);
    expect(status).toBe(200);
    expect(body).toEqual({ status: 'success', data, ...(warnings ? { warnings } : {}) });
  });

  test('label names and series by form', async () => {
    const fields = { 'match[]': 'http_requests_total', start: String(seconds - 3600), end: String(seconds) };
    expect((await post('/api/v1/labels', fields)).body.data).toEqual(['__name__', 'code', 'job']);
    expect((await post('/api/v1/series', fields)).body.data).toHaveLength(4);
  });

  test('rules and alerts for its alerting pages', async () => {
    const groups = (await get('/api/v1/rules?type=alert')).body.data as { groups: { rules: object[] }[] };
    expect(groups.groups[0]!.rules).toMatchObject([{ name: 'Always', type: 'alerting' }]);
    const both = (await get('/api/v1/rules')).body.data as { groups: { rules: object[] }[] };
    expect(both.groups[0]!.rules).toHaveLength(2);
    expect((await get('/api/v1/alerts')).status).toBe(200);
  });

  test('what only Mimir has is not found, in words it understands', async () => {
    const response = await fetch(`${belfry.url}/api/v1/status/config/v1/none`, { headers: HEADERS });
    expect(response.status).toBe(404);
  });

  test('a mistake carries the type and the text it shows', async () => {
    expect(await post('/api/v1/query_range', { query: 'rate(x)', start: '1', end: '2', step: '1' })).toEqual({
      status: 400,
      body: {
        status: 'error',
        errorType: 'bad_data',
        error:
          'invalid parameter "query": 1:6: parse error: expected type range vector in call to function "rate", got instant vector',
      },
    });
  });
});
