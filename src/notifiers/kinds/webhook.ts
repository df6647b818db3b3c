import type { WebhookConfig } from '../../config/receivers/webhook.ts';
import { goTimeText } from '../../model/time.ts';
import type { Notification, Render } from '../notification.ts';
import { templateData } from '../template-data.ts';
import { renderDeep, yamlValue } from './deep.ts';
import { type Exchange, jsonPost, MessageError, postOnce, sortedKeys } from './exchange.ts';

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
      : renderDeep(config.payload, render, yamlValue);
  return postOnce(jsonPost(url, body));
}

/** Renders with the data of a notification that may name fewer alerts than were given. */
export type RenderFor = (notification: Notification) => Render;

/** The payload of version 4, in upstream's order; labels common to the alerts shown. */
export function webhookData(notification: Notification): Record<string, unknown> {
  const data = templateData(notification);
  return {
    receiver: data.receiver,
    status: data.status,
    alerts: data.alerts.map((alert) => ({
      ...alert,
      startsAt: goTimeText(alert.startsAt),
      endsAt: goTimeText(alert.endsAt),
    })),
    notification_reason: data.notificationReason,
    groupLabels: data.groupLabels,
    commonLabels: data.commonLabels,
    commonAnnotations: data.commonAnnotations,
    routeLabels: sortedKeys(notification.routeLabels),
    externalURL: data.externalURL,
    version: '4',
    groupKey: notification.groupKey,
  };
}
