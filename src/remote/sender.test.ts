import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { ProtobufReader } from '../exposition/remote/protobuf.ts';
import { decodeSnappy } from '../exposition/remote/snappy.ts';
import type { Histogram } from '../model/histogram.ts';
import { labelsFromObject, NO_LABELS } from '../model/labels.ts';
import { relabelling } from '../scraper/relabel-labels.ts';
import { fakeClock } from '../testing/fake-clock.ts';
import { storeBench } from '../tsdb/store.fixture.ts';
import type { Store } from '../tsdb/store.ts';
import { deliveredLogRow } from './cursors.ts';
import type { ToSender } from './protocol.ts';
import { endpoint, receiver, start, take } from './sender.fixture.ts';
import { createSender } from './service.ts';

const ANY_HISTOGRAM: Histogram = {
  schema: 1,
  count: 6,
  sum: 2.5,
  zeroThreshold: 0.001,
  zeroCount: 1,
  positiveSpans: [{ offset: -2, length: 2 }],
  positiveBuckets: [3, 2],
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [],
  counterResetHint: 'unknown',
};

const bench = storeBench();
afterEach(() => bench.clean());

/** A source with two series; `scrape` appends a row of both. */
function target(store: Store, key = 'target') {
  const source = store.source(key);
  const slots = ['a', 'b'].map((name) => source.slot(labelsFromObject({ __name__: name, job: key })));
  return {
    scrape(time: number, ...values: (number | undefined)[]) {
      source.begin(time);
      values.forEach((value, i) => {
        if (value !== undefined) source.set(slots[i]!, value);
      });
      source.commit();
    },
  };
}

/** A sender beside a store that is empty. */
function sending() {
  const clock = fakeClock();
  const store = bench.open(bench.directory(), { clock });
  const to = receiver();
  return { clock, store, to, sender: start(store, clock, to), base: clock.now() };
}

const sorted = (samples: readonly string[]): string[] => [...samples].sort();
/** What rows of `target` become at the receiver. */
const rows = (base: number, from: number, to: number): string[] =>
  sorted(
    Array.from({ length: to - from }, (_, i) => from + i).flatMap((n) => [
      `a{job="target", site="north"} ${base + n * 1000} ${n}`,
      `b{job="target", site="north"} ${base + n * 1000} ${-n}`,
    ]),
  );

test('each sample goes out once, staleness markers too, with external labels and after relabelling', async () => {
  const { clock, store, to, sender, base } = sending();
  sender.apply({
    write_relabel_configs: [
      { source_labels: ['__name__'], regex: 'b', action: 'drop' },
      { target_label: 'site', replacement: '$1-1', source_labels: ['site'] },
    ],
  });
  const one = target(store);
  one.scrape(base, 1, 2);
  one.scrape(base + 1000, undefined, 3);
  await clock.advance('7s');
  await clock.advance('7s');
  expect(to.samples).toEqual([
    `a{job="target", site="north-1"} ${base} 1`,
    `a{job="target", site="north-1"} ${base + 1000} stale`,
  ]);
  expect(sender.report()).toMatchObject({
    counts: { samples: { sent: 2, failed: 0 } },
    dropped: { relabeled: 2 },
    pending: 0,
    highestSent: base + 1000,
    trouble: undefined,
  });
  expect(to.requests[0]!.headers).toMatchObject({
    'content-type': 'application/x-protobuf',
    'x-prometheus-remote-write-version': '0.1.0',
  });
  await sender.close();
});

test('what left the head while the receiver was away is read from partitions, in requests of the wanted size', async () => {
  const clock = fakeClock();
  const dir = bench.directory();
  const store = bench.open(dir, { clock });
  const to = receiver();
  const sender = start(store, clock, to);
  const base = clock.now();
  sender.apply({ queue_config: { max_samples_per_send: 7, capacity: 20 } });
  to.answer = { status: 503, text: 'closed for today' };
  const one = target(store);
  for (let n = 0; n < 30; n++) one.scrape(base + n * 1000, n, -n);
  await clock.advance('6s');
  expect(sender.report()).toMatchObject({
    trouble: 'status 503: closed for today',
    counts: { samples: { sent: 0 } },
  });
  await store.flush();
  for (let n = 30; n < 40; n++) one.scrape(base + n * 1000, n, -n);
  to.answer = undefined;
  await clock.advance('30s');
  expect(sorted(to.samples)).toEqual(rows(base, 0, 40));
  for (const name of ['a', 'b']) {
    const times = to.samples
      .filter((line) => line.startsWith(name))
      .map((line) => Number(line.split(' ')[2]));
    expect(times).toEqual(times.toSorted((x, y) => x - y));
  }
  expect(Math.max(...to.requests.map(({ count }) => count))).toBe(7);
  expect(sender.report()!.reread).toBeGreaterThan(0);
  expect(sender.logs).toEqual([
    'samples cannot be sent; trying again until they can',
    'the receiver takes samples again',
  ]);
  await sender.close();
});

