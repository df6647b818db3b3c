import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProtobufReader, ProtobufWriter } from '../src/exposition/remote/protobuf.ts';
import { decodeSnappy, encodeSnappy } from '../src/exposition/remote/snappy.ts';
import {
  type SentSeries,
  writeRequestV1,
  writeRequestV2,
} from '../src/exposition/remote/write-request.fixture.ts';
import { readWriteRequestV1 } from '../src/exposition/remote/write-request.ts';
import type { Histogram } from '../src/model/histogram.ts';
import { labelsFromObject } from '../src/model/labels.ts';
import {
  type Appliance,
  eventually,
  freePort,
  pause,
  startAppliance,
  temporaryFolder,
} from './harness/appliance.ts';
import {
  hasNodeExporter,
  NODE_EXPORTER,
  peer,
  prometheusReceiver,
  type Receiver,
  startNodeExporter,
} from './harness/peers.ts';

const prometheusProgram = peer('prometheus');
const promtoolProgram = peer('promtool');
if (!hasNodeExporter) console.warn(`SKIPPED: no ${NODE_EXPORTER}`);

const stack = new AsyncDisposableStack();
let belfry: Appliance;
let folder: string;
const now = Date.now();

beforeAll(async () => {
  folder = temporaryFolder('remote');
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(config, 'global: {external_labels: {site: north}}\n');
  belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
});
afterAll(async () => {
  await stack.disposeAsync();
  fs.rmSync(folder, { recursive: true, force: true });
});

const V1 = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };
const V2 = { ...V1, 'content-type': 'application/x-protobuf;proto=io.prometheus.write.v2.Request' };

