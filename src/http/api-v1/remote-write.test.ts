import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { encodeSnappy } from '../../exposition/remote/snappy.ts';
import {
  type SentSeries,
  writeRequestV1,
  writeRequestV2,
} from '../../exposition/remote/write-request.fixture.ts';
import type { AppendOutcome } from '../../model/appender.ts';
import { type Histogram, hasFloatCounts, histogramProblem } from '../../model/histogram.ts';
import { formatSeries, type Labels, labelsFromObject } from '../../model/labels.ts';
import { isStaleAt, wordsOf } from '../../model/sample.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { type RemoteWriteDeps, remoteWriteRoutes } from './remote-write.ts';

const V2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';

function setup(deps: Partial<RemoteWriteDeps> = {}, outcome: AppendOutcome = 'ok') {
  const stored: string[] = [];
  const clock = fakeClock();
  const store = (labels: Labels, timestamp: number, value: number | string, start = 0): AppendOutcome => {
    stored.push(`${formatSeries(labels)} ${value} @${timestamp}${start === 0 ? '' : ` from ${start}`}`);
    return outcome;
  };
  const registry = new Registry();
  const app = remoteWriteRoutes({
    appender: {
      appendBits(labels, timestamp, low, high, start) {
        const value = Float64Array.of(0);
        wordsOf(value).set([low, high]);
        return store(labels, timestamp, isStaleAt(wordsOf(value), 0) ? 'stale' : value[0]!, start);
      },
      appendHistogram: (labels, timestamp, histogram, start) =>
        histogramProblem(histogram)
          ? 'invalid'
          : store(
              labels,
              timestamp,
              `${hasFloatCounts(histogram) ? 'floats' : 'integers'} of schema ${histogram.schema}: ${histogram.positiveBuckets}`,
              start,
            ),
      exemplar: (labels, { value, timestamp }) =>
        value < 0 ? 'too_old' : store(labels, timestamp!, `exemplar ${value}`),
      appendStale: (labels, timestamp) => store(labels, timestamp, 'stale'),
      metadata: (metric, { help }) => void stored.push(`${metric}: ${help}`),
      committed: async () => {},
    },
    degraded: () => undefined,
    clock,
    registry,
    ...deps,
  });
  const post = (body: Uint8Array, type = 'application/x-protobuf') =>
    app.request('/write', {
      method: 'POST',
      body: new Uint8Array(body),
      headers: { 'content-type': type, 'content-encoding': 'snappy' },
    });
  return { app, post, stored, clock, registry };
}

const series = (samples: SentSeries['samples'] = [[1, 2]]): SentSeries => ({
  labels: [
    ['__name__', 'm'],
    ['a', 'b'],
  ],
  ...(samples ? { samples } : {}),
});

test('samples, staleness markers and metadata reach the store', async () => {
  const { post, stored, registry } = setup();
  const body = writeRequestV1(
    [
      series([
        [1, 2],
        [3, 'stale'],
      ]),
    ],
    [['m', { type: 'gauge', help: 'M.', unit: '' }]],
  );
  const response = await post(encodeSnappy(body));
  expect(response.status).toBe(204);
  expect(stored).toEqual(['m{a="b"} 2 @1', 'm{a="b"} stale @3', 'm: M.']);
  expect(await registry.metrics()).toContain('belfry_remote_write_samples_total{outcome="written"} 2');
});

test('nothing is answered before the samples are in the log', async () => {
  const log = Promise.withResolvers<void>();
  const { post, stored } = setup({
    appender: {
      appendBits: () => 'ok',
      appendHistogram: () => 'ok',
      exemplar: () => 'ok',
      appendStale: () => 'ok',
      metadata: () => {},
      committed: () => log.promise,
    },
  });
  let answered = false;
  const response = (async () => {
    const one = await post(encodeSnappy(writeRequestV1([series()])));
    answered = true;
    return one;
  })();
  await new Promise((resolve) => setImmediate(resolve));
  expect([answered, stored]).toEqual([false, []]);
  log.resolve();
  expect((await response).status).toBe(204);
});

test('while nothing can be stored for good, senders are told to come back', async () => {
  const full = setup({ degraded: () => 'disk full' });
  const response = await full.post(encodeSnappy(writeRequestV1([series()])));
  expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
    503,
    '5',
    'samples cannot be stored now: disk full\n',
  ]);
  expect(full.stored).toEqual([]);
  let asked = 0;
  const filling = setup({ degraded: () => (asked++ === 0 ? undefined : 'disk full') });
  expect((await filling.post(encodeSnappy(writeRequestV1([series()])))).status).toBe(503);
});

