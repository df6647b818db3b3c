import type { WebexConfig } from '../../config/receivers/webex.ts';
import type { Notification, Render } from '../notification.ts';
import { type Exchange, jsonPost, omitEmpty, postOnce, truncateBytes } from './exchange.ts';

/** Webex' limit. */
const MAX_BYTES = 7439;

export function webexMessage(config: WebexConfig, _: Notification, render: Render): Exchange {
  const markdown = truncateBytes(render.text(config.message), MAX_BYTES);
  return postOnce(
    jsonPost(config.api_url, { markdown, ...omitEmpty({ roomId: render.text(config.room_id) }) }),
  );
}
