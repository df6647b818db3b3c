import type { VictoropsConfig } from '../../config/receivers/victorops.ts';
import { isFiring, type Notification, type Render } from '../notification.ts';
import { type Exchange, jsonPost, MessageError, postOnce, sortedKeys, truncate } from './exchange.ts';
import { hashKey } from './pagerduty.ts';

/** VictorOps' limit, characters. */
const MAX_MESSAGE = 20_480;
const ALLOWED = new Set(['INFO', 'WARNING', 'CRITICAL']);

export function victoropsMessage(
  config: VictoropsConfig,
  notification: Notification,
  render: Render,
): Exchange {
  if (!config.api_key) throw new MessageError('api_key missing');
  const type = render.text(config.message_type);
  const fields = Object.entries(config.custom_fields);
  const message = {
    message_type: isFiring(notification) ? (ALLOWED.has(type) ? type : 'CRITICAL') : 'RECOVERY',
    entity_id: hashKey(notification.groupKey),
    entity_display_name: render.text(config.entity_display_name),
    state_message: truncate(render.text(config.state_message), MAX_MESSAGE),
    monitoring_tool: render.text(config.monitoring_tool),
    ...Object.fromEntries(fields.map(([name, value]) => [name, render.text(value)])),
  };
  const url = new URL(config.api_url);
  url.pathname += `${config.api_key}/${render.text(config.routing_key)}`;
  return postOnce(jsonPost(url.href, sortedKeys(message)));
}