test.each(['in the head', 'in partitions'])(
  'a kill between two requests of one scrape loses nothing and doubles nothing, samples %s',
  async (place) => {
    const clock = fakeClock();
    const dir = bench.directory();
    const store = bench.open(dir, { clock });
    const to = receiver();
    const base = clock.now();
    const one = target(store);
    for (let n = 0; n < 10; n++) one.scrape(base + n * 1000, n, -n);
    await clock.advance('1s');
    if (place === 'in partitions') await store.flush();
    const first = start(store, clock, to);
    first.apply(
      { queue_config: { max_samples_per_send: 10, max_shards: 1 } },
      { since: base - 1, logRow: 0 },
    );
    to.limit = 1;
    await clock.advance('6s');
    first.kill();
    expect(to.samples.every((line) => line.startsWith('a{'))).toBe(true);
    expect(to.samples).toHaveLength(10);
    to.limit = Number.POSITIVE_INFINITY;
    await bench.close(store);

    const again = bench.open(dir, { clock });
    const second = start(again, clock, to);
    second.apply({ queue_config: { max_samples_per_send: 10 } }, { since: base + 1e6, logRow: 0 });
    const more = target(again);
    for (let n = 10; n < 15; n++) more.scrape(base + n * 1000, n, -n);
    await clock.advance('20s');
    expect(sorted(to.samples)).toEqual(rows(base, 0, 15));
    await second.close();
  },
);

test('more requests at once while they do not suffice, as few as before when they do', async () => {
  const { clock, store, to, sender, base } = sending();
  sender.apply({ queue_config: { max_samples_per_send: 2, max_shards: 5 } });
  const one = target(store);
  for (let n = 0; n < 300; n++) one.scrape(base + n, n, -n);
  const seen: number[] = [];
  for (let second = 0; second < 60; second++) {
    await clock.advance('1s');
    seen.push(sender.report()?.shards.now ?? 0);
  }
  expect(Math.max(...seen)).toBeGreaterThan(1);
  expect(seen.at(-1)).toBe(1);
  expect(to.samples).toHaveLength(600);
  await sender.close();
});

test('samples that bring their own times go out once, in any order they come, across a flush and a restart', async () => {
  const clock = fakeClock();
  const dir = bench.directory();
  const store = bench.open(dir, { clock });
  const to = receiver();
  to.answer = { status: 500 };
  const base = clock.now();
  const pushed = labelsFromObject({ __name__: 'pushed' });
  const first = start(store, clock, to);
  first.apply({});
  store.append(pushed, base + 5000, 1);
  store.append(pushed, base + 3000, 2);
  await store.committed();
  await clock.advance('7s');
  expect(deliveredLogRow(dir, undefined)).toBe(0);
  await store.flush();
  await clock.advance('3s');
  store.append(pushed, base + 4000, 3);
  await store.committed();
  first.kill();
  await bench.close(store);

  const again = bench.open(dir, { clock, heldLogRow: deliveredLogRow(dir, undefined) });
  to.answer = undefined;
  const second = start(again, clock, to);
  second.apply({}, { since: clock.now(), logRow: again.newestLogRow() });
  again.appendStale(pushed, base + 6000);
  await again.committed();
  await clock.advance('20s');
  expect(sorted(to.samples)).toEqual([
    `pushed{site="north"} ${base + 3000} 2`,
    `pushed{site="north"} ${base + 4000} 3`,
    `pushed{site="north"} ${base + 5000} 1`,
    `pushed{site="north"} ${base + 6000} stale`,
  ]);
  await second.close();
  expect(deliveredLogRow(dir, undefined)).toBeGreaterThan(1);
});