test.each([
  ['conflict', 'another value is stored for the time'],
  ['too_old', 'older than the retention'],
] as const)('%s is told with the series', async (outcome, text) => {
  const { post } = setup({}, outcome);
  const response = await post(encodeSnappy(writeRequestV2([series()])), V2);
  expect(response.status).toBe(400);
  expect(response.headers.get('x-prometheus-remote-write-samples-written')).toBe('0');
  expect(await response.text()).toBe(
    `partial write: 0 samples written, not written: 1 ${text}; first: ${text}: m{a="b"} at 1\n`,
  );
});

test('of a request that goes wrong halfway it is told what was written, of one that ends early nothing is', async () => {
  const { post, stored } = setup();
  const whole = writeRequestV2([series(), series()]);
  const written = async (body: Uint8Array): Promise<unknown[]> => {
    const response = await post(encodeSnappy(body), V2);
    const header = response.headers.get('x-prometheus-remote-write-samples-written');
    return [response.status, header, await response.text()];
  };
  const early = whole.subarray(0, whole.length - 3);
  expect(await written(early)).toEqual([400, '0', expect.stringContaining('protobuf: expected')]);
  expect(stored).toEqual([]);
  // The first label of the second series: its tag, its length, the tag and the length of the references, the reference.
  whole[whole.lastIndexOf((5 << 3) | 2) + 4] = 127;
  expect(await written(whole)).toEqual([400, '1', expect.stringMatching(/symbol|127/)]);
  expect(stored).toEqual(['m{a="b"} 2 @1']);
});

test('bodies are bounded as sent and as decoded, and by what they claim', async () => {
  const { post, stored } = setup({ maxBytes: 1000 });
  expect((await post(new Uint8Array(1001))).status).toBe(413);
  const long = await post(encodeSnappy(writeRequestV1(Array.from({ length: 100 }, () => series()))));
  expect([long.status, await long.text()]).toEqual([
    400,
    expect.stringContaining('at most 1000 are accepted'),
  ]);
  expect(stored).toEqual([]);
});

test('histograms, exemplars and start timestamps are stored and counted; a malformed histogram is told', async () => {
  const { post, stored, registry } = setup();
  const histogram: Histogram = {
    schema: 3,
    count: 5,
    sum: 1,
    zeroThreshold: 0,
    zeroCount: 0,
    positiveSpans: [{ offset: 0, length: 2 }],
    positiveBuckets: [2, 3],
    negativeSpans: [],
    negativeBuckets: [],
    customValues: [],
    counterResetHint: 'unknown',
  };
  const body = writeRequestV2([
    {
      ...series([[1, 2, 1]]),
      histograms: [
        [10, histogram, 4],
        [20, { ...histogram, positiveSpans: [] }],
        [30, 'stale'],
        [40, { ...histogram, isFloat: true }],
        // Finer than what is kept: four of its buckets are one of ours, from index 1 on.
        [50, { ...histogram, schema: 10, positiveSpans: [{ offset: 4, length: 2 }] }],
        [60, { ...histogram, schema: 52, positiveSpans: [{ offset: 3, length: 2 }] }],
        [70, { ...histogram, schema: 53 }],
        [80, { ...histogram, schema: -5 }],
      ],
      exemplars: [
        { labels: labelsFromObject({ trace_id: 'a' }), value: 0.5, timestamp: 9 },
        { labels: labelsFromObject({ trace_id: 'b' }), value: -1, timestamp: 8 },
      ],
    },
  ]);
  const response = await post(encodeSnappy(body), V2);
  expect(response.status).toBe(400);
  expect(await response.text()).toBe(
    'partial write: 6 samples written, not written: 3 malformed histogram; first: malformed histogram: ' +
      'm{a="b"} at 20: positive spans of 0 buckets, but 2 counts\n',
  );
  const header = (what: string) => response.headers.get(`x-prometheus-remote-write-${what}-written`);
  expect([header('samples'), header('histograms'), header('exemplars')]).toEqual(['1', '5', '1']);
  expect(stored.sort()).toEqual([
    'm{a="b"} 2 @1 from 1',
    'm{a="b"} exemplar 0.5 @9',
    'm{a="b"} floats of schema 3: 2,3 @40',
    'm{a="b"} integers of schema 3: 2,3 @10 from 4',
    'm{a="b"} integers of schema 8: 2,3 @50',
    'm{a="b"} integers of schema 8: 5 @60',
    'm{a="b"} stale @30',
  ]);
  expect(await registry.metrics()).toContain('belfry_remote_write_samples_total{outcome="written"} 6');
});

