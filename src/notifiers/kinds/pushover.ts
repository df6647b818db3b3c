import type { PushoverConfig } from '../../config/receivers/pushover.ts';
import type { Notification, Render } from '../notification.ts';
import { type Exchange, MessageError, postOnce, truncate } from './exchange.ts';

const API = 'https://api.pushover.net/1/messages.json';
/** Pushover's limits, characters. */
const MAX_TITLE = 250;
const MAX_MESSAGE = 1024;
const MAX_URL = 512;

export function pushoverMessage(config: PushoverConfig, _: Notification, render: Render): Exchange {
  const token = render.text(config.token ?? '');
  const user = render.text(config.user_key ?? '');
  if (token === '' || user === '') throw new MessageError('token or user_key is empty');
  const message = config.html ? render.html(config.message) : render.text(config.message);
  const seconds = (ms: number): string => String(Math.floor(ms / 1000));
  const parameters = new URLSearchParams({
    token,
    user,
    title: truncate(render.text(config.title), MAX_TITLE),
    ...(config.html && { html: '1' }),
    ...(config.monospace && { monospace: '1' }),
    // An empty message is refused.
    message: truncate(message, MAX_MESSAGE).trim() || '(no details)',
    url: truncate(render.text(config.url), MAX_URL),
    url_title: render.text(config.url_title),
    priority: render.text(config.priority),
    retry: seconds(config.retry),
    expire: seconds(config.expire),
    device: render.text(config.device),
    sound: render.text(config.sound),
    ...(config.ttl >= 1000 && { ttl: seconds(config.ttl) }),
  });
  parameters.sort();
  const url = `${API}?${parameters}`;
  return postOnce({ method: 'POST', url, headers: { 'Content-Type': 'text/plain' }, body: '' });
}
