import type { MsteamsConfig, Msteamsv2Config } from '../../config/receivers/msteams.ts';
import { isFiring, type Notification, type Render } from '../notification.ts';
import { type Exchange, jsonPost, MessageError, postOnce } from './exchange.ts';

/** A message card, as connectors take it. */
export function msteamsMessage(config: MsteamsConfig, notification: Notification, render: Render): Exchange {
  if (!config.webhook_url) throw new MessageError('webhook url missing');
  return postOnce(
    jsonPost(config.webhook_url, {
      '@context': 'http://schema.org/extensions',
      type: 'MessageCard',
      title: render.text(config.title),
      summary: render.text(config.summary),
      text: render.text(config.text),
      themeColor: isFiring(notification) ? '8C1A1A' : '2DC72D',
    }),
  );
}

/** An adaptive card, as workflows take it. */
export function msteamsv2Message(
  config: Msteamsv2Config,
  notification: Notification,
  render: Render,
): Exchange {
  if (!config.webhook_url) throw new MessageError('webhook url missing');
  const title = {
    type: 'TextBlock',
    text: render.text(config.title),
    weight: 'Bolder',
    size: 'Medium',
    wrap: true,
    style: 'heading',
    color: isFiring(notification) ? 'Attention' : 'Good',
  };
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.2',
    body: [title, { type: 'TextBlock', text: render.text(config.text), wrap: true }],
    msteams: { width: 'full' },
  };
  const card = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content };
  return postOnce(jsonPost(config.webhook_url, { type: 'message', attachments: [card] }));
}
