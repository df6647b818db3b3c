import type { IncidentioConfig } from '../../config/receivers/incidentio.ts';
import type { Notification } from '../notification.ts';
import {
  type Exchange,
  goJson,
  type HttpAnswer,
  jsonBody,
  jsonPost,
  judgeStatus,
  MessageError,
  postOnce,
} from './exchange.ts';
import { webhookData } from './webhook.ts';

/** incident.io's limit. */
const MAX_BYTES = 512 * 1024;

/** The token is the authorization of `http_config`. */
export function incidentioMessage(config: IncidentioConfig, notification: Notification): Exchange {
  if (!config.url) throw new MessageError('url missing');
  const { alerts } = notification;
  const message = (count: number): object => ({
    ...webhookData({ ...notification, alerts: alerts.slice(0, count) }),
    version: '1',
    truncatedAlerts: alerts.length - count,
  });
  const { max_alerts: max } = config;
  const whole = message(max > 0 ? Math.min(max, alerts.length) : alerts.length);
  const fits = Buffer.byteLength(goJson(whole)) <= MAX_BYTES;
  return postOnce(jsonPost(config.url, fits ? whole : message(1)), judgeStatus({ retried: [429], details }));
}

function details(answer: HttpAnswer): string {
  const said = jsonBody(answer) as { message?: string; error?: string; errors?: string[] } | undefined;
  return [said?.message, said?.error, said?.errors?.join(', ')].filter(Boolean).join(': ');
}
