import { parse } from 'yaml';
import type { WebhookConfig } from '../../config/receivers/webhook.ts';
import { compareStrings, type Labels, labelsToObject } from '../../model/labels.ts';
import {
  commonLabels,
  isFiring,
  type Notification,
  type NotifiedAlert,
  type Render,
} from '../notification.ts';
import { type Exchange, goTime, jsonPost, MessageError, postOnce } from './exchange.ts';

export function webhookMessage(
  config: WebhookConfig,
  notification: Notification,
  renderFor: RenderFor,
): Exchange {
  const { max_alerts: max } = config;
  const kept = max > 0 ? notification.alerts.slice(0, max) : notification.alerts;
  const shown = { ...notification, alerts: kept };
  const render = renderFor(shown);
  const url = render.text(config.url ?? '');
  if (url === '') throw new MessageError('webhook URL is empty after templating');
  const body =
    config.payload === undefined || config.payload === null
      ? { ...webhookData(shown), truncatedAlerts: notification.alerts.length - kept.length }
      : renderDeep(config.payload, render);
  return postOnce(jsonPost(url, body));
}

/** Renders with the data of a notification that may name fewer alerts than were given. */
export type RenderFor = (notification: Notification) => Render;

/** The payload of version 4, in upstream's order; labels common to the alerts shown. */
export function webhookData(notification: Notification): Record<string, unknown> {
  return {
    receiver: quoteMeta(notification.receiver),
    status: isFiring(notification) ? 'firing' : 'resolved',
    alerts: notification.alerts.map(webhookAlert),
    notification_reason: notification.reason,
    groupLabels: labelsToObject(notification.groupLabels),
    commonLabels: commonLabels(notification.alerts.map((alert) => alert.labels)),
    commonAnnotations: commonLabels(notification.alerts.map((alert) => alert.annotations)),
    routeLabels: sorted(notification.routeLabels),
    externalURL: notification.externalURL,
    version: '4',
    groupKey: notification.groupKey,
  };
}

function webhookAlert(alert: NotifiedAlert): Record<string, unknown> {
  const object = (labels: Labels): Record<string, string> => labelsToObject(labels);
  return {
    status: alert.status,
    labels: object(alert.labels),
    annotations: object(alert.annotations),
    startsAt: goTime(alert.startsAt),
    endsAt: goTime(alert.endsAt),
    generatorURL: alert.generatorURL,
    fingerprint: alert.fingerprint,
  };
}

/** Names of receivers are escaped as regular expressions in template data, so that links can use them. */
export function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

/**
 * Renders every string in a tree of values, keys too. A result that reads as a YAML map or list becomes one; other results stay
 * strings.
 */
export function renderDeep(value: unknown, render: Pick<Render, 'text'>): unknown {
  if (typeof value === 'string') return structured(render.text(value));
  if (Array.isArray(value)) return value.map((one) => renderDeep(one, render));
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, one]): [string, unknown] => [
    render.text(key),
    renderDeep(one, render),
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => compareStrings(a, b)));
}

function structured(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    const value: unknown = parse(text);
    return value !== null && typeof value === 'object' ? value : text;
  } catch {
    return text;
  }
}

function sorted(object: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => compareStrings(a, b)));
}
