import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Clock, Timer } from '../clock.ts';
import type { AlertmanagerConfig } from '../config/alerting.ts';
import type { RelabelConfig } from '../config/relabel.ts';
import type { Alert, AlertSink } from '../model/alert.ts';
import { type Labels, labelsToObject } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import { goTimeText } from '../model/time.ts';
import { jsonPost } from './kinds/exchange.ts';
import type { AwsSigner } from './transport/aws-signing.ts';
import type { HttpTransport } from './transport/http.ts';

/** Sends alerts of own rules to other Alertmanagers, beside the built-in notifier. */
export interface Forwarder extends AlertSink {
  /** Makes these the ones that are told. What waits for a server that stays goes on waiting. */
  apply(servers: readonly ForwardServer[]): void;
  /** Sends what waits; a server that does not take it within its timeout gets nothing more. */
  stop(): Promise<void>;
}

export interface ForwardServer {
  /** Address alerts are posted to. */
  readonly url: string;
  readonly config: AlertmanagerConfig;
  /** `alert_relabel_configs` of this server; undefined when the alert is dropped. */
  readonly relabel: (labels: Labels) => Labels | undefined;
}

export interface ForwarderOptions {
  readonly transport: HttpTransport;
  readonly sign: AwsSigner;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
}

/** Alerts of one request, and alerts that wait for one server; upstream's figures. */
const BATCH = 256;
const CAPACITY = 10_000;
const COMPLAIN_EVERY_MS = 60_000;
/** Longest time the end of the process waits for a server. */
const DRAIN_MS = 5000;

interface Lane {
  server: ForwardServer;
  queue: Alert[];
  /** The request under way; undefined while nothing is sent. */
  sending: AbortController | undefined;
  /** Ends when there is nothing to send any more. */
  pumping: Promise<void>;
  complainedAt: number;
}

/**
 * Each server has a queue of its own, so that one that hangs delays only itself. What cannot be delivered is dropped and counted: rules
 * send every alert again within a minute or so.
 */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { clock, log, transport } = options;
  let lanes: Lane[] = [];
  let isStopping = false;
  const { sent, dropped, errors, latency } = forwardMetrics(options.registry, () => lanes);

  const drop = (lane: Lane, count: number): void =>
    dropped.inc({ alertmanager: lane.server.url }, lane.queue.splice(0, count).length);

  const pump = async (lane: Lane): Promise<void> => {
    while (lane.queue.length > 0 && lanes.includes(lane)) {
      const { server } = lane;
      const batch = lane.queue.splice(0, BATCH);
      const abort = new AbortController();
      lane.sending = abort;
      const startedAt = clock.monotonic();
      const timer: Timer = clock.after(server.config.timeout, () =>
        abort.abort(new Error(`no answer within ${server.config.timeout} ms`)),
      );
      try {
        const { sigv4 } = server.config;
        const plain = jsonPost(server.url, batch.map(alertJson));
        const request = sigv4 ? await options.sign(plain, sigv4, abort.signal) : plain;
        const answer = await transport(request, server.config, abort.signal);
        if (answer.status < 200 || answer.status >= 300)
          throw new Error(`status ${answer.status}: ${answer.body.slice(0, 300)}`);
        count(sent, lane, batch.length);
      } catch (error) {
        count(errors, lane, batch.length);
        count(dropped, lane, batch.length);
        complain(lane, (error as Error).message);
        if (isStopping) drop(lane, CAPACITY);
      } finally {
        if (lanes.includes(lane))
          latency.observe({ alertmanager: server.url }, (clock.monotonic() - startedAt) / 1000);
        timer.cancel();
        lane.sending = undefined;
      }
    }
  };
  const wake = (lane: Lane): void => {
    if (!lane.sending) lane.pumping = pump(lane);
  };
  /** Not for a server that is gone, which would come back as a series. */
  const count = (counter: Counter, lane: Lane, alerts: number): void => {
    if (lanes.includes(lane)) counter.inc({ alertmanager: lane.server.url }, alerts);
  };

  const complain = (lane: Lane, problem: string): void => {
    if (clock.monotonic() - lane.complainedAt < COMPLAIN_EVERY_MS) return;
    lane.complainedAt = clock.monotonic();
    log.warn(
      { alertmanager: lane.server.url, problem },
      'alerts could not be forwarded; rules send them again',
    );
  };

  return {
    async accept(alerts) {
      if (isStopping) return;
      for (const lane of lanes) {
        for (const alert of alerts) {
          const labels = lane.server.relabel(alert.labels);
          if (labels) lane.queue.push({ ...alert, labels });
        }
        const excess = lane.queue.length - CAPACITY;
        if (excess > 0) drop(lane, excess);
        wake(lane);
      }
    },
    apply(servers) {
      const before = lanes;
      // The same address in two sections is two servers.
      const gone = new Set(before);
      lanes = servers.map((server): Lane => {
        const kept = [...gone].find((lane) => lane.server.url === server.url);
        if (!kept) return newLane(server);
        gone.delete(kept);
        kept.server = server;
        return kept;
      });
      for (const lane of gone) lane.sending?.abort(new Error('no longer told'));
      const urls = new Set(servers.map(({ url }) => url));
      for (const { server } of before) {
        if (urls.has(server.url)) continue;
        for (const metric of [sent, dropped, errors, latency]) metric.remove({ alertmanager: server.url });
      }
      for (const url of urls)
        for (const counter of [sent, dropped, errors]) counter.inc({ alertmanager: url }, 0);
    },
    async stop() {
      isStopping = true;
      const cut = clock.after(DRAIN_MS, () => {
        for (const lane of lanes) lane.sending?.abort(new Error('the server is shutting down'));
      });
      await Promise.all(lanes.map(({ pumping }) => pumping));
      cut.cancel();
    },
  };
}