async function write(body: Uint8Array, headers: Record<string, string> = V1) {
  const response = await fetch(`${belfry.url}/api/v1/write`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers,
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}
const send = (series: readonly SentSeries[]) => write(encodeSnappy(writeRequestV1(series)));
const written = (headers: Headers) =>
  ['samples', 'histograms', 'exemplars'].map((kind) =>
    headers.get(`x-prometheus-remote-write-${kind}-written`),
  );

const native: Histogram = {
  schema: 0,
  count: 5,
  sum: 18.4,
  zeroThreshold: 0,
  zeroCount: 0,
  positiveSpans: [{ offset: 0, length: 2 }],
  positiveBuckets: [1, 4],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'unknown',
};

async function startPrometheus(config: string, args: readonly string[] = []): Promise<string> {
  const home = fs.mkdtempSync(path.join(folder, 'prometheus-'));
  const file = path.join(home, 'prometheus.yml');
  fs.writeFileSync(file, config);
  const port = await freePort();
  const child = spawn(
    prometheusProgram.file,
    [
      `--config.file=${file}`,
      `--storage.tsdb.path=${path.join(home, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...args,
    ],
    { stdio: 'ignore' },
  );
  stack.defer(() => void child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  await eventually('Prometheus is ready', async () => (await fetch(`${url}/-/ready`)).ok);
  return url;
}

const readRequest = (name: string, accepted: readonly number[], from = now - 60_000): Uint8Array => {
  const matcher = new ProtobufWriter();
  matcher.string(2, '__name__');
  matcher.string(3, name);
  const query = new ProtobufWriter();
  query.number(1, from);
  query.number(2, now);
  query.bytes(3, matcher.finish());
  const whole = new ProtobufWriter();
  whole.bytes(1, query.finish());
  whole.bytes(2, Uint8Array.from(accepted));
  return encodeSnappy(whole.finish());
};
const read = (body: Uint8Array) =>
  fetch(`${belfry.url}/api/v1/read`, { method: 'POST', body: new Uint8Array(body), headers: V1 });

interface Chunk {
  readonly from: number;
  readonly to: number;
  readonly encoding: number;
  readonly data: string;
}

/** The chunks of streamed frames, in hexadecimal. */
function chunksOf(body: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  const inner = (reader: ProtobufReader): ProtobufReader => {
    const size = reader.length();
    const at = reader.take(size);
    return new ProtobufReader(body, at, at + size);
  };
  const frames = new ProtobufReader(body);
  while (frames.position < frames.end) {
    const length = frames.varint();
    frames.take(4);
    const at = frames.take(length);
    const frame = new ProtobufReader(body, at, at + length);
    for (let field = frame.next(); field !== 0; field = frame.next()) {
      if (field !== 1) {
        frame.skip();
        continue;
      }
      const series = inner(frame);
      for (let part = series.next(); part !== 0; part = series.next()) {
        if (part !== 2) {
          series.skip();
          continue;
        }
        const chunk = inner(series);
        const numbers = [0, 0, 0, 0];
        let data = '';
        for (let one = chunk.next(); one !== 0; one = chunk.next()) {
          if (one !== 4) numbers[one] = chunk.varint();
          else {
            const size = chunk.length();
            const start = chunk.take(size);
            data = Buffer.from(body.subarray(start, start + size)).toString('hex');
          }
        }
        chunks.push({ from: numbers[1]!, to: numbers[2]!, encoding: numbers[3]!, data });
      }
    }
  }
  return chunks;
}

const samplesOf = async (selector: string, time = now) => {
  type Matrix = { data: { result: { metric: Record<string, string>; values: [number, string][] }[] } };
  const { data } = await belfry.get<Matrix>(
    `/api/v1/query?query=${encodeURIComponent(`${selector}[1h]`)}&time=${time / 1000}`,
  );
  return data.result.map(({ values }) => values.map(([at, value]) => [Math.round(at * 1000), value]));
};

describe('remote write', () => {
  test('samples are there once it is answered, in any order of time', async () => {
    const labels = [
      ['__name__', 'sent'],
      ['job', 'a'],
    ] as const;
    expect(
      await send([
        {
          labels,
          samples: [
            [now - 1000, 2],
            [now - 3000, 1.5],
          ],
        },
      ]),
    ).toMatchObject({
      status: 204,
      text: '',
    });
    expect(await send([{ labels, samples: [[now - 2000, -1]] }])).toMatchObject({ status: 204 });
    expect(await samplesOf('sent')).toEqual([
      [
        [now - 3000, '1.5'],
        [now - 2000, '-1'],
        [now - 1000, '2'],
      ],
    ]);
  });

  test('a staleness marker ends a series', async () => {
    const labels = [['__name__', 'ended']] as const;
    await send([
      {
        labels,
        samples: [
          [now - 3000, 1],
          [now - 1000, 'stale'],
        ],
      },
    ]);
    const at = async (time: number) =>
      (await belfry.get<{ data: { result: unknown[] } }>(`/api/v1/query?query=ended&time=${time / 1000}`))
        .data.result.length;
    expect([await at(now - 2000), await at(now)]).toEqual([1, 0]);
  });

  test('what is sent again is fine, another value for a time is not', async () => {
    const sample = (value: number): SentSeries[] => [
      {
        labels: [['__name__', 'again']],
        samples: [
          [now - 5000, value],
          [now - 4000, 7],
        ],
      },
    ];
    expect((await send(sample(1))).status).toBe(204);
    expect((await send(sample(1))).status).toBe(204);
    const refused = await send(sample(2));
    expect(refused.status).toBe(400);
    expect(refused.text).toMatch(
      /^partial write: 1 samples written, not written: 1 another value is stored for the time; first: .*again at \d+$/m,
    );
    expect(await samplesOf('again')).toEqual([
      [
        [now - 5000, '1'],
        [now - 4000, '7'],
      ],
    ]);
  });

  test.each([
    ['no metric name', [['job', 'a']], /expected a metric name/],
    [
      'a label twice',
      [
        ['__name__', 'x'],
        ['a', '1'],
        ['a', '2'],
      ],
      /given twice/,
    ],
  ] as const)('a series with %s is refused, the others are stored', async (name, labels, message) => {
    const good: SentSeries = { labels: [['__name__', `good_${name.length}`]], samples: [[now, 1]] };
    const { status, text } = await send([{ labels, samples: [[now, 1]] }, good]);
    expect(status).toBe(400);
    expect(text).toMatch(message);
    expect(await belfry.query(`good_${name.length}`)).toHaveLength(1);
  });

  test('samples from the far future are refused', async () => {
    const { status, text } = await send([
      { labels: [['__name__', 'future']], samples: [[now + 3_600_000, 1]] },
    ]);
    expect([status, text]).toEqual([400, expect.stringContaining('too far in the future')]);
  });

  test('version 2.0 says what was written', async () => {
    const body = encodeSnappy(
      writeRequestV2([
        {
          labels: [
            ['__name__', 'second_total'],
            ['job', 'b'],
          ],
          samples: [
            [now - 1000, 1],
            [now, 2],
          ],
          metadata: { type: 'counter', help: 'Seconds.', unit: '' },
          exemplars: [{ labels: labelsFromObject({ trace_id: 'a' }), value: 0.5, timestamp: now - 500 }],
        },
        {
          labels: [['__name__', 'native']],
          histograms: [
            [now - 1000, { ...native, count: 3, positiveBuckets: [1, 2] }, now - 60_000],
            [now, native, now - 60_000],
          ],
        },
      ]),
    );
    const { status, headers } = await write(body, V2);
    expect(status).toBe(204);
    expect(written(headers)).toEqual(['2', '2', '1']);
    const answer = await belfry.get<{ data: { result: unknown } }>(
      `/api/v1/query?query=native&time=${now / 1000}`,
    );
    expect(answer.data.result).toEqual([
      {
        metric: { __name__: 'native' },
        histogram: [
          now / 1000,
          {
            count: '5',
            sum: '18.4',
            buckets: [
              [0, '0.5', '1', '1'],
              [0, '1', '2', '4'],
            ],
          },
        ],
      },
    ]);
    expect((await belfry.get<{ data: unknown }>('/api/v1/query_exemplars?query=second_total')).data).toEqual([
      {
        seriesLabels: { __name__: 'second_total', job: 'b' },
        exemplars: [{ labels: { trace_id: 'a' }, value: '0.5', timestamp: (now - 500) / 1000 }],
      },
    ]);
    expect(await belfry.query('second_total')).toEqual([
      { metric: { __name__: 'second_total', job: 'b' }, value: 2 },
    ]);
    expect((await belfry.get<{ data: unknown }>('/api/v1/metadata?metric=second_total')).data).toEqual({
      second_total: [{ type: 'counter', help: 'Seconds.', unit: '' }],
    });
    const whole = await write(
      encodeSnappy(writeRequestV2([{ labels: [['__name__', 'whole']], samples: [[now, 1]] }])),
      V2,
    );
    expect([whole.status, ...written(whole.headers)]).toEqual([204, '1', '0', '0']);
  });

  test.each([
    ['application/json', 'snappy', /"application\/json" is not accepted/],
    ['application/x-protobuf;proto=some.Thing', 'snappy', /"some.Thing" is not accepted/],
    ['application/x-protobuf', 'gzip', /"gzip" is not accepted/],
  ])('%s in %s is an unsupported type', async (type, encoding, message) => {
    const { status, text } = await write(new Uint8Array(1), {
      'content-type': type,
      'content-encoding': encoding,
    });
    expect(status).toBe(415);
    expect(text).toMatch(message);
  });

  test('bytes that are no request, or too many, are refused', async () => {
    expect(await write(new Uint8Array([3, 0, 97]))).toMatchObject({
      status: 400,
      text: expect.stringMatching(/snappy/),
    });
    expect(await write(encodeSnappy(new Uint8Array([10, 50, 1])))).toMatchObject({ status: 400 });
    const bomb = await write(new Uint8Array([0x80, 0x80, 0x80, 0x80, 0x04, 0, 97]));
    expect([bomb.status, bomb.text]).toEqual([400, expect.stringContaining('at most 33554432 are accepted')]);
    expect((await write(new Uint8Array(33 * 1024 * 1024))).status).toBe(413);
  });

  test('a large request does not hold up others', async () => {
    const bodyOf = (metric: string): Uint8Array => {
      const series = Array.from(
        { length: 20_000 },
        (_, i): SentSeries => ({
          labels: [
            ['__name__', metric],
            ['host', `host-${i % 100}`],
            ['id', String(i)],
          ],
          samples: Array.from({ length: 10 }, (_, at) => [now - at * 15_000, at * i] as const),
        }),
      );
      return encodeSnappy(writeRequestV1(series));
    };
    /** Longest time between two answers to others while it is stored, as a share of the whole; and how many there were. */
    const storedMeanwhile = async (metric: string) => {
      const body = bodyOf(metric);
      await pause(20);
      let isDone = false;
      let longest = 0;
      let answers = 0;
      const from = performance.now();
      const pings = (async () => {
        let last = from;
        while (!isDone) {
          await fetch(`${belfry.url}/-/healthy`);
          const at = performance.now();
          longest = Math.max(longest, at - last);
          last = at;
          answers++;
        }
      })();
      expect((await write(body)).status).toBe(204);
      isDone = true;
      const took = performance.now() - from;
      await pings;
      expect(await belfry.query(`count(${metric})`)).toEqual([{ metric: {}, value: 20_000 }]);
      console.log(
        `200,000 samples of 20,000 new series in ${Math.round(took)} ms; ${answers} answers meanwhile, ${Math.round(longest)} ms without one`,
      );
      return { share: longest / took, answers };
    };
    // Held up, others would wait for about the whole of it, each time. On a busy machine anything may come late once.
    const tries: Awaited<ReturnType<typeof storedMeanwhile>>[] = [];
    const isGood = ({ share, answers }: (typeof tries)[number]): boolean => share < 0.5 && answers > 8;
    while (tries.length < 5 && !tries.some(isGood)) tries.push(await storedMeanwhile(`bulk_${tries.length}`));
    expect(tries).toSatisfy(() => tries.some(isGood), 'others are answered while it is stored');
  }, 900_000);
});

describe('remote read', () => {
  beforeAll(async () => {
    await send([
      {
        labels: [
          ['__name__', 'readable'],
          ['job', 'r'],
        ],
        samples: [
          [now - 2000, 1.25],
          [now - 1000, 'stale'],
        ],
      },
    ]);
  });

  test('raw samples', async () => {
    const response = await read(readRequest('readable', [0]));
    expect(response.headers.get('content-type')).toBe('application/x-protobuf');
    expect(response.headers.get('content-encoding')).toBe('snappy');
    const reader = new ProtobufReader(decodeSnappy(new Uint8Array(await response.arrayBuffer()), 10_000));
    expect(reader.next()).toBe(1);
    const size = reader.length();
    const at = reader.take(size);
    const [item] = [...readWriteRequestV1(reader.bytes.subarray(at, at + size))];
    expect(item).toMatchObject({ labels: ['__name__', 'readable', 'job', 'r'], count: 2 });
  });

  test('streamed chunks when they are liked better', async () => {
    const response = await read(readRequest('readable', [1, 0]));
    expect(response.headers.get('content-type')).toBe(
      'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse',
    );
    const frames = new ProtobufReader(new Uint8Array(await response.arrayBuffer()));
    const length = frames.varint();
    expect(frames.position + 4 + length).toBe(frames.end);
  });

  test('what is no request is refused', async () => {
    expect((await read(encodeSnappy(new Uint8Array([10, 50])))).status).toBe(400);
    expect((await read(readRequest('readable', [9]))).status).toBe(400);
  });
});

describe.skipIf(!prometheusProgram.isThere)(
  'remote read of native histograms, beside the real Prometheus',
  () => {
    // Prometheus begins a chunk at each even hour: all forty lie on one side of it.
    const TWO_HOURS = 7_200_000;
    const LASTING = 650_000;
    const evenHour = Math.floor((now - 1_000_000 + LASTING) / TWO_HOURS) * TWO_HOURS;
    const start = now - 1_000_000 < evenHour ? evenHour - LASTING : now - 1_000_000;
    /** Forty histograms; among those of floats some are whole. Not evenly in time: the growth of the growth takes a few bits or many. */
    const sent = (
      name: string,
      isFloat: boolean,
      counterResetHint: Histogram['counterResetHint'],
    ): SentSeries => ({
      labels: [['__name__', name]],
      histograms: Array.from({ length: 40 }, (_, n) => {
        const add = isFloat && n % 3 === 1 ? n + 0.25 : n;
        const positiveBuckets = [2 + add, 5 + 3 * n];
        const negativeBuckets = [1 + n, 7];
        const histogram: Histogram = {
          schema: 3,
          count: 2 + positiveBuckets.concat(negativeBuckets).reduce((sum, bucket) => sum + bucket, 0),
          sum: 0.1 * n * n - 3,
          zeroThreshold: 2 ** -10,
          zeroCount: 2,
          positiveSpans: [
            { offset: -4, length: 1 },
            { offset: 201, length: 1 },
          ],
          positiveBuckets,
          negativeSpans: [{ offset: 0, length: 2 }],
          negativeBuckets,
          customValues: [],
          counterResetHint,
          ...(isFloat ? { isFloat } : {}),
        };
        const jitter = ((n * 7919) % 300) * (n % 5 === 0 ? 40 : 1);
        return [start + 15_000 * n + jitter, histogram] as const;
      }),
    });
    const all = [
      sent('native_integers', false, 'unknown'),
      sent('native_floats', true, 'unknown'),
      sent('native_gauge_integers', false, 'gauge'),
      sent('native_gauge_floats', true, 'gauge'),
    ];
    const names = all.map(({ labels }) => labels[0]![1]);
    let receiver: Receiver;

    beforeAll(async () => {
      receiver = await prometheusReceiver(
        stack,
        fs.mkdtempSync(path.join(folder, 'receiver-')),
        prometheusProgram,
      );
      await receiver.start();
      expect((await send(all)).status).toBe(204);
      const body = new Uint8Array(encodeSnappy(writeRequestV1(all)));
      const there = await fetch(receiver.writeUrl, { method: 'POST', body, headers: V1 });
      expect([there.status, await there.text()]).toEqual([204, '']);
    });

    test.each(names)('the chunks of %s are the same, byte for byte', async (name) => {
      const body = new Uint8Array(readRequest(name, [1, 0], now - 3_600_000));
      const [mine, theirs] = await Promise.all(
        [belfry.url, receiver.url].map(async (url) => {
          const response = await fetch(`${url}/api/v1/read`, { method: 'POST', body, headers: V1 });
          expect(response.status).toBe(200);
          return chunksOf(new Uint8Array(await response.arrayBuffer()));
        }),
      );
      expect(mine!.map(({ encoding }) => encoding)).toEqual([name.includes('floats') ? 3 : 2]);
      // The byte after the number of samples; Prometheus 2.42 does not take over from a sender that they are gauges.
      const header = ({ data }: Chunk): string => data.slice(4, 6);
      expect(header(mine![0]!)).toBe(name.includes('gauge') ? 'c0' : '00');
      const counters = mine!.map((chunk) => ({
        ...chunk,
        data: `${chunk.data.slice(0, 4)}00${chunk.data.slice(6)}`,
      }));
      expect(counters).toEqual(theirs);
    });
  },
);

test.skipIf(!prometheusProgram.isThere)('Prometheus federates native histograms from here', async () => {
  // Prometheus 2.42 tells a native histogram of floats by its zero bucket alone.
  const counter: Histogram = { ...native, zeroThreshold: 0.001 };
  const gauge: Histogram = { ...counter, count: 5.5, positiveBuckets: [1.5, 4], counterResetHint: 'gauge' };
  const at = Date.now();
  const sent = await send([
    { labels: [['__name__', 'fed_counter']], histograms: [[at, counter]] },
    { labels: [['__name__', 'fed_gauge']], histograms: [[at, gauge]] },
    { labels: [['__name__', 'fed_float']], samples: [[at, 2.5]] },
  ]);
  expect(sent.status).toBe(204);
  const address = new URL(belfry.url).host;
  const prometheus = await startPrometheus(
    `scrape_configs:
  - {job_name: fed, scrape_interval: 1s, honor_labels: true, metrics_path: /federate, params: {'match[]': ['{__name__=~"fed_.+"}']}, static_configs: [{targets: ['${address}']}]}
`,
    ['--enable-feature=native-histograms'],
  );
  const ask = async (url: string, query: string): Promise<unknown> => {
    const body = new URLSearchParams({ query, time: String(at / 1000 + 1) });
    const response = await fetch(`${url}/api/v1/query`, { method: 'POST', body });
    const { data } = (await response.json()) as {
      data: { result: { histogram?: unknown; value?: unknown }[] };
    };
    return data.result.map(({ histogram, value }) => histogram ?? value);
  };
  await eventually(
    'Prometheus has them',
    async () => ((await ask(prometheus, '{__name__=~"fed_.+"}')) as unknown[]).length === 3,
  );
  for (const name of ['fed_counter', 'fed_gauge', 'fed_float']) {
    const mine = await ask(belfry.url, name);
    expect(mine, name).toHaveLength(1);
    expect(mine, name).toEqual(await ask(prometheus, name));
  }
});

describe.skipIf(!prometheusProgram.isThere || !hasNodeExporter)('beside the real Prometheus', () => {
  let prometheus: string;

  beforeAll(async () => {
    const exporter = await startNodeExporter(stack);
    prometheus = await startPrometheus(
      `global: {scrape_interval: 1s}
scrape_configs: [{job_name: node, static_configs: [{targets: ['${exporter}']}]}]
remote_write: [{url: '${belfry.url}/api/v1/write', queue_config: {batch_send_deadline: 200ms}, metadata_config: {send_interval: 2s}}]
remote_read: [{url: '${belfry.url}/api/v1/read', read_recent: true}]
`,
    );
    await eventually(
      'Prometheus has sent some scrapes',
      async () => (await belfry.query('count_over_time(up{job="node"}[1h]) > 6')).length === 1,
    );
  });

  const at = async (url: string, query: string, time: number): Promise<unknown> => {
    const response = await fetch(`${url}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query, time: String(time) }),
    });
    const { data } = (await response.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return data.result
      .map(({ metric, value }) => [JSON.stringify(Object.entries(metric).sort()), value])
      .sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  };

  test('what it remote-writes gives the same answers here', async () => {
    const [newest] = await belfry.query('timestamp(up{job="node"})');
    // Two seconds back: those scrapes have been sent.
    const time = Math.floor(newest!.value) - 2;
    for (const query of [
      '{job="node"}',
      'count({job="node"}) by (__name__)',
      'rate(node_cpu_seconds_total[5s])',
      'sum by (mode) (irate(node_cpu_seconds_total[5s]))',
      'node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes',
      'topk(3, node_filesystem_size_bytes)',
      'count_over_time(up[10s])',
    ]) {
      const theirs = (await at(prometheus, query, time)) as unknown[];
      expect(theirs.length, query).toBeGreaterThan(0);
      await expect.poll(() => at(belfry.url, query, time), { message: query }).toEqual(theirs);
    }
  });

  test('metadata comes along', async () => {
    const about = await eventually('metadata was sent', async () => {
      const { data } = await belfry.get<{ data: Record<string, unknown[]> }>(
        '/api/v1/metadata?metric=node_cpu_seconds_total',
      );
      return data.node_cpu_seconds_total;
    });
    expect(about).toMatchObject([{ type: 'counter' }]);
  });

  test('it reads back what only Belfry has, as streamed chunks', async () => {
    const samples = Array.from({ length: 300 }, (_, i) => [now - 300_000 + i * 1000, i % 7] as const);
    await send([
      {
        labels: [
          ['__name__', 'only_here'],
          ['job', 'x'],
        ],
        samples,
      },
    ]);
    // Between two samples: the windows of 2.42 still hold the sample at their start.
    const time = (now - 500) / 1000;
    for (const query of ['only_here', 'sum_over_time(only_here[4m])', 'count_over_time(only_here[10m])']) {
      const mine = (await at(belfry.url, query, time)) as unknown[];
      expect(mine.length, query).toBe(1);
      expect(await at(prometheus, query, time), query).toEqual(mine);
    }
  });
});

