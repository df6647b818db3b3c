import { type Context, Hono } from 'hono';
import { Counter, type Registry } from 'prom-client';
import type { Clock } from '../../clock.ts';
import { WireError } from '../../exposition/remote/wire-error.ts';
import {
  readWriteRequestV1,
  readWriteRequestV2,
  type SeriesItem,
  type WriteItem,
} from '../../exposition/remote/write-request.ts';
import type { Appender, AppendOutcome } from '../../model/appender.ts';
import { receivedHistogram } from '../../model/histogram-resolution.ts';
import { formatSeries } from '../../model/labels.ts';
import { createSlicer } from '../slicer.ts';
import { BodyTooLargeError, decodeBody, readBody } from './wire-body.ts';

export interface RemoteWriteDeps {
  readonly appender: Pick<
    Appender,
    'appendBits' | 'appendHistogram' | 'appendStale' | 'exemplar' | 'metadata' | 'committed'
  >;
  /** Why samples cannot be stored for good now, or undefined. */
  readonly degraded: () => string | undefined;
  readonly clock: Clock;
  readonly registry: Registry;
  /** Most bytes of a body, as sent and decoded. */
  readonly maxBytes?: number;
}

const MAX_BYTES = 32 * 1024 * 1024;
/** Bytes of all requests in work at once; senders are told to come back. */
const MAX_PENDING_BYTES = 3 * MAX_BYTES;
/** Upstream refuses samples that are further ahead. */
const MAX_AHEAD_MS = 600_000;
const RETRY_SECONDS = '5';

type Version = 1 | 2;
const MESSAGES: ReadonlyMap<string, Version> = new Map([
  ['prometheus.WriteRequest', 1],
  ['io.prometheus.write.v2.Request', 2],
]);

/** Why a sample was not stored. */
type Rejection = Exclude<AppendOutcome, 'ok' | 'duplicate'> | 'invalid_labels';

const REJECTION_TEXTS: Readonly<Record<Rejection, string>> = {
  conflict: 'another value is stored for the time',
  too_old: 'older than the retention',
  too_new: 'too far in the future',
  invalid_labels: 'invalid labels',
  invalid: 'malformed histogram',
};

/** What became of a request. */
interface Tally {
  /** Floats. */
  written: number;
  histograms: number;
  exemplars: number;
  readonly rejected: Map<Rejection, number>;
  /** The first problem, for the sender's log. */
  problem: string;
}

/**
 * `POST /write` of /api/v1: receives remote write 1.0 and 2.0. What can be stored is, in any order of time; 400 says what was not, since
 * sending it again would not help; 2xx is said once all is in the log. Errors are plain text. An exemplar that is not kept is no
 * error, as upstream.
 */
export function remoteWriteRoutes(deps: RemoteWriteDeps): Hono {
  const { appender, clock, degraded } = deps;
  const maxBytes = deps.maxBytes ?? MAX_BYTES;
  const samples = sampleCounter(deps.registry);
  let pendingBytes = 0;

  const store = async (body: Uint8Array, version: Version, tally: Tally): Promise<void> => {
    const slicer = createSlicer(clock.monotonic);
    const bytes = await decodeBody(body, maxBytes, slicer);
    const latest = clock.now() + MAX_AHEAD_MS;
    const items: Iterable<WriteItem | undefined> =
      version === 1 ? readWriteRequestV1(bytes) : readWriteRequestV2(bytes);
    for (const item of items) {
      if (item?.kind === 'series') appendRun(appender, item, latest, tally);
      else if (item?.kind === 'histogram') appendHistogram(appender, item, latest, tally);
      else if (item?.kind === 'exemplar') keepExemplar(appender, item, tally);
      else if (item?.kind === 'metadata' && item.metric !== '') appender.metadata(item.metric, item.metadata);
      if (slicer.isDue()) await slicer.pause();
    }
  };

  /** Stores what a request holds and says what was not, as text; undefined when all was. */
  const storeAll = async (body: Uint8Array, version: Version, tally: Tally): Promise<string | undefined> => {
    try {
      await store(body, version, tally);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return error.message;
    } finally {
      await appender.committed();
    }
    return tally.rejected.size === 0 ? undefined : describe(tally);
  };

  const receive = async (c: Context, version: Version): Promise<Response> => {
    const before = degraded();
    if (before !== undefined) return comeBack(c, `samples cannot be stored now: ${before}`);
    const length = c.req.header('content-length');
    const expected = length === undefined ? maxBytes : Number(length);
    if (pendingBytes > 0 && pendingBytes + expected > MAX_PENDING_BYTES) {
      return comeBack(c, `${pendingBytes} bytes of other requests are being stored`);
    }
    pendingBytes += expected;
    const tally: Tally = { written: 0, histograms: 0, exemplars: 0, rejected: new Map(), problem: '' };
    const headers = (): Record<string, string> => (version === 2 ? writtenHeaders(tally) : {});
    try {
      const problem = await storeAll(await readBody(c, maxBytes), version, tally);
      const after = degraded();
      if (after !== undefined) return comeBack(c, `samples are in memory only: ${after}`);
      samples.inc({ outcome: 'written' }, tally.written + tally.histograms);
      for (const [reason, count] of tally.rejected) samples.inc({ outcome: reason }, count);
      return problem === undefined ? c.body(null, 204, headers()) : c.text(`${problem}\n`, 400, headers());
    } catch (error) {
      if (error instanceof BodyTooLargeError) return c.text(`${error.message}\n`, 413, headers());
      throw error;
    } finally {
      pendingBytes -= expected;
    }
  };

  const app = new Hono();
  app.post('/write', async (c) => {
    const version = versionOf(c.req.header('content-type') ?? '');
    if (typeof version === 'string') return c.text(`${version}\n`, 415);
    const encoding = (c.req.header('content-encoding') ?? 'snappy').toLowerCase();
    if (encoding !== 'snappy') {
      return c.text(`content encoding ${JSON.stringify(encoding)} is not accepted, only "snappy" is\n`, 415);
    }
    return receive(c, version);
  });
  return app;
}

