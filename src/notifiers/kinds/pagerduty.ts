import { createHash } from 'node:crypto';
import type { PagerdutyConfig } from '../../config/receivers/pagerduty.ts';
import { isFiring, type Notification, type Render } from '../notification.ts';
import { containerValue, renderDeep } from './deep.ts';
import {
  type Exchange,
  goJson,
  type HttpAnswer,
  jsonPost,
  judgeStatus,
  MessageError,
  omitEmpty,
  postOnce,
  truncate,
} from './exchange.ts';

const MAX_EVENT_BYTES = 512_000;
const MAX_SUMMARY = 1024;
const V1_URL = 'https://events.pagerduty.com/generic/2010-04-15/create_event.json';

/** Events API v1 with a service key, v2 with a routing key. */
export function pagerdutyMessage(
  config: PagerdutyConfig,
  notification: Notification,
  render: Render,
): Exchange {
  return config.service_key || config.service_key_file
    ? eventV1(config, notification, render)
    : eventV2(config, notification, render);
}

function eventV1(config: PagerdutyConfig, notification: Notification, render: Render): Exchange {
  const triggers = isFiring(notification);
  const key = render.text(config.service_key ?? '');
  if (key === '') throw new MessageError('service key cannot be empty');
  const message = (details: unknown): object => ({
    service_key: key,
    incident_key: hashKey(notification.groupKey),
    event_type: triggers ? 'trigger' : 'resolve',
    ...omitEmpty({ description: truncate(render.text(config.description), MAX_SUMMARY) }),
    event_action: '',
    payload: null,
    ...(triggers &&
      omitEmpty({ client: render.text(config.client), client_url: render.text(config.client_url) })),
    ...omitEmpty({ details }),
  });
  const request = jsonPost(V1_URL, sized(message, renderDeep(config.details, render, containerValue)));
  return postOnce(request, judgeStatus({ retried: [403], details: pagerdutyDetails }));
}

function eventV2(config: PagerdutyConfig, notification: Notification, render: Render): Exchange {
  const text = (template: string | undefined): string => (template ? render.text(template) : '');
  const key = text(config.routing_key);
  if (key === '') throw new MessageError('routing key cannot be empty');
  const images = config.images
    .map((image) => ({ src: text(image.src), alt: text(image.alt), href: text(image.href) }))
    .filter((image) => image.src !== '');
  const links = config.links
    .map((link) => ({ href: text(link.href), text: text(link.text) }))
    .filter((link) => link.href !== '');
  const message = (details: unknown): object => ({
    routing_key: key,
    dedup_key: hashKey(notification.groupKey),
    event_action: isFiring(notification) ? 'trigger' : 'resolve',
    payload: {
      summary: truncate(text(config.description), MAX_SUMMARY),
      source: text(config.source),
      severity: text(config.severity || 'error'),
      ...omitEmpty({
        class: text(config.class),
        component: text(config.component),
        group: text(config.group),
        custom_details: details,
      }),
    },
    ...omitEmpty({ client: text(config.client), client_url: text(config.client_url), images, links }),
  });
  const request = jsonPost(config.url, sized(message, renderDeep(config.details, render, containerValue)));
  return postOnce(request, judgeStatus({ retried: [429], details: pagerdutyDetails }));
}

/** Keys of groups as receivers get them: SHA-256, because keys may be long. */
export function hashKey(groupKey: string): string {
  return createHash('sha256').update(groupKey).digest('hex');
}

/** PagerDuty refuses events above its limit; the details are what makes them large. */
function sized(message: (details: unknown) => object, details: unknown): object {
  const whole = message(details);
  if (Buffer.byteLength(goJson(whole)) <= MAX_EVENT_BYTES) return whole;
  return message({
    error: 'Custom details have been removed because the original event exceeds the maximum size of 512KB',
  });
}

function pagerdutyDetails(answer: HttpAnswer): string {
  if (answer.status !== 400) return '';
  try {
    const { message, errors } = JSON.parse(answer.body) as { message?: string; errors?: string[] };
    return `${message ?? ''}: ${(errors ?? []).join(',')}`;
  } catch {
    return '';
  }
}
