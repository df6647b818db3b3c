import type { DiscordConfig } from '../../config/receivers/discord.ts';
import { isFiring, type Notification, type Render } from '../notification.ts';
import { type Exchange, jsonPost, MessageError, omitEmpty, postOnce, truncate } from './exchange.ts';

/** Discord's limits, characters. */
const MAX_TITLE = 256;
const MAX_DESCRIPTION = 4096;
const MAX_CONTENT = 2000;

const RED = 0x992d22;
const GREEN = 0x2ecc71;

export function discordMessage(config: DiscordConfig, notification: Notification, render: Render): Exchange {
  const url = config.webhook_url;
  if (!url) throw new MessageError('webhook url missing');
  const { username, avatar_url } = config;
  const title = truncate(render.text(config.title), MAX_TITLE);
  const description = truncate(render.text(config.message), MAX_DESCRIPTION);
  const message = {
    content: truncate(render.text(config.content), MAX_CONTENT),
    embeds: [{ title, description, color: isFiring(notification) ? RED : GREEN }],
    ...omitEmpty({ username, avatar_url: URL.canParse(avatar_url) ? avatar_url : '' }),
  };
  return postOnce(jsonPost(url, message));
}