test.each([
  ['loses nothing and doubles nothing', false],
  ['whose answer was lost doubles what was in it, and that alone', true],
] as const)('a kill after a request of pushed samples %s', async (_, isMute) => {
  const clock = fakeClock();
  const dir = bench.directory();
  const store = bench.open(dir, { clock });
  const to = receiver();
  const base = clock.now();
  const first = start(store, clock, to);
  first.apply({ queue_config: { max_samples_per_send: 5 } });
  const expected: string[] = [];
  for (const host of ['a', 'b', 'c', 'd']) {
    for (let n = 0; n < 3; n++) {
      store.append(labelsFromObject({ __name__: 'pushed', host }), base + n * 1000, n);
      expected.push(`pushed{host="${host}", site="north"} ${base + n * 1000} ${n}`);
    }
  }
  await store.committed();
  to.limit = 2;
  to.isMute = isMute;
  await clock.advance('7s');
  first.kill();
  const before = [...to.samples];
  expect(before).toHaveLength(isMute ? 3 : 6);
  await bench.close(store);

  const again = bench.open(dir, { clock, heldLogRow: deliveredLogRow(dir, undefined) });
  to.limit = Number.POSITIVE_INFINITY;
  to.isMute = false;
  const second = start(again, clock, to);
  second.apply(
    { queue_config: { max_samples_per_send: 5 } },
    { since: clock.now(), logRow: again.newestLogRow() },
  );
  await clock.advance('20s');
  expect(sorted(to.samples)).toEqual(sorted(isMute ? [...expected, ...before] : expected));
  expect(second.report()).toMatchObject({ pending: 0 });
  await second.close();
});

test('what a receiver refuses for good is dropped and counted; too many requests are waited for', async () => {
  const { clock, store, to, sender, base } = sending();
  sender.apply({ queue_config: { batch_send_deadline: '1s' } });
  const one = target(store);
  to.answer = { status: 400, text: 'no such tenant' };
  one.scrape(base, 0, 0);
  await clock.advance('3s');
  expect(sender.report()).toMatchObject({ counts: { samples: { sent: 0, failed: 2 } }, trouble: undefined });
  to.answer = { status: 429, retryAfter: '20' };
  one.scrape(base + 1000, 1, -1);
  await clock.advance('5s');
  to.answer = undefined;
  await clock.advance('10s');
  expect(to.samples).toEqual([]);
  await clock.advance('10s');
  expect(sorted(to.samples)).toEqual(rows(base, 1, 2));
  expect(sender.report()).toMatchObject({ counts: { samples: { sent: 2, failed: 2, retried: 2 } } });
  await sender.close();
});

test.each([
  ['a date', (now: number) => new Date(now + 20_000).toUTCString(), 20],
  ['a date that is over', (now: number) => new Date(now - 20_000).toUTCString(), 0],
  ['no time', () => 'soon', 0],
  ['a day', () => '86400', 3600],
] as const)('a receiver that says when to come back, by %s, is heeded', async (_, retryAfter, seconds) => {
  const clock = fakeClock();
  const store = bench.open(bench.directory(), { clock });
  const to = receiver();
  const sender = start(store, clock, to);
  sender.apply({ queue_config: { batch_send_deadline: '1s', max_backoff: '100ms' } });
  const asked = clock.monotonic();
  to.answer = { status: 503, retryAfter: retryAfter(clock.now()) };
  target(store).scrape(clock.now(), 0, 0);
  await clock.advance('3s');
  to.answer = undefined;
  while (to.requests.length === 0) await clock.advance('1s');
  const waited = (clock.monotonic() - asked) / 1000;
  expect(waited).toBeGreaterThanOrEqual(seconds);
  expect(waited).toBeLessThan(seconds + 5);
  await sender.close();
});

test('while the receiver is in trouble one request alone finds out when it is well again', async () => {
  const { clock, store, to, sender, base } = sending();
  const queue = { max_samples_per_send: 2, min_shards: 4, max_shards: 4, batch_send_deadline: '1s' };
  sender.apply({ queue_config: queue });
  to.answer = { status: 503 };
  target(store).scrape(base, 0, 0);
  while (sender.report()?.trouble === undefined) await clock.advance('1s');
  for (const key of ['b', 'c', 'd', 'e']) target(store, key).scrape(base, 0, 0);
  await clock.advance('20s');
  expect(to.tried.size).toBe(1);
  to.answer = undefined;
  await clock.advance('60s');
  expect(to.samples).toHaveLength(10);
  await sender.close();
});

