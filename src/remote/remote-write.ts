import type { MessagePort } from 'node:worker_threads';
import type { Registry } from 'prom-client';
import type { Clock, Timer } from '../clock.ts';
import type { RemoteWriteConfig } from '../config/remote-write.ts';
import type { Labels } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import { senderMetrics } from './metrics.ts';
import type {
  EndpointReport,
  EndpointSettings,
  FromSender,
  SenderInit,
  StartPlace,
  ToSender,
} from './protocol.ts';

/** Sends every sample to other stores as well; main's half. The work is done in a thread of its own, begun with the first endpoint. */
export interface RemoteWriter {
  apply(endpoints: readonly RemoteWriteConfig[], externalLabels: Labels): void;
  /** What is sent where, for people. */
  status(): readonly EndpointReport[];
  stop(): Promise<void>;
}

/** The thread, as far as it matters here. */
export interface SenderThread {
  readonly port: MessagePort;
  onExit(listener: (reason: string) => void): void;
  terminate(): Promise<void>;
}

export interface RemoteWriterDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
  readonly start: (init: SenderInit) => SenderThread;
  readonly init: SenderInit;
  readonly metadata: ReadonlyMap<string, MetricMetadata>;
  /** The newest of everything that is stored. */
  readonly place: () => StartPlace;
  /** Rows of the store's log after this one must stay; undefined: none. */
  readonly holdLog: (row: number | undefined) => void;
}

const METADATA_MS = 60_000;
const RESTART_MS = 1000;
/** The first samples of a process may be stamped a little before its start: rules are evaluated for the instant they were due. */
const BEFORE_START_MS = 60_000;

export function createRemoteWriter(deps: RemoteWriterDeps): RemoteWriter {
  const { clock, log } = deps;
  const metrics = senderMetrics(deps.registry);
  let thread: SenderThread | undefined;
  let settings: readonly EndpointSettings[] = [];
  /** What is there when the monitor starts is sent from its first sample on. */
  const now = deps.place();
  let start: StartPlace = { ...now, since: now.since - BEFORE_START_MS };
  let reports: readonly EndpointReport[] = [];
  let metadataTimer: Timer | undefined;
  let restart: Timer | undefined;
  let isApplied = false;
  let isStopped = false;
  let onClosed: (() => void) | undefined;

  const post = (message: ToSender): void => thread?.port.postMessage(message);

  const sendMetadata = (): void => {
    metadataTimer?.cancel();
    if (settings.some(({ config }) => config.metadata_config.send) && deps.metadata.size > 0) {
      post({ kind: 'metadata', metadata: [...deps.metadata] });
    }
    // Soon at first, while targets are scraped for the first time.
    metadataTimer = clock.after(deps.metadata.size === 0 ? RESTART_MS : METADATA_MS, sendMetadata);
  };

  const receive = (message: FromSender): void => {
    switch (message.kind) {
      case 'report':
        reports = message.endpoints;
        metrics.update(reports);
        deps.holdLog(message.logRow);
        return;
      case 'log':
        log[message.level](message.fields, message.message);
        return;
      case 'closed':
        onClosed?.();
        return;
    }
  };

  const run = (): void => {
    const started = deps.start(deps.init);
    thread = started;
    started.port.on('message', receive);
    started.port.unref();
    started.onExit((reason) => {
      if (thread !== started) return;
      thread = undefined;
      onClosed?.();
      if (isStopped) return;
      log.error({ reason }, 'the thread of remote write ended; it is replaced');
      metrics.restarted();
      restart = clock.after(RESTART_MS, run);
    });
    post({ kind: 'apply', endpoints: settings, start });
    sendMetadata();
  };

  const close = async (): Promise<void> => {
    restart?.cancel();
    metadataTimer?.cancel();
    const closing = thread;
    if (!closing) return;
    const closed = Promise.withResolvers<void>();
    onClosed = closed.resolve;
    closing.port.ref();
    post({ kind: 'close' });
    await closed.promise;
    onClosed = undefined;
    thread = undefined;
    await closing.terminate();
  };

  return {
    apply(endpoints, externalLabels) {
      const before = settings.length;
      if (isApplied) start = deps.place();
      isApplied = true;
      settings = named(endpoints).map(([name, config]) => ({ name, config, externalLabels }));
      if (settings.length === 0 && before === 0) return;
      if (thread) {
        post({ kind: 'apply', endpoints: settings, start });
        sendMetadata();
      } else if (!restart) run();
    },
    status: () => reports,
    async stop() {
      isStopped = true;
      await close();
    },
  };
}

/** The name an endpoint's place is kept under: its own, or its address; of equal ones all but the first are numbered. */
function named(
  endpoints: readonly RemoteWriteConfig[],
): (readonly [name: string, config: RemoteWriteConfig])[] {
  const seen = new Map<string, number>();
  return endpoints.map((config) => {
    const name = config.name ?? config.url;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return [count === 1 ? name : `${name}#${count}`, config] as const;
  });
}
