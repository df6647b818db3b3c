import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeSnappy } from '../src/exposition/remote/snappy.ts';
import { writeRequestV1 } from '../src/exposition/remote/write-request.fixture.ts';
import { labelsFromObject } from '../src/model/labels.ts';
import {
  type Appliance,
  eventually,
  freePort,
  startAppliance,
  temporaryFolder,
} from './harness/appliance.ts';
import {
  peer,
  prometheusReceiver,
  type Receiver,
  startFakeApp,
  victoriaMetricsReceiver,
} from './harness/peers.ts';

const prometheus = peer('prometheus');
const victoriaMetrics = peer('victoria-metrics');

/** Samples by series and time; each time once, or the series is listed among the doubled. */
interface Contents {
  readonly samples: Map<string, Map<number, string>>;
  readonly doubled: string[];
}

const SELECTOR = '{job=~"app|node|rules|pushed"}';

/** What Prometheus' API gives of raw samples; staleness markers are not told. */
async function rawSamples(url: string, until: number): Promise<Contents> {
  const body = new URLSearchParams({ query: `${SELECTOR}[10m]`, time: String(until / 1000) });
  const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body });
  if (!response.ok) throw new Error(await response.text());
  const { data } = (await response.json()) as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  return gathered(
    data.result.map(({ metric, values }) => ({
      metric,
      points: values.map(([at, value]) => [Math.round(at * 1000), value] as const),
    })),
  );
}

/** All samples there are, twice those that were stored twice. */
async function exported(url: string, until: number): Promise<Contents> {
  const query = new URLSearchParams({ 'match[]': SELECTOR, end: String(until / 1000) });
  const response = await fetch(`${url}/api/v1/export?${query}`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '');
  return gathered(
    lines.map((line) => {
      const { metric, values, timestamps } = JSON.parse(line) as {
        metric: Record<string, string>;
        values: (number | string | null)[];
        timestamps: number[];
      };
      return {
        metric,
        points: timestamps.flatMap((at, i) => (values[i] === null ? [] : [[at, String(values[i])] as const])),
      };
    }),
  );
}

function gathered(
  series: readonly { metric: Record<string, string>; points: readonly (readonly [number, string])[] }[],
): Contents {
  const samples = new Map<string, Map<number, string>>();
  const doubled: string[] = [];
  for (const { metric, points } of series) {
    const { site: _, ...labels } = metric;
    const key = JSON.stringify(Object.entries(labels).sort());
    const times = samples.get(key) ?? new Map<number, string>();
    samples.set(key, times);
    for (const [at, value] of points) {
      if (times.has(at)) doubled.push(`${key} at ${at}`);
      times.set(at, String(Number(value)));
    }
  }
  return { samples, doubled };
}

/** What one has and the other lacks, as text; empty when they are the same. */
function differences(mine: Contents, theirs: Contents): string[] {
  const found: string[] = [];
  for (const [key, times] of mine.samples) {
    for (const [at, value] of times) {
      const other = theirs.samples.get(key)?.get(at);
      if (other === undefined) found.push(`missing: ${key} at ${at}`);
      else if (Math.abs(Number(other) - Number(value)) > 1e-12 * Math.abs(Number(value))) {
        found.push(`differs: ${key} at ${at}: ${value} and ${other}`);
      }
    }
  }
  for (const [key, times] of theirs.samples) {
    for (const at of times.keys()) if (!mine.samples.get(key)?.has(at)) found.push(`more: ${key} at ${at}`);
  }
  return found;
}

const count = ({ samples }: Contents): number =>
  [...samples.values()].reduce((sum, times) => sum + times.size, 0);

async function push(belfry: Appliance, value: number): Promise<void> {
  // The second sample is late: it comes after newer ones of its series.
  const now = Date.now();
  const response = await fetch(`${belfry.url}/api/v1/write`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
    body: new Uint8Array(
      encodeSnappy(
        writeRequestV1([
          {
            labels: [
              ['__name__', 'pushed'],
              ['job', 'pushed'],
            ],
            samples: [
              [now, value],
              [now - 1501, -value],
            ],
          },
        ]),
      ),
    ),
  });
  expect(response.status).toBe(204);
}

const config = (app: string, writeUrl: string, message: string): string => `
global: {scrape_interval: 1s, external_labels: {site: north}}
host: {}
scrape_configs: [{job_name: app, static_configs: [{targets: ['${app}']}]}]
groups:
  - {name: g, interval: 1s, rules: [{record: requests:sum, expr: 'sum(http_requests_total)', labels: {job: rules}}]}
remote_write:
  - url: ${writeUrl}
    name: there
    protobuf_message: ${message}
    queue_config: {batch_send_deadline: 500ms, max_samples_per_send: 300, max_backoff: 1s}
`;