test('of a series of histograms that are not sent its end is not sent either', async () => {
  const { clock, store, to, sender, base } = sending();
  sender.apply({ queue_config: { batch_send_deadline: '1s' } });
  const source = store.source('target');
  const slot = source.slot(labelsFromObject({ __name__: 'h' }));
  const scrape = (time: number, value: 'histogram' | 'none' | number): void => {
    source.begin(time);
    if (value === 'histogram') source.setHistogram(slot, ANY_HISTOGRAM);
    else if (value !== 'none') source.set(slot, value);
    source.commit();
  };
  scrape(base, 'histogram');
  scrape(base + 1000, 'none');
  await clock.advance('5s');
  scrape(base + 2000, 'histogram');
  await clock.advance('5s');
  scrape(base + 3000, 'none');
  await clock.advance('5s');
  expect(to.samples).toEqual([]);
  expect(sender.report()).toMatchObject({ dropped: { unsent_kind: 4 }, pending: 0 });
  scrape(base + 4000, 'histogram');
  scrape(base + 5000, 7);
  await clock.advance('5s');
  scrape(base + 6000, 'none');
  await clock.advance('5s');
  expect(to.samples).toEqual([`h{site="north"} ${base + 5000} 7`, `h{site="north"} ${base + 6000} stale`]);
  expect(sender.report()).toMatchObject({ dropped: { unsent_kind: 5 } });
  await sender.close();
});

test('a reload that changes an endpoint goes on where it was; one that leaves it alone does not touch it', async () => {
  const { clock, store, to, sender, base } = sending();
  sender.apply({});
  const one = target(store);
  one.scrape(base, 0, 0);
  await clock.advance('7s');
  sender.apply({}, { since: base + 1e6, logRow: 1e6 });
  one.scrape(base + 1000, 1, -1);
  await clock.advance('7s');
  sender.apply({ queue_config: { max_samples_per_send: 1 } }, { since: base + 1e6, logRow: 1e6 });
  one.scrape(base + 2000, 2, -2);
  await clock.advance('7s');
  await clock.advance('7s');
  expect(sorted(to.samples).map((line) => line.replace(' -0', ' 0'))).toEqual(
    rows(base, 0, 3).map((line) => line.replace(' -0', ' 0')),
  );
  expect(to.requests.map(({ count }) => count)).toEqual([2, 2, 1, 1]);
  await sender.close();
});

test('a disk on which nothing can be noted stops no sending', async () => {
  const { clock, store, to, sender, base } = sending();
  sender.apply({});
  const one = target(store);
  one.scrape(base, 0, 0);
  await clock.advance('7s');
  const db = new Database(path.join(store.dir, 'remote.db'));
  for (const change of ['INSERT ON cursor', 'UPDATE ON endpoint']) {
    const name = change.replaceAll(' ', '_');
    db.exec(`CREATE TRIGGER ${name} BEFORE ${change} BEGIN SELECT RAISE(ABORT, 'full'); END`);
  }
  db.close();
  // Long enough for the instant up to which everything is delivered to be noted.
  await clock.advance('2h');
  one.scrape(base + 7_208_000, 1, -1);
  await clock.advance('7s');
  await clock.advance('301s');
  one.scrape(base + 7_600_000, 2, -2);
  await clock.advance('7s');
  expect(to.samples).toHaveLength(6);
  expect(new Set(sender.logs)).toEqual(new Set(['what was delivered cannot be noted']));
  await sender.close();
});

test.each(['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'])(
  'exemplars go out once, with the next sample of their series, in a %s',
  async (protobuf_message) => {
    const clock = fakeClock();
    const store = bench.open(bench.directory(), { clock, maxExemplars: 100 });
    const to = receiver();
    const sender = start(store, clock, to);
    const base = clock.now();
    const pushed = labelsFromObject({ __name__: 'pushed' });
    const trace = (id: string, value: number, timestamp?: number) => ({
      labels: labelsFromObject({ trace_id: id, span_id: 'š' }),
      value,
      ...(timestamp === undefined ? {} : { timestamp }),
    });
    store.exemplar(pushed, trace('before', 1, base - 1));
    sender.apply({
      protobuf_message,
      send_exemplars: true,
      queue_config: { capacity: 4 },
      write_relabel_configs: [{ source_labels: ['__name__'], regex: 'left_out', action: 'drop' }],
    });
    await clock.advance('1s');
    const source = store.source('target');
    const slotOf = (name: string): number => source.slot(labelsFromObject({ __name__: name }));
    source.begin(base);
    for (const name of ['kept', 'left_out']) {
      source.set(slotOf(name), 7);
      source.exemplar(slotOf(name), trace(`of ${name}`, 0.5));
    }
    source.commit();
    store.exemplar(pushed, trace('pushed', -2, base + 500));
    await clock.advance('7s');
    // No sample of its series yet.
    expect(to.exemplars).toEqual([`kept{site="north"} {span_id="š", trace_id="of kept"} 0.5 @${base}`]);
    to.answer = { status: 503 };
    store.append(pushed, base + 1000, 1);
    await store.committed();
    await clock.advance('7s');
    to.answer = undefined;
    await clock.advance('10s');
    expect(to.exemplars.slice(1)).toEqual([
      `pushed{site="north"} {span_id="š", trace_id="pushed"} -2 @${base + 500}`,
    ]);
    expect(sender.report()).toMatchObject({ counts: { exemplars: { sent: 2 } }, droppedExemplars: 1 });
    // More than may wait: the series that waits longest gives way.
    for (let n = 0; n < 6; n++) {
      const labels = labelsFromObject({ __name__: `waiting_${n}` });
      store.exemplar(labels, trace('late', n, base + 9000));
    }
    await clock.advance('1s');
    for (let n = 0; n < 6; n++) store.append(labelsFromObject({ __name__: `waiting_${n}` }), base + 9000, n);
    await store.committed();
    await clock.advance('10s');
    expect(to.exemplars.slice(2).map((text) => text.slice(0, 9))).toEqual([
      'waiting_2',
      'waiting_3',
      'waiting_4',
      'waiting_5',
    ]);
    expect(sender.report()).toMatchObject({ droppedExemplars: 3, pending: 0 });
    await sender.close();
  },
);

