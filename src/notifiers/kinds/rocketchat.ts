import type { RocketchatConfig } from '../../config/receivers/rocketchat.ts';
import type { Attempt } from '../delivery.ts';
import type { Notification, Render } from '../notification.ts';
import {
  type Exchange,
  type HttpAnswer,
  jsonBody,
  jsonPost,
  judgeStatus,
  omitEmpty,
  prefixed,
  refused,
  truncate,
} from './exchange.ts';

/** Longest title, characters. */
const MAX_TITLE = 1024;

export function* rocketchatMessage(config: RocketchatConfig, _: Notification, render: Render): Exchange {
  const attachment = omitEmpty({
    title: truncate(render.text(config.title), MAX_TITLE),
    title_link: render.text(config.title_link),
    text: render.text(config.text),
    image_url: render.text(config.image_url),
    thumb_url: render.text(config.thumb_url),
    color: render.text(config.color),
    fields: config.fields.map((field) => ({
      short: field.short ?? config.short_fields,
      ...omitEmpty({ title: render.text(field.title), value: render.text(field.value) }),
    })),
    actions: config.actions.map((action) => ({
      type: 'button',
      ...omitEmpty({ text: render.text(action.text), url: render.text(action.url) }),
      is_webview: false,
      ...omitEmpty({ msg: render.text(action.msg) }),
      msg_in_chat_window: false,
    })),
  });
  const channel = render.text(config.channel);
  const message = {
    ...omitEmpty({ channel, emoji: render.text(config.emoji), avatar: render.text(config.icon_url) }),
    attachments: [attachment],
  };
  const url = `${config.api_url.replace(/\/+$/, '')}/api/v1/chat.postMessage`;
  const headers = { 'X-Auth-Token': config.token ?? '', 'X-User-Id': config.token_id ?? '' };
  return prefixed(judge(yield jsonPost(url, message, headers)), `channel ${JSON.stringify(channel)}`);
}

/** Rocket.Chat may say no with status 200. */
function judge(answer: HttpAnswer): Attempt {
  const attempt = judgeStatus()(answer);
  if (attempt.kind !== 'delivered') return attempt;
  const said = jsonBody(answer) as { success?: boolean; error?: string } | undefined;
  if (said === undefined) {
    const message = `could not unmarshal JSON response ${JSON.stringify(answer.body)}`;
    return { kind: 'retry', reason: 'clientError', message };
  }
  return said?.success === true ? attempt : refused(`error response from Rocketchat: ${said?.error ?? ''}`);
}
