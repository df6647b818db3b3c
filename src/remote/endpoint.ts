import type { Clock } from '../clock.ts';
import { encodeSnappy } from '../exposition/remote/snappy.ts';
import {
  createWriteEncoderV1,
  createWriteEncoderV2,
  type MetadataOf,
  type WriteEncoder,
} from '../exposition/remote/write-encoder.ts';
import type { Log } from '../model/log.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import type { OwnTail } from '../tsdb/log/own-tail.ts';
import { isChunk, type SourceTail, type TailChunk, type TailPosition } from '../tsdb/tail.ts';
import { type Cursor, type CursorDb, type EndpointCursors, OWN_TIMES } from './cursors.ts';
import { createDelivery, type Post } from './delivery.ts';
import { createMetadataSender } from './metadata-sender.ts';
import { PendingExemplars } from './pending-exemplars.ts';
import type { EndpointReport, EndpointSettings, Kind, StartPlace } from './protocol.ts';
import { createSampleSelection, type Tally } from './sample-selection.ts';
import { type CompileRelabel, createSeriesLabels, type SeriesLabels } from './series-labels.ts';

export interface EndpointDeps {
  readonly tail: SourceTail;
  readonly own: OwnTail;
  readonly cursors: CursorDb;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
  readonly post: Post;
  readonly compileRelabel: CompileRelabel;
  readonly metadata: ReadonlyMap<string, MetricMetadata>;
}

/** A receiver of remote write, and how far it has got. */
export interface Endpoint {
  readonly settings: EndpointSettings;
  /** The last row of the log that is not needed any more. */
  readonly logRow: number;
  /** Looks for what can be sent, and sends it. */
  pump(): void;
  /** Durations of requests are given out once. */
  report(): EndpointReport;
  /** Waits a little for the answers under way, then gives them up: they are sent again by whoever comes next. */
  stop(): Promise<void>;
}

/** Longest wait for answers at the end. */
const GRACE_MS = 1500;
/** A new source may still bring samples this old when all others are delivered. */
const LATE_MS = 3_600_000;
const RAISE_EVERY_MS = 300_000;

interface SourceState {
  /** Delivered and saved. */
  cursor: Cursor;
  /** Read so far. */
  position: TailPosition;
  /** What was read and is not in requests as a whole; `at` is the next series of it. */
  open: { readonly chunk: TailChunk; readonly done: number; at: number } | undefined;
  /** In a request under way: the next one must wait, or a receiver would get samples out of order. */
  isBusy: boolean;
}

interface Batch {
  readonly cursors: Map<number, Cursor>;
  readonly body: Uint8Array;
  readonly counts: Record<Kind, number>;
  readonly newest: number;
}

