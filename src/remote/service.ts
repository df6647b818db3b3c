import type { MessagePort } from 'node:worker_threads';
import { type Clock, every } from '../clock.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { openOwnTail } from '../tsdb/log/own-tail.ts';
import { openSourceTail } from '../tsdb/open-tail.ts';
import { openCursorDb } from './cursors.ts';
import type { Post } from './delivery.ts';
import { createEndpoint, type Endpoint } from './endpoint.ts';
import type { EndpointSettings, FromSender, SenderInit, StartPlace, ToSender } from './protocol.ts';
import type { CompileRelabel } from './series-labels.ts';

/** How often it is looked for new samples. */
const LOOK_MS = 500;
const REPORT_MS = 1000;
const CHECKPOINT_MS = 5000;

export interface SenderDeps {
  readonly clock: Clock;
  readonly addon: SqliteAddon;
  /** Makes what sends the requests of one endpoint. */
  readonly createPost: (settings: EndpointSettings) => { readonly post: Post; close(): void };
  readonly compileRelabel: CompileRelabel;
}

/** Sends what the store gets to other stores. Runs in a thread of its own: reading, encoding and packing grow with the data. */
export function createSender(port: MessagePort, init: SenderInit, deps: SenderDeps): void {
  const { clock, addon } = deps;
  const send = (message: FromSender): void => port.postMessage(message);
  const log = (level: 'info' | 'warn' | 'error') => (fields: object, message: string) =>
    send({ kind: 'log', level, fields: { ...fields }, message });
  const tail = openSourceTail(init.shared, {
    addon,
    damaged: (file, error) =>
      log('error')({ file, problem: error.message }, 'a damaged partition is not sent'),
  });
  const own = openOwnTail(init.logFile, {
    addon,
    labelsOf: (ref) => tail.labelsOf(ref),
    damaged: (error) => log('error')({ problem: error.message }, 'a damaged row of the log is not sent'),
  });
  const cursors = openCursorDb(init.shared.dir, addon);
  const metadata = new Map<string, MetricMetadata>();
  let endpoints: { readonly endpoint: Endpoint; readonly key: string; close(): void }[] = [];
  let applying: Promise<void> = Promise.resolve();
  let isClosed = false;

  const report = (): void => {
    const rows = endpoints.map(({ endpoint }) => endpoint.logRow);
    send({
      kind: 'report',
      endpoints: endpoints.map(({ endpoint }) => endpoint.report()),
      logRow: rows.length === 0 ? undefined : Math.min(...rows),
    });
  };

  /** Endpoints whose settings did not change go on as if nothing had happened. */
  const apply = async (wanted: readonly EndpointSettings[], start: StartPlace): Promise<void> => {
    const keyed = wanted.map((settings) => ({ settings, key: JSON.stringify(settings) }));
    const leaving = endpoints.filter(({ key }) => !keyed.some((one) => one.key === key));
    await Promise.all(leaving.map(({ endpoint }) => endpoint.stop()));
    for (const { close } of leaving) close();
    if (isClosed) return;
    cursors.keepOnly(wanted.map(({ name }) => name));
    tail.refresh();
    endpoints = keyed.map(({ settings, key }) => {
      const kept = endpoints.find((one) => one.key === key);
      if (kept) return kept;
      const { post, close } = deps.createPost(settings);
      const endpoint = createEndpoint(settings, start, {
        tail,
        own,
        cursors,
        clock,
        log: { info: log('info'), warn: log('warn') },
        post,
        compileRelabel: deps.compileRelabel,
        metadata,
      });
      return { endpoint, key, close };
    });
    for (const { endpoint } of endpoints) endpoint.pump();
    report();
  };

  const close = async (): Promise<void> => {
    isClosed = true;
    for (const timer of timers) timer.cancel();
    await applying;
    await Promise.all(endpoints.map(({ endpoint }) => endpoint.stop()));
    for (const { close: closePost } of endpoints) closePost();
    cursors.checkpoint();
    cursors.close();
    own.close();
    tail.close();
  };

  const timers = [
    every(clock, LOOK_MS, () => {
      for (const { endpoint } of endpoints) endpoint.pump();
    }),
    every(clock, REPORT_MS, report),
    every(clock, CHECKPOINT_MS, () => cursors.checkpoint()),
  ];

  port.on('message', (message: ToSender) => {
    switch (message.kind) {
      case 'apply':
        applying = applying.then(() => apply(message.endpoints, message.start));
        return;
      case 'metadata':
        for (const [metric, about] of message.metadata) metadata.set(metric, about);
        return;
      case 'close':
        void close().then(() => send({ kind: 'closed' }));
        return;
    }
  });
}
