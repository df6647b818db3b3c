import { type Labels, labelsFromObject, labelsToObject } from '../model/labels.ts';
import type { StoredAlert } from './alerts.ts';
import type { NotifyReason } from './dedup.ts';

/** An alert as one flush saw it. */
export interface NotifiedAlert {
  readonly fingerprint: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: Labels;
  readonly annotations: Labels;
  /** Unix ms. */
  readonly startsAt: number;
  /** Unix ms; 0 while firing. */
  readonly endsAt: number;
  readonly generatorURL: string;
  /** Of the stored alert; tells whether it changed since. */
  readonly updatedAt: number;
}

/** What one group has to say to one integration. Plain data: it waits in the outbox as JSON. */
export interface Notification {
  readonly receiver: string;
  readonly groupKey: string;
  readonly groupLabels: Labels;
  /** Labels of the route, rendered. */
  readonly routeLabels: Readonly<Record<string, string>>;
  readonly reason: NotifyReason;
  /** In upstream's order; resolved ones are left out already when the integration does not send them. */
  readonly alerts: readonly NotifiedAlert[];
  /** What the receiver answered to earlier messages of this group. */
  readonly data: Readonly<Record<string, string>>;
  readonly externalURL: string;
  /** When the flush was, Unix ms. */
  readonly at: number;
}

/** The notification is about something that still fires. */
export function isFiring(notification: Pick<Notification, 'alerts'>): boolean {
  return notification.alerts.some((alert) => alert.status === 'firing');
}

/** Fixes an alert's state at a flush: what ends later than that fires. */
export function notifiedAlert(alert: StoredAlert, now: number): NotifiedAlert {
  const resolved = alert.endsAt <= now;
  return {
    fingerprint: alert.fingerprint,
    status: resolved ? 'resolved' : 'firing',
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: alert.startsAt,
    endsAt: resolved ? alert.endsAt : 0,
    generatorURL: alert.generatorURL,
    updatedAt: alert.updatedAt,
  };
}

/** The names and values that all label sets share. */
export function commonLabels(sets: readonly Labels[]): Record<string, string> {
  const common = labelsToObject(sets[0] ?? labelsFromObject({}));
  for (const set of sets.slice(1)) {
    const object = labelsToObject(set);
    for (const name of Object.keys(common)) if (object[name] !== common[name]) delete common[name];
  }
  return common;
}

/** Renders templates with a notification's data. Both throw when a template fails. */
export interface Render {
  text(template: string): string;
  /** With contextual escaping. */
  html(template: string): string;
}

/** Binds the templates to a notification. */
export type Rendering = (notification: Notification) => Render;
