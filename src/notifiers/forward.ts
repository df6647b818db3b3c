import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Clock, Timer } from '../clock.ts';
import type { AlertmanagerConfig } from '../config/alerting.ts';
import type { RelabelConfig } from '../config/relabel.ts';
import type { Alert, AlertSink } from '../model/alert.ts';
import { type Labels, labelsToObject } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import { goTime, jsonPost } from './kinds/exchange.ts';
import type { HttpTransport } from './transport/http.ts';

/** Sends alerts of own rules to other Alertmanagers, beside the built-in notifier. */
export interface Forwarder extends AlertSink {
  apply(servers: readonly ForwardServer[]): void;
  /** Addresses that get every alert, for /api/v1/alertmanagers. */
  urls(): readonly string[];
  stop(): void;
}

export interface ForwardServer {
  /** Base address, path prefix included, without a slash at the end. */
  readonly url: string;
  readonly config: AlertmanagerConfig;
  /** `alert_relabel_configs` of this server; undefined when the alert is dropped. */
  readonly relabel: (labels: Labels) => Labels | undefined;
}

export interface ForwarderOptions {
  readonly transport: HttpTransport;
  readonly clock: Clock;
  readonly log: Log;
  readonly registry: Registry;
}

/** Alerts of one request, and alerts that wait for one server; upstream's figures. */
const BATCH = 64;
const CAPACITY = 10_000;
const COMPLAIN_EVERY_MS = 60_000;

interface Lane {
  readonly server: ForwardServer;
  queue: Alert[];
  /** The request under way; undefined while nothing is sent. */
  sending: AbortController | undefined;
  complainedAt: number;
}

/**
 * Each server has a queue of its own, so that one that hangs delays only itself. What cannot be delivered is dropped and counted: rules
 * send every alert again within a minute or so.
 */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { clock, log, transport } = options;
  let lanes: Lane[] = [];
  const { sent, dropped, errors, latency } = forwardMetrics(options.registry, () => lanes);

  const pump = async (lane: Lane): Promise<void> => {
    const { server } = lane;
    while (lane.queue.length > 0 && lanes.includes(lane)) {
      const batch = lane.queue.splice(0, BATCH);
      const abort = new AbortController();
      lane.sending = abort;
      const startedAt = clock.monotonic();
      const timer: Timer = clock.after(server.config.timeout, () =>
        abort.abort(new Error(`no answer within ${server.config.timeout} ms`)),
      );
      try {
        const request = jsonPost(`${server.url}/api/v2/alerts`, batch.map(alertJson));
        const answer = await transport(request, server.config, abort.signal);
        if (answer.status >= 300) throw new Error(`status ${answer.status}: ${answer.body.slice(0, 300)}`);
        sent.inc({ alertmanager: server.url }, batch.length);
      } catch (error) {
        errors.inc({ alertmanager: server.url }, batch.length);
        dropped.inc({ alertmanager: server.url }, batch.length);
        complain(lane, (error as Error).message);
      } finally {
        latency.observe({ alertmanager: server.url }, (clock.monotonic() - startedAt) / 1000);
        timer.cancel();
        lane.sending = undefined;
      }
    }
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
      for (const lane of lanes) {
        for (const alert of alerts) {
          const labels = lane.server.relabel(alert.labels);
          if (labels) lane.queue.push({ ...alert, labels });
        }
        const excess = lane.queue.length - CAPACITY;
        if (excess > 0) {
          lane.queue.splice(0, excess);
          dropped.inc({ alertmanager: lane.server.url }, excess);
        }
        if (!lane.sending) void pump(lane);
      }
    },
    apply(servers) {
      const next = servers.map((server): Lane => {
        const kept = lanes.find((lane) => lane.server.url === server.url);
        return {
          server,
          queue: kept?.queue ?? [],
          sending: undefined,
          complainedAt: kept?.complainedAt ?? Number.NEGATIVE_INFINITY,
        };
      });
      lanes = next;
      for (const { server } of lanes)
        for (const counter of [sent, dropped, errors]) counter.inc({ alertmanager: server.url }, 0);
      for (const lane of lanes) void pump(lane);
    },
    urls: () => lanes.map((lane) => `${lane.server.url}/api/v2/alerts`),
    stop() {
      for (const lane of lanes) lane.sending?.abort(new Error('the server is shutting down'));
      lanes = [];
    },
  };
}

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
      for (const { server, queue } of lanes()) this.set({ alertmanager: server.url }, queue.length);
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
 * The servers a configuration names.
 * @param relabelling compiles `alert_relabel_configs`; undefined when there are none
 */
export function forwardServers(
  alertmanagers: readonly AlertmanagerConfig[],
  relabelling: (steps: readonly RelabelConfig[]) => ForwardServer['relabel'] | undefined,
): ForwardServer[] {
  return alertmanagers.flatMap((config) => {
    const relabel = relabelling(config.alert_relabel_configs) ?? ((labels: Labels) => labels);
    return config.static_configs.flatMap(({ targets }) =>
      targets.map((target) => ({
        url: `${config.scheme}://${target}${config.path_prefix.replace(/\/+$/, '')}`,
        config,
        relabel,
      })),
    );
  });
}

function alertJson(alert: Alert) {
  return {
    labels: labelsToObject(alert.labels),
    annotations: labelsToObject(alert.annotations),
    startsAt: goTime(alert.startsAt),
    endsAt: goTime(alert.endsAt),
    generatorURL: alert.generatorURL,
  };
}