describe('as a data source', () => {
  beforeAll(async () => {
    await send([
      {
        labels: [
          ['__name__', 'source_total'],
          ['instance', 'i:1'],
          ['job', 's'],
        ],
        samples: Array.from({ length: 61 }, (_, i) => [now - (60 - i) * 1000, i * 2] as const),
      },
    ]);
  });

  describe.skipIf(!promtoolProgram.isThere)('promtool', () => {
    const promtool = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(promtoolProgram.file, ['query', ...args], {
        encoding: 'utf8',
      });
      return { status, stdout: stdout.trim(), stderr };
    };

    test('instant, range, series and labels', () => {
      const end = Math.floor(now / 1000);
      expect(promtool('instant', `--time=${end}`, belfry.url, 'rate(source_total[30s])')).toMatchObject({
        status: 0,
        stdout: `{instance="i:1", job="s"} => 2 @[${end}]`,
      });
      const range = promtool(
        'range',
        '--start',
        String(end - 20),
        '--end',
        String(end - 10),
        '--step',
        '10s',
        belfry.url,
        'rate(source_total[10s])',
      );
      expect(range.stdout.split('\n')).toEqual([
        '{instance="i:1", job="s"} =>',
        `2 @[${end - 20}]`,
        `2 @[${end - 10}]`,
      ]);
      expect(promtool('series', '--match=source_total', belfry.url).stdout).toBe(
        '{__name__="source_total", instance="i:1", job="s"}',
      );
      expect(promtool('labels', belfry.url, 'job').stdout.split('\n')).toContain('s');
    });

    test('an error is told as promtool tells those of Prometheus', () => {
      const { status, stderr } = promtool('instant', belfry.url, 'sum(');
      expect(status).toBe(1);
      expect(stderr).toMatch(/query error: bad_data: invalid parameter "query": 1:5: parse error/);
    });

    test.each(['/metrics', '/federate?match[]={__name__=~".%2B"}'])(
      '%s parses under promtool',
      async (pathname) => {
        const page = await (await fetch(belfry.url + pathname)).text();
        expect(page).toMatch(/^\w+{.*} \d+/m);
        const check = (input: string) =>
          spawnSync(promtoolProgram.file, ['check', 'metrics'], { input, encoding: 'utf8' });
        // 3 is for remarks on names and missing help; 1 is for what cannot be read.
        expect([0, 3]).toContain(check(page).status);
        expect(check(`${page}broken{ 1\n`).status).toBe(1);
      },
    );
  });

  describe('Grafana', () => {
    const post = async (pathname: string, fields: Record<string, string> | [string, string][]) => {
      const response = await fetch(`${belfry.url}${pathname}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields),
      });
      return { status: response.status, body: (await response.json()) as { status: string; data: never } };
    };
    const seconds = (ms: number): string => String(ms / 1000);

    test('its health check and version probe', async () => {
      const check = await post('/api/v1/query', { query: '1+1', time: seconds(now) });
      expect(check).toMatchObject({
        status: 200,
        body: { status: 'success', data: { resultType: 'scalar', result: [now / 1000, '2'] } },
      });
      const { data } = await belfry.get<{ data: { version: string } }>('/api/v1/status/buildinfo');
      expect(data.version).toMatch(/^3\.\d+/);
    });

    test('panels: range queries with fractions of seconds and an RFC 3339 time', async () => {
      const panel = await post('/api/v1/query_range', {
        query: 'sum(rate(source_total{job=~"s|t"}[20s])) by (job)',
        start: seconds(now - 30_500),
        end: seconds(now),
        step: '15',
      });
      expect(panel.status).toBe(200);
      expect(panel.body.data).toMatchObject({ resultType: 'matrix', result: [{ metric: { job: 's' } }] });
      const instant = await post('/api/v1/query', {
        query: 'source_total',
        time: new Date(now).toISOString(),
        timeout: '30s',
      });
      expect(instant.body.data).toMatchObject({
        resultType: 'vector',
        result: [{ value: [now / 1000, '120'] }],
      });
    });

    test('variables and the query builder: labels, values, series, metadata, exemplars, rules', async () => {
      const span: [string, string][] = [
        ['start', seconds(now - 3_600_000)],
        ['end', seconds(now)],
      ];
      const query = (extra: [string, string][]) => new URLSearchParams([...span, ...extra]).toString();
      const labels = await post('/api/v1/labels', [...span, ['match[]', '{__name__="source_total"}']]);
      expect(labels.body.data).toEqual(['__name__', 'instance', 'job']);
      const values = await belfry.get<{ data: string[] }>(
        `/api/v1/label/job/values?${query([
          ['match[]', 'source_total'],
          ['limit', '40000'],
        ])}`,
      );
      expect(values.data).toEqual(['s']);
      const names = await belfry.get<{ data: string[] }>(`/api/v1/label/__name__/values?${query([])}`);
      expect(names.data).toContain('source_total');
      const series = await post('/api/v1/series', [...span, ['match[]', 'source_total']]);
      expect(series.body.data).toEqual([{ __name__: 'source_total', instance: 'i:1', job: 's' }]);
      expect((await belfry.get<{ data: object }>('/api/v1/metadata?limit=40000')).data).toBeTypeOf('object');
      expect((await post('/api/v1/query_exemplars', [...span, ['query', 'source_total']])).body.data).toEqual(
        [],
      );
      expect((await belfry.get<{ data: object }>('/api/v1/rules')).data).toEqual({ groups: [] });
      expect((await belfry.get<{ data: object }>('/api/v1/alerts')).data).toEqual({ alerts: [] });
      expect((await post('/api/v1/parse_query', { query: 'source_total' })).status).toBe(200);
    });

    test('an error comes with its text', async () => {
      const wrong = await post('/api/v1/query_range', { query: 'sum(', start: '1', end: '2', step: '1' });
      expect(wrong).toMatchObject({ status: 400, body: { status: 'error', errorType: 'bad_data' } });
    });
  });
});
