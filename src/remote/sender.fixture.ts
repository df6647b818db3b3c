import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { configFromData } from '../config/config.ts';
import type { RemoteWriteConfig } from '../config/remote-write.ts';
import { decodeSnappy } from '../exposition/remote/snappy.ts';
import { readWriteRequestV1, readWriteRequestV2 } from '../exposition/remote/write-request.ts';
import { formatSeries, labelsFromObject } from '../model/labels.ts';
import { isStaleAt } from '../model/sample.ts';
import { relabelling } from '../scraper/relabel-labels.ts';
import type { FakeClock } from '../testing/fake-clock.ts';
import { sampleText } from '../tsdb/store.fixture.ts';
import type { Store } from '../tsdb/store.ts';
import type { PostAnswer } from './delivery.ts';
import type { EndpointReport, FromSender, ToSender } from './protocol.ts';
import { createSender } from './service.ts';

/** What a receiver was sent: each sample as text, in the order it came. */
export interface FakeReceiver {
  readonly samples: string[];
  readonly exemplars: string[];
  /** Bodies that came, delivered or not; each tried again is one. */
  readonly tried: Set<Uint8Array>;
  readonly requests: { readonly count: number; readonly headers: Readonly<Record<string, string>> }[];
  /** How it answers next; delivered unless something else is set. */
  answer: Partial<PostAnswer> | undefined;
  /** Requests after this many hang. */
  limit: number;
  /** Whether it takes samples and its answer gets lost. */
  isMute: boolean;
}

export const receiver = (): FakeReceiver => ({
  samples: [],
  exemplars: [],
  tried: new Set(),
  requests: [],
  answer: undefined,
  limit: Number.POSITIVE_INFINITY,
  isMute: false,
});

export function take(to: FakeReceiver, body: Uint8Array, headers: Readonly<Record<string, string>>): void {
  const bytes = decodeSnappy(body, 1e8);
  const isV2 = headers['content-type']!.includes('v2');
  let count = 0;
  for (const item of isV2 ? readWriteRequestV2(bytes) : readWriteRequestV1(bytes)) {
    if (item === undefined || item.kind === 'metadata' || typeof item.labels === 'string') continue;
    const series = formatSeries(item.labels);
    if (item.kind === 'histogram') {
      to.samples.push(`${series} ${item.timestamp} ${sampleText(item.histogram, item.start)}`);
      count++;
    }
    if (item.kind === 'exemplar') {
      const { labels, value, timestamp } = item.exemplar;
      to.exemplars.push(`${series} ${formatSeries(labels)} ${value} @${timestamp}`);
    }
    if (item.kind !== 'series') continue;
    for (let i = 0; i < item.count; i++) {
      const value = isStaleAt(item.words, i) ? 'stale' : item.values[i];
      const start = item.starts[i] ? ` from ${item.starts[i]}` : '';
      to.samples.push(`${series} ${item.timestamps[i]} ${value}${start}`);
      count++;
    }
  }
  to.requests.push({ count, headers });
}

export interface Running {
  report(): EndpointReport | undefined;
  logs: string[];
  apply(config: Parameters<typeof endpoint>[0], start?: { since: number; logRow: number }): void;
  /** Ends without a word, as a kill does. */
  kill(): void;
  close(): Promise<void>;
}

export const endpoint = (config: object): RemoteWriteConfig =>
  configFromData({
    remote_write: [{ url: 'http://there/write', ...config }],
  }).remote_write[0]!;

export function start(store: Store, clock: FakeClock, to: FakeReceiver): Running {
  const { port1, port2 } = new MessageChannel();
  let last: EndpointReport | undefined;
  let closed: (() => void) | undefined;
  let isDead = false;
  const logs: string[] = [];
  const init = {
    shared: store.shared,
    logFile: path.join(store.dir, 'log.db'),
    userAgent: 'Belfry/test',
    environment: {},
  };
  createSender(port2, init, {
    clock,
    addon: undefined,
    compileRelabel: relabelling,
    createPost: () => ({
      close() {},
      async post({ body, headers, signal }) {
        const answer = { status: 204, text: '', retryAfter: undefined, ...to.answer };
        to.tried.add(body);
        const isTaken = !isDead && to.requests.length < to.limit;
        if (isTaken && answer.status < 300) take(to, body, headers);
        if (isTaken && !to.isMute) return answer;
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        );
      },
    }),
  });
  port1.on('message', (message: FromSender) => {
    if (message.kind === 'report') {
      last = message.endpoints[0];
      store.holdLog(message.logRow);
    } else if (message.kind === 'log') logs.push(message.message);
    else closed?.();
  });
  port1.unref();
  const post = (message: ToSender): void => port1.postMessage(message);
  return {
    report: () => last,
    logs,
    apply: (config, place = { since: clock.now() - 1, logRow: 0 }) =>
      post({
        kind: 'apply',
        endpoints: [
          { name: 'there', config: endpoint(config), externalLabels: labelsFromObject({ site: 'north' }) },
        ],
        start: place,
      }),
    kill() {
      isDead = true;
    },
    async close() {
      const done = new Promise<void>((resolve) => (closed = resolve));
      post({ kind: 'close' });
      const waiting = setInterval(() => void clock.advance(1000), 5);
      await done;
      clearInterval(waiting);
    },
  };
}