const newLane = (server: ForwardServer): Lane => ({
  server,
  queue: [],
  sending: undefined,
  pumping: Promise.resolve(),
  complainedAt: Number.NEGATIVE_INFINITY,
});

/** What upstream tells as `prometheus_notifications_*`. */
function forwardMetrics(registry: Registry, lanes: () => readonly Lane[]) {
  const registers = [registry];
  const labelNames = ['alertmanager'] as const;
  const counter = (name: string, help: string) =>
    new Counter({ name: `belfry_alertmanager_${name}`, help, labelNames, registers });
  new Gauge({
    name: 'belfry_alertmanager_queue_length',
    help: 'Alerts that wait to be sent to another Alertmanager.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const { server, queue } of lanes()) this.inc({ alertmanager: server.url }, queue.length);
    },
  });
  new Gauge({
    name: 'belfry_alertmanager_queue_capacity',
    help: 'Alerts that may wait for one Alertmanager.',
    registers,
  }).set(CAPACITY);
  new Gauge({
    name: 'belfry_alertmanagers',
    help: 'Alertmanagers that get every alert.',
    registers,
    collect() {
      this.set(lanes().length);
    },
  });
  return {
    sent: counter('alerts_sent_total', 'Alerts delivered to other Alertmanagers.'),
    errors: counter('alerts_failed_total', 'Alerts whose delivery to another Alertmanager failed.'),
    dropped: counter(
      'alerts_dropped_total',
      'Alerts that could not be delivered to another Alertmanager, or found its queue full.',
    ),
    latency: new Histogram({
      name: 'belfry_alertmanager_request_duration_seconds',
      help: 'How long requests to other Alertmanagers took, failed ones included.',
      labelNames,
      registers,
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    }),
  };
}

/**
 * The servers to tell.
 * @param found the addresses found for each section of `alerting.alertmanagers`
 * @param relabelling compiles `alert_relabel_configs`; undefined when there are none
 */
export function forwardServers(
  found: readonly { readonly config: AlertmanagerConfig; readonly urls: readonly string[] }[],
  relabelling: (steps: readonly RelabelConfig[]) => ForwardServer['relabel'] | undefined,
): ForwardServer[] {
  return found.flatMap(({ config, urls }) => {
    const relabel = relabelling(config.alert_relabel_configs) ?? ((labels: Labels) => labels);
    return urls.map((url) => ({ url, config, relabel }));
  });
}

function alertJson(alert: Alert) {
  return {
    labels: labelsToObject(alert.labels),
    annotations: labelsToObject(alert.annotations),
    startsAt: goTimeText(alert.startsAt),
    endsAt: goTimeText(alert.endsAt),
    generatorURL: alert.generatorURL,
  };
}