test('version 2.0 says symbols once, start timestamps and native histograms', async () => {
  const clock = fakeClock();
  const store = bench.open(bench.directory(), { clock });
  const bodies: Uint8Array[] = [];
  const to = receiver();
  const { port1, port2 } = new MessageChannel();
  const init = {
    shared: store.shared,
    logFile: path.join(store.dir, 'log.db'),
    userAgent: '',
    environment: {},
  };
  createSender(port2, init, {
    clock,
    addon: undefined,
    compileRelabel: relabelling,
    createPost: () => ({
      close() {},
      async post({ body, headers }) {
        bodies.push(decodeSnappy(body, 1e7));
        take(to, body, headers);
        return { status: 200, text: '', retryAfter: undefined };
      },
    }),
  });
  port1.unref();
  const config = endpoint({
    protobuf_message: 'io.prometheus.write.v2.Request',
    send_native_histograms: true,
  });
  const base = clock.now();
  port1.postMessage({
    kind: 'metadata',
    metadata: [['a', { type: 'counter', help: 'Help of a.', unit: 'seconds' }]],
  } satisfies ToSender);
  port1.postMessage({
    kind: 'apply',
    endpoints: [{ name: 'x', config, externalLabels: NO_LABELS }],
    start: { since: base - 1, logRow: 0 },
  } satisfies ToSender);
  const source = store.source('t');
  const a = source.slot(labelsFromObject({ __name__: 'a', job: 't' }));
  const h = source.slot(labelsFromObject({ __name__: 'h', job: 't' }));
  source.begin(base);
  source.set(a, 5);
  source.setStart(a, base - 60_000);
  source.setHistogram(h, ANY_HISTOGRAM);
  source.commit();
  await clock.advance('7s');
  await clock.advance('7s');
  expect(to.samples).toEqual([
    `a{job="t"} ${base} 5 from ${base - 60_000}`,
    expect.stringMatching(/^h\{job="t"\} \d+ \{"schema":1,"count":6,"sum":2.5,/),
  ]);
  const fields = new ProtobufReader(bodies[0]!);
  const symbols: string[] = [];
  const series: string[] = [];
  for (let field = fields.next(); field !== 0; field = fields.next()) {
    if (field === 4) symbols.push(fields.string());
    else if (field === 5) {
      const length = fields.length();
      const at = fields.take(length);
      series.push(Buffer.from(bodies[0]!.subarray(at, at + length)).toString('hex'));
    }
  }
  expect(symbols).toEqual(['', '__name__', 'a', 'job', 't', 'Help of a.', 'seconds', 'h']);
  // Sample 5 at base with a start a minute before; metadata: counter, help and unit as symbols.
  const time = varintHex(base);
  expect(series).toEqual([
    `0a0401020304` +
      `1217` +
      `090000000000001440` +
      `10${time}` +
      `18${varintHex(base - 60_000)}` +
      `2a06080118052006`,
    `0a0401070304` +
      `1a` +
      '29' +
      '0806' + // count
      '190000000000000440' + // sum
      '2002' + // schema, zigzag
      '29fca9f1d24d62503f' + // zero threshold
      '3001' + // zero count
      '5a0408031002' + // positive span
      '62020601' + // deltas +3, -1
      `78${time}`,
  ]);
  await bench.clean();
});

function varintHex(value: number): string {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    bytes.push(rest > 127 ? (rest % 128) | 128 : rest);
    if (rest <= 127) return Buffer.from(bytes).toString('hex');
  }
}