/** @param startPlace where it begins when it has no place yet */
export function createEndpoint(
  settings: EndpointSettings,
  startPlace: StartPlace,
  deps: EndpointDeps,
): Endpoint {
  const { tail, own, clock, log } = deps;
  const { config } = settings;
  const queue = config.queue_config;
  const { max_samples_per_send: maxSamples, min_shards: minShards, max_shards: maxShards } = queue;
  const encoder = encoderOf(settings, (metric) => deps.metadata.get(metric));
  const labels = seriesLabelsOf(settings, deps.compileRelabel, encoder);
  const delivery = createDelivery(settings, encoder, {
    clock,
    log,
    post: deps.post,
    onTrouble: () => {
      shards = minShards;
    },
  });
  const place: EndpointCursors = deps.cursors.endpoint(settings.name, startPlace);
  const sources = new Map<number, SourceState>();
  const exemplars = config.send_exemplars ? new PendingExemplars(queue.capacity) : undefined;
  const selection = createSampleSelection(config, { encoder, exemplars, clock });
  const metadata = createMetadataSender(config, deps.metadata, delivery);
  const underWay = new Set<Promise<void>>();
  let since = place.since;
  /** The newest row of the log as of this look, and whether all rows of earlier processes were looked through. */
  let newestRow = 0;
  let hasCaughtUp = false;
  let raisedAt = clock.monotonic();
  let hasLooked = false;
  let shards = minShards;
  let desired = minShards;
  let next = 0;
  let waitingSince: number | undefined;
  let pending = 0;
  let reread = 0;
  let highestSent = 0;
  let highestTimestamp = 0;
  let isStopped = false;

  const ownState = (): SourceState => {
    const saved = place.sources.get(OWN_TIMES);
    // A log that was lost began anew.
    const cursor = saved && saved.done <= startPlace.logRow ? saved : { done: startPlace.logRow };
    return { cursor, position: { done: cursor.done }, open: undefined, isBusy: false };
  };
  sources.set(OWN_TIMES, ownState());

  /** Finds sources that are new, and about how much waits. */
  const look = (): void => {
    pending = 0;
    for (const source of tail.sources()) {
      let state = sources.get(source);
      if (!state) {
        const saved = place.sources.get(source);
        const cursor = saved && (saved.to !== undefined || saved.done > since) ? saved : { done: since };
        // A source that comes while we watch begins with its row 0; what there was before may be in partitions only.
        const row = hasLooked && !saved ? 0 : undefined;
        state = { cursor, position: { done: cursor.done, row }, open: undefined, isBusy: false };
        sources.set(source, state);
      }
      if (!state.isBusy) pending += waiting(source, state);
    }
    hasLooked = true;
    const ownTimes = sources.get(OWN_TIMES)!;
    if (ownTimes.isBusy) return;
    hasCaughtUp ||= waiting(OWN_TIMES, ownTimes) === 0;
    if (hasCaughtUp && !tail.hasOwnSeries) {
      // No row of this process can hold any: they need not be read.
      ownTimes.position = { done: newestRow };
      ownTimes.cursor = { done: newestRow };
    }
    pending += waiting(OWN_TIMES, ownTimes);
  };

  const waiting = (source: number, { open, position, cursor }: SourceState): number => {
    if (open) return Math.max(1, open.chunk.samples);
    // Begun by an earlier process, and not yet read again.
    if (cursor.to !== undefined && position.done === cursor.done) return 1;
    return source === OWN_TIMES ? Math.max(0, newestRow - position.done) : tail.pending(source, position);
  };

  /** Reads on where a source was left; undefined when there is nothing more. */
  const read = (source: number, state: SourceState): SourceState['open'] => {
    if (state.open) return state.open;
    const { done } = state.position;
    const { to, ref } = state.cursor;
    const isResumed = to !== undefined && state.cursor.done === done;
    const limits = { samples: queue.capacity, rows: maxSamples, ...(isResumed ? { to } : {}) };
    const found =
      source === OWN_TIMES ? own.read(done, newestRow, limits) : tail.read(source, state.position, limits);
    if (!isChunk(found)) {
      state.position = found;
      return undefined;
    }
    if (found.isStored) reread += found.samples;
    const at = isResumed ? found.series.findIndex((one) => one.ref >= ref!) : 0;
    return (state.open = { chunk: found, done, at: at < 0 ? found.series.length : at });
  };

  /** Puts what a source has into the request; says how far that gets it, or undefined when it has nothing. */
  const fill = (source: number, state: SourceState, tally: Tally): Cursor | undefined => {
    let reached: Cursor | undefined;
    while (encoder.count < maxSamples) {
      if (source === OWN_TIMES && waiting(source, state) === 0) break;
      const open = read(source, state);
      if (!open) break;
      const { chunk } = open;
      for (; open.at < chunk.series.length; open.at++) {
        const series = chunk.series[open.at]!;
        const length = series.timestamps.length;
        if (encoder.count > 0 && encoder.count + length > maxSamples) {
          return { done: open.done, to: chunk.to, ref: series.ref };
        }
        const known = labels.of(series.ref, () => series.labels);
        if (known) selection.add(known, series, tally);
        else selection.drop(series);
      }
      state.open = undefined;
      state.position = chunk.next;
      reached = { done: chunk.to };
    }
    return reached;
  };

  /** Makes the next request of sources that are in none; undefined when there is nothing to send. */
  const gather = (): Batch | undefined => {
    const cursors = new Map<number, Cursor>();
    const tally: Tally = { counts: { samples: 0, histograms: 0, exemplars: 0, metadata: 0 }, newest: 0 };
    const all = [...sources];
    for (let i = 0; i < all.length && encoder.count < maxSamples; i++) {
      const [source, state] = all[(next + i) % all.length]!;
      if (state.isBusy || waiting(source, state) === 0) continue;
      const cursor = fill(source, state, tally);
      if (cursor) cursors.set(source, cursor);
      if (encoder.count >= maxSamples || cursor?.to !== undefined) {
        // Whoever filled this one comes last in the next.
        next = (next + i + 1) % all.length;
        break;
      }
    }
    tail.release();
    if (encoder.count === 0) {
      if (cursors.size > 0) saved(cursors);
      return undefined;
    }
    for (const source of cursors.keys()) sources.get(source)!.isBusy = true;
    return { cursors, body: encodeSnappy(encoder.finish()), ...tally };
  };

  /** On a full disk what was delivered is known until the process ends, which may then send it once more. */
  const note = (write: () => void): void => {
    try {
      write();
    } catch (error) {
      delivery.complain((error as Error).message, 'what was delivered cannot be noted');
    }
  };

  const saved = (cursors: ReadonlyMap<number, Cursor>): void => {
    note(() => place.save(cursors));
    for (const [source, cursor] of cursors) {
      const state = sources.get(source)!;
      state.cursor = cursor;
      state.isBusy = false;
    }
  };

  const deliver = async (batch: Batch): Promise<void> => {
    const outcome = await delivery.send(batch.body, batch.counts);
    if (outcome === 'stopped') return;
    if (outcome === 'delivered') highestSent = Math.max(highestSent, batch.newest);
    saved(batch.cursors);
  };

  const start = (work: Promise<void>): void => {
    const tracked = work.finally(() => {
      underWay.delete(tracked);
      if (!isStopped) pump();
    });
    underWay.add(tracked);
  };

  const pump = (): void => {
    if (isStopped) return;
    // Before the view: what the rows up to here name is in it.
    newestRow = own.newest();
    tail.refresh();
    exemplars?.follow(tail);
    look();
    const now = clock.monotonic();
    waitingSince = pending === 0 ? undefined : (waitingSince ?? now);
    const isDue = (): boolean =>
      pending >= maxSamples ||
      (waitingSince !== undefined && now - waitingSince >= queue.batch_send_deadline);
    desired = Math.max(minShards, Math.min(maxShards, underWay.size + Math.ceil(pending / maxSamples)));
    // While the receiver is in trouble, one request finds out when it is well again.
    while (isDue() && underWay.size < (delivery.trouble === undefined ? shards : 1)) {
      const batch = gather();
      if (!batch) {
        waitingSince = undefined;
        break;
      }
      pending -= batch.counts.samples + batch.counts.histograms;
      if (pending < maxSamples) waitingSince = undefined;
      start(deliver(batch));
    }
    // One more at once while they do not suffice, one less while they do.
    if (delivery.trouble === undefined && isDue()) shards = Math.min(maxShards, shards + 1);
    else if (desired < shards) shards = Math.max(minShards, shards - 1);
    tail.release();
    raise(now);
    metadata.send(now);
  };

  /** Remembers an instant up to which everything was delivered, so that a later start need not look further back. */
  const raise = (now: number): void => {
    if (now - raisedAt < RAISE_EVERY_MS) return;
    raisedAt = now;
    let delivered = clock.now();
    for (const [source, state] of sources) {
      if (source === OWN_TIMES) continue;
      if (state.isBusy || waiting(source, state) > 0) delivered = Math.min(delivered, state.cursor.done);
    }
    if (delivered - LATE_MS <= since) return;
    since = delivered - LATE_MS;
    note(() => {
      place.save(new Map([[OWN_TIMES, sources.get(OWN_TIMES)!.cursor]]));
      place.raise(since);
    });
  };

  return {
    settings,
    get logRow() {
      return sources.get(OWN_TIMES)!.cursor.done;
    },
    pump,
    report() {
      highestTimestamp = Math.max(highestTimestamp, tail.newest());
      return {
        name: settings.name,
        url: config.url,
        counts: structuredClone(delivery.counts),
        dropped: { ...selection.dropped },
        droppedExemplars: selection.droppedExemplars + (exemplars?.lost ?? 0),
        reread,
        bytes: delivery.bytes,
        requests: delivery.requests,
        durations: delivery.takeDurations(),
        shards: { now: Math.max(shards, underWay.size), desired, min: minShards, max: maxShards },
        maxSamplesPerSend: maxSamples,
        pending,
        highestTimestamp,
        highestSent,
        trouble: delivery.trouble,
      };
    },
    async stop() {
      isStopped = true;
      delivery.stop();
      const timer = clock.after(delivery.trouble === undefined ? GRACE_MS : 0, () => delivery.abort());
      await Promise.allSettled([...underWay, metadata.underWay]);
      timer.cancel();
      delivery.abort();
    },
  };
}

function encoderOf({ config }: EndpointSettings, metadataOf: MetadataOf): WriteEncoder {
  if (config.protobuf_message === 'prometheus.WriteRequest') return createWriteEncoderV1();
  return createWriteEncoderV2(config.metadata_config.send ? metadataOf : () => undefined);
}

function seriesLabelsOf(
  { config, externalLabels }: EndpointSettings,
  compileRelabel: CompileRelabel,
  encoder: WriteEncoder,
): SeriesLabels {
  return createSeriesLabels({
    externalLabels,
    relabel: compileRelabel(config.write_relabel_configs),
    encode: (labels) => encoder.labels(labels),
  });
}
