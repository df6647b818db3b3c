import { labelsToObject } from '../model/labels.ts';
import type { TemplateSet } from '../templates/notification.ts';
import type { NotificationData } from '../templates/notification-data.ts';
import { commonLabels, isFiring, type Notification, type Rendering } from './notification.ts';

/** Templates that render with the data of a notification. */
export function templateRendering(templates: Pick<TemplateSet, 'renderText' | 'renderHtml'>): Rendering {
  return (notification) => {
    const data = templateData(notification);
    return {
      text: (template) => templates.renderText(template, data),
      html: (template) => templates.renderHtml(template, data),
    };
  };
}

/** What templates see, and what the webhook sends. */
export function templateData(notification: Notification): NotificationData {
  const { alerts } = notification;
  return {
    receiver: quoteMeta(notification.receiver),
    status: isFiring(notification) ? 'firing' : 'resolved',
    alerts: alerts.map((alert) => ({
      status: alert.status,
      labels: labelsToObject(alert.labels),
      annotations: labelsToObject(alert.annotations),
      startsAt: alert.startsAt,
      endsAt: alert.endsAt,
      generatorURL: alert.generatorURL,
      fingerprint: alert.fingerprint,
    })),
    notificationReason: notification.reason,
    groupLabels: labelsToObject(notification.groupLabels),
    commonLabels: commonLabels(alerts.map((alert) => alert.labels)),
    commonAnnotations: commonLabels(alerts.map((alert) => alert.annotations)),
    routeLabels: notification.routeLabels,
    routeLabelsRendered: true,
    externalURL: notification.externalURL,
  };
}

/** Names of receivers are escaped as regular expressions in template data, so that links can use them. */
function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}