interface Kind {
  readonly name: string;
  readonly make: (stack: AsyncDisposableStack, folder: string) => Promise<Receiver>;
  readonly read: (url: string, until: number) => Promise<Contents>;
}

const kinds: readonly Kind[] = [
  ...(prometheus.isThere
    ? [
        {
          name: 'Prometheus',
          make: (stack: AsyncDisposableStack, folder: string) =>
            prometheusReceiver(stack, folder, prometheus),
          read: rawSamples,
        },
      ]
    : []),
  ...(victoriaMetrics.isThere
    ? [
        {
          name: 'VictoriaMetrics',
          make: (stack: AsyncDisposableStack, folder: string) =>
            victoriaMetricsReceiver(stack, folder, victoriaMetrics),
          read: exported,
        },
      ]
    : []),
];

describe.runIf(kinds.length > 0)('remote write to the real', () => {
  test.each(kinds)(
    '$name: it is away, Belfry is killed meanwhile, and nothing is lost or doubled',
    async (kind) => {
      await using stack = new AsyncDisposableStack();
      const folder = temporaryFolder('remote-write');
      stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
      const receiver = await kind.make(stack, folder);
      await receiver.start();
      const app = await startFakeApp(stack);
      const file = path.join(folder, 'belfry.yaml');
      fs.writeFileSync(file, config(app.address, receiver.writeUrl, 'prometheus.WriteRequest'));
      const start = { config: file, data: path.join(folder, 'data'), port: await freePort() };
      const first = await startAppliance(stack, start);
      const flush = (belfry: Appliance) => fetch(`${belfry.url}/api/v1/admin/flush`, { method: 'POST' });
      /** So many more scrapes are stored, and so many more evaluations of the rule. */
      const goesOn = async (belfry: Appliance, more: number): Promise<void> => {
        const stored = async (): Promise<number[]> => {
          const found = await belfry.query('count_over_time({__name__=~"up|requests:sum"}[1h])');
          return found.map(({ value }) => value);
        };
        const before = await stored();
        await eventually('it goes on', async () => {
          const now = await stored();
          return now.length === 3 && now.every((value, i) => value >= (before[i] ?? 0) + more);
        });
      };
      await push(first, 1);
      await eventually('samples arrive', async () => count(await kind.read(receiver.url, Date.now())) > 300);

      await receiver.stop();
      const stoppedAt = Date.now();
      await push(first, 2);
      await goesOn(first, 4);
      // From here on the samples of before are in partitions only.
      await flush(first);
      await push(first, 3);
      await goesOn(first, 2);
      first.kill('SIGKILL');
      await first.ended;
      const second = await startAppliance(stack, start);
      await push(second, 4);
      await goesOn(second, 3);
      await flush(second);
      await goesOn(second, 2);
      second.kill('SIGKILL');
      await second.ended;

      const third = await startAppliance(stack, start);
      await receiver.start();
      await push(third, 5);
      const until = Date.now();
      // Both are judged as they were then: a rule that is being evaluated may add a sample of before.
      let mine = await rawSamples(third.url, until);
      let theirs = await kind.read(receiver.url, until);
      await eventually('everything has arrived', async () => {
        mine = await rawSamples(third.url, until);
        theirs = await kind.read(receiver.url, until);
        return differences(mine, theirs).length === 0;
      }).catch(() => {});
      expect(theirs.doubled).toEqual([]);
      expect(differences(mine, theirs).slice(0, 10)).toEqual([]);
      expect(count(mine)).toBeGreaterThan(2000);
      // The time without a receiver is really in it.
      const during = [...mine.samples.values()].flatMap((times) => [...times.keys()]);
      expect(during.filter((at) => at > stoppedAt + 1000).length).toBeGreaterThan(1000);
    },
  );
});

interface Found {
  readonly data: readonly { readonly exemplars: readonly unknown[] }[];
}