function appendRun(
  appender: RemoteWriteDeps['appender'],
  item: SeriesItem,
  latest: number,
  tally: Tally,
): void {
  const { labels, timestamps, words, starts } = item;
  if (typeof labels === 'string') {
    reject(tally, 'invalid_labels', item.count, () => labels);
    return;
  }
  for (let i = 0; i < item.count; i++) {
    const timestamp = timestamps[i]!;
    const outcome =
      timestamp > latest
        ? 'too_new'
        : appender.appendBits(labels, timestamp, words[2 * i]!, words[2 * i + 1]!, starts[i]);
    if (outcome === 'ok' || outcome === 'duplicate') tally.written++;
    else reject(tally, outcome, 1, () => `${formatSeries(labels)} at ${timestamp}`);
  }
}

function appendHistogram(
  appender: RemoteWriteDeps['appender'],
  { labels, timestamp, start, histogram }: Extract<WriteItem, { kind: 'histogram' }>,
  latest: number,
  tally: Tally,
): void {
  if (typeof labels === 'string') {
    reject(tally, 'invalid_labels', 1, () => labels);
    return;
  }
  const series = (): string => `${formatSeries(labels)} at ${timestamp}`;
  if (timestamp > latest) {
    reject(tally, 'too_new', 1, series);
    return;
  }
  const received = histogram === 'stale' ? undefined : receivedHistogram(histogram);
  if (typeof received === 'string') {
    reject(tally, 'invalid', 1, () => `${series()}: ${received}`);
    return;
  }
  const outcome = received
    ? appender.appendHistogram(labels, timestamp, received, start)
    : appender.appendStale(labels, timestamp);
  if (outcome === 'ok' || outcome === 'duplicate') tally.histograms++;
  else reject(tally, outcome, 1, series);
}

function keepExemplar(
  appender: RemoteWriteDeps['appender'],
  { labels, exemplar }: Extract<WriteItem, { kind: 'exemplar' }>,
  tally: Tally,
): void {
  if (typeof labels === 'string') return;
  const outcome = appender.exemplar(labels, exemplar);
  if (outcome === 'ok' || outcome === 'duplicate') tally.exemplars++;
}

function reject(tally: Tally, reason: Rejection, count: number, where: () => string): void {
  if (count === 0) return;
  if (tally.rejected.size === 0) tally.problem = `${REJECTION_TEXTS[reason]}: ${where().slice(0, 1000)}`;
  tally.rejected.set(reason, (tally.rejected.get(reason) ?? 0) + count);
}

function describe({ written, histograms, rejected, problem }: Tally): string {
  const counts = [...rejected].map(([reason, count]) => `${count} ${REJECTION_TEXTS[reason]}`);
  return `partial write: ${written + histograms} samples written, not written: ${counts.join(', ')}; first: ${problem}`;
}

const writtenHeaders = ({ written, histograms, exemplars }: Tally): Record<string, string> => ({
  'x-prometheus-remote-write-samples-written': String(written),
  'x-prometheus-remote-write-histograms-written': String(histograms),
  'x-prometheus-remote-write-exemplars-written': String(exemplars),
});

const comeBack = (c: Context, text: string): Response =>
  c.text(`${text}\n`, 503, { 'retry-after': RETRY_SECONDS });

/** The protocol's version by content type, or why there is none; old senders give no type. */
function versionOf(contentType: string): Version | string {
  const [type, ...parameters] = contentType.split(';').map((part) => part.trim());
  if (!type) return 1;
  if (type !== 'application/x-protobuf') {
    return `content type ${JSON.stringify(contentType)} is not accepted, expected application/x-protobuf`;
  }
  const message = parameters.find((parameter) => parameter.startsWith('proto='))?.slice('proto='.length);
  if (message === undefined) return 1;
  return (
    MESSAGES.get(message) ??
    `protobuf message ${JSON.stringify(message)} is not accepted, expected ${[...MESSAGES.keys()].join(' or ')}`
  );
}

function sampleCounter(registry: Registry): Counter<'outcome'> {
  return new Counter({
    name: 'belfry_remote_write_samples_total',
    help: 'Samples received by remote write, by what became of them.',
    labelNames: ['outcome'],
    registers: [registry],
  });
}
