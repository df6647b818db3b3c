import type { MattermostConfig } from '../../config/receivers/mattermost.ts';
import type { Notification, Render } from '../notification.ts';
import {
  type Exchange,
  jsonPost,
  judgeStatus,
  MessageError,
  omitEmpty,
  prefixed,
  truncate,
} from './exchange.ts';

/** Mattermost's limit, characters. */
const MAX_TEXT = 16_383;
const PRIORITIES = ['urgent', 'important', 'standard'];

export function* mattermostMessage(config: MattermostConfig, _: Notification, render: Render): Exchange {
  if (!config.webhook_url) throw new MessageError('webhook url missing');
  const channel = render.text(config.channel);
  const { attachments: own, props } = config;
  const card = props?.card ? render.text(props.card) : '';
  const message = omitEmpty({
    text: own.length > 0 ? truncate(render.text(config.text), MAX_TEXT) : '',
    channel,
    username: render.text(config.username),
    icon_url: render.text(config.icon_url),
    icon_emoji: render.text(config.icon_emoji),
    attachments: (own.length > 0 ? own : [config]).map((one) => attachmentOf(one, render)),
    type: render.text(config.type),
    props: omitEmpty({ card }),
    priority: config.priority?.priority ? priorityOf(config.priority, render) : undefined,
  });
  const answer = yield jsonPost(config.webhook_url, message);
  return prefixed(judgeStatus()(answer), `channel ${JSON.stringify(channel)}`);
}

function attachmentOf(config: MattermostConfig['attachments'][number], render: Render): object {
  return omitEmpty({
    fallback: render.text(config.fallback),
    color: render.text(config.color),
    pretext: render.text(config.pretext),
    text: render.text(config.text),
    author_name: render.text(config.author_name),
    author_link: render.text(config.author_link),
    author_icon: render.text(config.author_icon),
    title: render.text(config.title),
    title_link: render.text(config.title_link),
    fields: config.fields.map((field) => ({
      ...omitEmpty({ title: render.text(field.title), value: render.text(field.value) }),
      ...(field.short !== undefined && { short: field.short }),
    })),
    thumb_url: render.text(config.thumb_url),
    footer: render.text(config.footer),
    footer_icon: render.text(config.footer_icon),
    image_url: render.text(config.image_url),
  });
}

/** What Mattermost would refuse is left out: an unknown priority, asking for more than the priority allows. */
function priorityOf(config: NonNullable<MattermostConfig['priority']>, render: Render): object {
  const asked = render.text(config.priority).toLowerCase();
  const priority = PRIORITIES.includes(asked) ? asked : 'standard';
  return {
    priority,
    ...omitEmpty({
      requested_ack: config.requested_ack && priority !== 'standard',
      persistent_notifications: config.persistent_notifications && priority === 'urgent',
    }),
  };
}
