import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import { type Attempt, FAILURE_REASONS, type FailureReason } from './delivery.ts';
import { type Silence, silenceState } from './silences.ts';
import type { OutboxRow } from './state.ts';

/** What the notifiers count; gauges are read when the metrics are collected. */
export interface NotifierMetrics {
  /** Measures one try. */
  timed(integration: string, clock: Clock, attempt: () => Promise<Attempt>): Promise<Attempt>;
  /** A message was delivered, or failed for a reason. */
  ended(integration: string, failure?: FailureReason): void;
  /** Counts from 0 what is configured: of a counter that begins with its first failure `increase` sees none. */
  configured(integrations: Iterable<string>): void;
  received(alerts: readonly { readonly isFiring: boolean }[]): void;
  invalid(count: number): void;
}

export interface MetricSources {
  alerts(): { readonly active: number; readonly suppressed: number };
  silences(): readonly Silence[];
  outbox(): readonly OutboxRow[];
  now(): number;
}

export function createMetrics(registry: Registry, sources: MetricSources): NotifierMetrics {
  const registers = [registry];
  const total = new Counter({
    name: 'belfry_notifications_total',
    help: 'Notifications that were tried until they were delivered or failed.',
    labelNames: ['integration'],
    registers,
  });
  const failed = new Counter({
    name: 'belfry_notifications_failed_total',
    help: 'Notifications that failed; the next tick of their group tries again.',
    labelNames: ['integration', 'reason'],
    registers,
  });
  const latency = new Histogram({
    name: 'belfry_notification_latency_seconds',
    help: 'Time that one try of a notification took.',
    labelNames: ['integration'],
    buckets: [0.1, 0.5, 1, 5, 10, 30],
    registers,
  });
  const requestsFailed = new Counter({
    name: 'belfry_notification_requests_failed_total',
    help: 'Tries of notifications that failed.',
    labelNames: ['integration'],
    registers,
  });
  const receivedAlerts = new Counter({
    name: 'belfry_alerts_received_total',
    help: 'Alerts taken from own rules and from clients.',
    labelNames: ['status'],
    registers,
  });
  const invalidAlerts = new Counter({
    name: 'belfry_alerts_invalid_total',
    help: 'Alerts that were refused.',
    registers,
  });
  new Gauge({
    name: 'belfry_alerts',
    help: 'Alerts by state.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(sources.alerts())) this.set({ state }, count);
    },
  });
  new Gauge({
    name: 'belfry_silences',
    help: 'Silences by state.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const state of ['active', 'pending', 'expired'] as const) {
        const isIn = (silence: Silence): boolean => silenceState(silence, sources.now()) === state;
        this.set({ state }, sources.silences().filter(isIn).length);
      }
    },
  });
  new Gauge({
    name: 'belfry_notification_outbox',
    help: 'Notifications not yet delivered, by state.',
    labelNames: ['state'],
    registers,
    collect() {
      for (const state of ['sending', 'failed', 'dead'] as const) {
        this.set({ state }, sources.outbox().filter((row) => row.state === state).length);
      }
    },
  });
  return {
    async timed(integration, clock, attempt) {
      const began = clock.monotonic();
      const result = await attempt();
      latency.observe({ integration }, (clock.monotonic() - began) / 1000);
      if (result.kind !== 'delivered') requestsFailed.inc({ integration });
      return result;
    },
    ended(integration, failure) {
      total.inc({ integration });
      if (failure) failed.inc({ integration, reason: failure });
    },
    configured(integrations) {
      for (const integration of integrations) {
        total.inc({ integration }, 0);
        requestsFailed.inc({ integration }, 0);
        for (const reason of FAILURE_REASONS) failed.inc({ integration, reason }, 0);
      }
    },
    received(alerts) {
      for (const alert of alerts) receivedAlerts.inc({ status: alert.isFiring ? 'firing' : 'resolved' });
    },
    invalid(count) {
      invalidAlerts.inc(count);
    },
  };
}