test.runIf(prometheus.isThere)(
  'exemplars that were pushed go on to a real Prometheus in 1.0 and to another Belfry in 2.0',
  async () => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('remote-exemplars');
    stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const receiver = await prometheusReceiver(stack, folder, prometheus);
    const empty = path.join(folder, 'empty.yaml');
    fs.writeFileSync(empty, '{}\n');
    const [, other] = await Promise.all([
      receiver.start(),
      startAppliance(stack, { config: empty, data: path.join(folder, 'other') }),
    ]);
    const file = path.join(folder, 'belfry.yaml');
    fs.writeFileSync(
      file,
      `remote_write:
  - {url: '${receiver.writeUrl}', send_exemplars: true, queue_config: {batch_send_deadline: 500ms}}
  - {url: '${other.url}/api/v1/write', send_exemplars: true, protobuf_message: io.prometheus.write.v2.Request, queue_config: {batch_send_deadline: 500ms}}
`,
    );
    const belfry = await startAppliance(stack, { config: file, data: path.join(folder, 'data') });
    // Followed from the first look on.
    await eventually('the receivers are known', async () => {
      const { remoteWrite } = await belfry.get<{ remoteWrite: readonly unknown[] }>('/api/status');
      return remoteWrite.length === 2;
    });
    const now = Date.now();
    const exemplar = { labels: labelsFromObject({ trace_id: 'abc' }), value: 0.25, timestamp: now - 100 };
    const labels = [
      ['__name__', 'traced_total'],
      ['job', 'x'],
    ] as const;
    const response = await fetch(`${belfry.url}/api/v1/write`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' },
      body: new Uint8Array(
        encodeSnappy(writeRequestV1([{ labels, samples: [[now, 1]], exemplars: [exemplar] }])),
      ),
    });
    expect(response.status).toBe(204);
    const query = `query=traced_total&start=${now / 1000 - 60}&end=${now / 1000 + 60}`;
    for (const url of [receiver.url, other.url]) {
      const data = await eventually(`${url} has the exemplar`, async () => {
        const found = (await (await fetch(`${url}/api/v1/query_exemplars?${query}`)).json()) as Found;
        return found.data.length > 0 && found.data;
      });
      expect(data).toEqual([
        {
          seriesLabels: { __name__: 'traced_total', job: 'x' },
          exemplars: [{ labels: { trace_id: 'abc' }, value: '0.25', timestamp: (now - 100) / 1000 }],
        },
      ]);
    }
  },
);

describe.runIf(victoriaMetrics.isThere)('an engine that is asked instead of the store', () => {
  test('rules evaluated against VictoriaMetrics fire; without it they say why', async () => {
    await using stack = new AsyncDisposableStack();
    const folder = temporaryFolder('remote-query');
    stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
    const engine = await victoriaMetricsReceiver(stack, folder, victoriaMetrics);
    await engine.start();
    const app = await startFakeApp(stack);
    const file = path.join(folder, 'belfry.yaml');
    fs.writeFileSync(
      file,
      `
global: {scrape_interval: 1s}
scrape_configs: [{job_name: app, static_configs: [{targets: ['${app.address}']}]}]
query: {remote_url: '${engine.url}'}
remote_write: [{url: '${engine.writeUrl}', queue_config: {batch_send_deadline: 500ms}}]
groups:
  - name: g
    interval: 1s
    rules:
      - {record: pool:total, expr: 'sum(db_connection_pool_size{status="total"})'}
      - alert: PoolSeen
        expr: pool:total == 10
        annotations: {text: 'idle: {{ with query "db_connection_pool_size{status=\\"idle\\"}" }}{{ . | first | value }}{{ end }}'}
`,
    );
    const belfry = await startAppliance(stack, { config: file, data: path.join(folder, 'data') });
    interface Alerts {
      data: { alerts: { state: string; annotations: Record<string, string> }[] };
    }
    const alert = await eventually('the alert fires', async () => {
      const { alerts } = (await belfry.get<Alerts>('/api/v1/alerts')).data;
      return alerts.find(({ state, annotations }) => state === 'firing' && annotations.text === 'idle: 7');
      // An engine that is new shows samples late.
    });
    expect(alert.annotations.text).toBe('idle: 7');
    const time = (Date.now() - 2000) / 1000;
    const query = `/api/v1/query?query=${encodeURIComponent('up{job="app"}')}&time=${time}`;
    expect(await belfry.get(query)).toMatchObject({
      data: { result: [{ value: [expect.any(Number), '1'] }] },
    });
    expect(
      (await belfry.get<{ data: string[] }>('/api/v1/label/__name__/values')).data.includes('pool:total'),
    ).toBe(true);
    expect((await fetch(`${belfry.url}/federate?match[]=up`)).status).toBe(422);

    await engine.stop();
    const refused = await fetch(belfry.url + query);
    expect([refused.status, await refused.text()]).toEqual([503, expect.stringContaining('cannot be asked')]);
    interface Rules {
      data: { groups: { rules: { health: string; lastError?: string; state?: string }[] }[] };
    }
    const failed = await eventually('rules fail', async () => {
      const { groups } = (await belfry.get<Rules>('/api/v1/rules')).data;
      return groups[0]!.rules.find(({ health, state }) => health === 'err' && state === 'firing');
    });
    expect(failed.lastError).toMatch(/ECONNREFUSED/);
  });
});
