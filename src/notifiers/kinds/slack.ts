import type { SlackConfig } from '../../config/receivers/slack.ts';
import type { Attempt } from '../delivery.ts';
import type { Notification, Render } from '../notification.ts';
import {
  type Exchange,
  type HttpAnswer,
  jsonPost,
  judgeStatus,
  MessageError,
  omitEmpty,
  prefixed,
  refused,
  truncate,
} from './exchange.ts';

/** Slack's limit for titles, characters. */
const MAX_TITLE = 1024;

export function slackMessage(config: SlackConfig, notification: Notification, render: Render): Exchange {
  const url = config.api_url;
  if (!url) throw new MessageError('no api_url: neither given nor readable from its file');
  const text = (template: string | undefined): string => (template ? render.text(template) : '');
  const attachment = {
    ...omitEmpty({
      title: truncate(text(config.title), MAX_TITLE),
      title_link: text(config.title_link),
      pretext: text(config.pretext),
    }),
    text: text(config.text),
    fallback: text(config.fallback),
    callback_id: text(config.callback_id),
    ...omitEmpty({
      fields: config.fields.map((field) => ({
        title: text(field.title),
        value: text(field.value),
        short: field.short ?? config.short_fields,
      })),
      actions: config.actions.map((action) => slackAction(action, text)),
      image_url: text(config.image_url),
      thumb_url: text(config.thumb_url),
    }),
    footer: text(config.footer),
    ...omitEmpty({ color: text(config.color) }),
    mrkdwn_in: config.mrkdwn_in.length > 0 ? config.mrkdwn_in : ['fallback', 'pretext', 'text'],
  };
  const { threadTs, channelId } = config.update_message ? notification.data : {};
  const edits = threadTs !== undefined && channelId !== undefined;
  const channel = edits ? channelId : text(config.channel);
  const message = {
    ...omitEmpty({
      channel,
      ts: edits ? threadTs : '',
      username: text(config.username),
      icon_emoji: text(config.icon_emoji),
      icon_url: text(config.icon_url),
      link_names: config.link_names,
      text: text(config.message_text),
    }),
    attachments: [attachment],
  };
  const request = jsonPost(edits ? url.replace(/chat\.postMessage$/, 'chat.update') : url, message);
  return (function* (): Exchange {
    return prefixed(judgeSlack(yield request, config.update_message), `channel ${JSON.stringify(channel)}`);
  })();
}

type SlackAction = SlackConfig['actions'][number];

function slackAction(action: SlackAction, text: (template: string | undefined) => string): object {
  const { confirm } = action;
  return {
    type: text(action.type),
    text: text(action.text),
    ...omitEmpty({
      url: text(action.url),
      style: text(action.style),
      name: text(action.name),
      value: text(action.value),
    }),
    ...(confirm && {
      confirm: {
        text: text(confirm.text),
        ...omitEmpty({
          title: text(confirm.title),
          ok_text: text(confirm.ok_text),
          dismiss_text: text(confirm.dismiss_text),
        }),
      },
    }),
  };
}

/** Slack may say no with status 200: as JSON with `ok: false`, or, to a webhook, with a text that is not "ok". */
function judgeSlack(answer: HttpAnswer, keepsIdentity: boolean): Attempt {
  const attempt = judgeStatus()(answer);
  if (attempt.kind !== 'delivered') return attempt;
  if (!answer.headers['content-type']?.startsWith('application/json')) {
    if (answer.body === 'ok') return attempt;
    return refused(`received an error response from Slack: ${answer.body}`);
  }
  let said: { ok?: unknown; error?: unknown; ts?: unknown; channel?: unknown };
  try {
    said = JSON.parse(answer.body);
  } catch {
    return {
      kind: 'retry',
      reason: 'clientError',
      message: `could not unmarshal JSON response ${JSON.stringify(answer.body)}`,
    };
  }
  if (said.ok !== true) return refused(`error response from Slack: ${said.error ?? ''}`);
  if (!keepsIdentity || typeof said.ts !== 'string' || typeof said.channel !== 'string') return attempt;
  return { ...attempt, data: { threadTs: said.ts, channelId: said.channel } };
}
