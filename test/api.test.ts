import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
${extra}`;
let target: string;
let file: string;

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
      'invalid parameter "time": cannot parse "noon" to a valid timestamp',
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

  test('a series that is gone from the page is gone from answers at once', async () => {
    page = 'temp 21.5\n';
    await eventually(
      'requests_total is stale',
      async () => (await belfry.query('requests_total')).length === 0,
    );
    expect((await belfry.query('temp')).length).toBe(1);
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
      headStats: { numSeries: number };
      seriesCountByMetricName: { name: string; value: number }[];
    }>(await ask('/api/v1/status/tsdb'));
    expect(data.headStats.numSeries).toBeGreaterThan(8);
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
  test('a reload takes a good configuration and refuses a bad one, and the old one goes on', async () => {
    fs.writeFileSync(file, config(target, 'nonsense: 1\n'));
    const refused = await ask('/-/reload', { method: 'POST' });
    expect(refused.status).toBe(500);
    expect(await refused.text()).toContain('nonsense');
    expect((await belfry.query('belfry_config_last_reload_successful')).length).toBe(0);
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
    expect(output).toContain('basic_auth_users');
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
    expect(asItIs.body.summary).toMatchObject({ firings: 1 });
    expect(asItIs.body.firings).toMatchObject([
      { labels: { alertname: 'Always', site: 'north' }, peak: 21.5 },
    ]);
    expect((await rehearse({ alert: 'Always', from, expr: 'temp > 30' })).body.summary.firings).toBe(0);
    expect(await rehearse({ alert: 'Never' })).toMatchObject({
      status: 404,
      body: { error: 'no alerting rule "Never" is loaded' },
    });
    expect(await rehearse({ alert: 'Always', expr: 'temp >' })).toMatchObject({ status: 400 });
    expect(await rehearse({ alert: 'Always', for: 'long' })).toMatchObject({ status: 400 });
  });

  test('queries in flight are listed, and a flush puts everything on disk', async () => {
    expect(await (await ask('/api/queries')).json()).toEqual([]);
    expect((await ask('/api/v1/admin/flush', { method: 'POST' })).status).toBe(200);
    expect((await belfry.query('count_over_time(temp[1m])'))[0]!.value).toBeGreaterThan(2);
    const files = fs.readdirSync(path.join(folder, 'data'));
    expect(files.some((name) => /^\d{8}\.hot\.db$/.test(name))).toBe(true);
  });
});