test.each([53, -5, 100, -54])(
  'a histogram of schema %d is refused in the words of Prometheus',
  async (schema) => {
    const { post, stored } = setup();
    const histogram: Histogram = {
      schema,
      count: 2,
      sum: 1,
      zeroThreshold: 0,
      zeroCount: 2,
      positiveSpans: [],
      positiveBuckets: [],
      negativeSpans: [],
      negativeBuckets: [],
      customValues: [],
      counterResetHint: 'unknown',
    };
    const response = await post(
      encodeSnappy(writeRequestV1([{ ...series(), samples: [], histograms: [[10, histogram]] }])),
    );
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(
      `m{a="b"} at 10: histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema ${schema}\n`,
    );
    expect(stored).toEqual([]);
  },
);

const AHEAD_MS = 600_000;
const flat: Histogram = {
  schema: 0,
  count: 2,
  sum: 1,
  zeroThreshold: 0,
  zeroCount: 2,
  positiveSpans: [],
  positiveBuckets: [],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'unknown',
};

test('ten minutes ahead are taken, a millisecond more is not, of floats and of histograms', async () => {
  const { post, stored, clock } = setup();
  const latest = clock.now() + AHEAD_MS;
  const body = writeRequestV2([
    {
      ...series([
        [latest, 1],
        [latest + 1, 2],
      ]),
      histograms: [
        [latest, flat],
        [latest + 1, flat],
      ],
    },
  ]);
  const response = await post(encodeSnappy(body), V2);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('2 samples written, not written: 2 too far in the future');
  expect(stored.map((line) => Number(line.split('@')[1]))).toEqual([latest, latest]);
});

test('what is sent again counts as written', async () => {
  const { post } = setup({}, 'duplicate');
  const body = writeRequestV2([{ ...series(), histograms: [[10, flat]] }]);
  const response = await post(encodeSnappy(body), V2);
  const header = (what: string) => response.headers.get(`x-prometheus-remote-write-${what}-written`);
  expect([response.status, header('samples'), header('histograms')]).toEqual([204, '1', '1']);
});

test.each([
  ['', 204],
  ['application/x-protobuf', 204],
  ['application/x-protobuf; proto=prometheus.WriteRequest', 204],
  ['application/x-protobuf;proto=prometheus.WriteRequest', 204],
  ['application/x-protobuf;charset=utf-8', 204],
  ['text/plain', 415],
  ['application/x-protobuf;proto=io.prometheus.write.v3.Request', 415],
  ['application/x-protobuf;proto=constructor', 415],
])('version 1.0 as %j is answered %d, without the headers of 2.0', async (type, status) => {
  const { post, stored } = setup();
  const response = await post(encodeSnappy(writeRequestV1([series()])), type);
  expect([response.status, stored.length]).toEqual([status, status === 204 ? 1 : 0]);
  expect(response.headers.get('x-prometheus-remote-write-samples-written')).toBeNull();
});

test('what fails for another reason than the request is no fault of the sender', async () => {
  const { post } = setup({
    appender: {
      appendBits: () => {
        throw new Error('a bug');
      },
      appendHistogram: () => 'ok',
      exemplar: () => 'ok',
      appendStale: () => 'ok',
      metadata: () => {},
      committed: async () => {},
    },
  });
  expect((await post(encodeSnappy(writeRequestV1([series()])))).status).toBe(500);
});

test('while many bytes of others are in work senders are told to come back; when these are done, not', async () => {
  const log = Promise.withResolvers<void>();
  const { app } = setup({
    appender: {
      appendBits: () => 'ok',
      appendHistogram: () => 'ok',
      exemplar: () => 'ok',
      appendStale: () => 'ok',
      metadata: () => {},
      committed: () => log.promise,
    },
  });
  const body = encodeSnappy(writeRequestV1([series()]));
  const declare = (bytes: number) =>
    app.request('/write', {
      method: 'POST',
      body: new Uint8Array(body),
      headers: {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
        'content-length': String(bytes),
      },
    });
  const first = declare(32 * 1024 * 1024);
  const second = declare(32 * 1024 * 1024);
  const third = declare(32 * 1024 * 1024);
  const refused = await declare(1);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  log.resolve();
  for (const answer of [first, second, third]) expect((await answer).status).toBe(204);
  expect((await declare(32 * 1024 * 1024)).status).toBe(204);
  expect((await declare(32 * 1024 * 1024)).status).toBe(204);
  expect((await declare(32 * 1024 * 1024)).status).toBe(204);
  expect((await declare(1)).status).toBe(204);
});
