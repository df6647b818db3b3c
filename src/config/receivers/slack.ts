import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { filePath, goDuration, secret, secretUrl, template, text, url } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { httpIntegration } from './integration.ts';

const POST_MESSAGE = 'https://slack.com/api/chat.postMessage';

const confirmation = z.lazy(() =>
  z.strictObject({
    text: template().min(1, { error: 'expected a text, got nothing' }).describe('Question.'),
    title: template().optional().describe('Title.'),
    ok_text: template().optional().describe('Label of the button that goes on.'),
    dismiss_text: template().optional().describe('Label of the button that does not.'),
  }),
);

const action = z.lazy(() =>
  z
    .strictObject({
      type: template().min(1, { error: 'expected a type, got nothing' }).describe('`button`.'),
      text: template().min(1, { error: 'expected a text, got nothing' }).describe('Label of the button.'),
      url: template().optional().describe('Where it leads.'),
      style: template().optional().describe('`primary` or `danger`.'),
      name: template().optional().describe('Name of the action, without a url.'),
      value: template().optional().describe('Value of the action.'),
      confirm: confirmation.optional().describe('Asks first.'),
    })
    .superRefine((keys, context) => {
      if (!keys.url && !keys.name)
        context.addIssue({ code: 'custom', path: [], message: 'expected url or name, got neither' });
    }),
);

const field = z.lazy(() =>
  z.strictObject({
    title: template().min(1, { error: 'expected a title, got nothing' }).describe('Title.'),
    value: template().min(1, { error: 'expected a value, got nothing' }).describe('Value.'),
    short: z.boolean().optional().describe('May stand beside another.'),
  }),
);

const usual = (name: string) => template().default(`{{ template "slack.default.${name}" . }}`);

export const slackConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(false),
      api_url: secretUrl().optional().describe('Webhook; `global.slack_api_url` unless given.'),
      api_url_file: filePath().optional().describe('File holding it.'),
      app_token: secret()
        .optional()
        .describe('Bot token, instead of a webhook; `global.slack_app_token` unless given.'),
      app_token_file: filePath().optional().describe('File holding it.'),
      app_url: url().optional().describe('API for bot tokens; `global.slack_app_url` unless given.'),
      channel: template().optional().describe('Channel or user.'),
      username: usual('username').describe('Name of the sender.'),
      color: usual('color').describe('Bar beside the message.'),
      title: usual('title').describe('Title.'),
      title_link: usual('titlelink').describe('Where the title leads.'),
      pretext: usual('pretext').describe('Text above the attachment.'),
      text: usual('text').describe('Text.'),
      message_text: template().default('').describe('Text of the message itself, outside the attachment.'),
      fields: z.array(field).default([]).describe('Fields of the attachment.'),
      short_fields: z.boolean().default(false).describe('Fields are short unless they say otherwise.'),
      footer: usual('footer').describe('Footer.'),
      fallback: usual('fallback').describe('Plain text summary.'),
      callback_id: usual('callbackid').describe('Identifies the message to Slack apps.'),
      icon_emoji: usual('iconemoji').describe('Emoji as icon.'),
      icon_url: usual('iconurl').describe('Image as icon.'),
      image_url: template().default('').describe('Image in the message.'),
      thumb_url: template().default('').describe('Small image in the message.'),
      link_names: z.boolean().default(false).describe('Turns @names and #channels into links.'),
      mrkdwn_in: z
        .array(text())
        .default([])
        .describe('Parts that hold Slack markup; `fallback`, `pretext` and `text` unless given.'),
      actions: z.array(action).default([]).describe('Buttons.'),
      update_message: z
        .boolean()
        .default(false)
        .describe('Edits the first message of a group; needs a bot token.'),
      timeout: goDuration()
        .prefault('0s')
        .describe('Longest time a request may take; 0 is no limit of its own.'),
    })
    .superRefine((keys, context) => {
      oneOf(keys, ['api_url', 'api_url_file'], context);
      oneOf(keys, ['app_token', 'app_token_file'], context);
      if ((keys.api_url || keys.api_url_file) && (keys.app_token || keys.app_token_file)) {
        context.addIssue({
          code: 'custom',
          path: [],
          message: 'expected either a webhook (api_url) or a bot token (app_token)',
        });
      }
      if (keys.update_message && keys.api_url !== POST_MESSAGE) {
        context.addIssue({
          code: 'custom',
          path: ['update_message'],
          message: `expected api_url ${POST_MESSAGE} beside update_message: webhooks cannot edit messages`,
        });
      }
    }),
);
export type SlackKeys = z.output<typeof slackConfig>;

/** With `global.slack_*` filled in; a bot token has become `api_url` and the authorization of `http_config`. */
export interface SlackConfig extends SlackKeys {
  readonly http_config: HttpClientConfig;
  readonly app_url: string;
}

/** `api_url` and `api_url_file` are unset when neither is given; check-routes.ts reports it. */
export function completeSlack(keys: SlackKeys, global: GlobalConfig): SlackConfig {
  const app_url = keys.app_url ?? global.slack_app_url;
  const ownToken = keys.app_token || keys.app_token_file;
  const takesGlobalToken = !ownToken && !keys.http_config?.authorization && !keys.api_url;
  const app_token = takesGlobalToken ? global.slack_app_token : keys.app_token;
  const app_token_file = takesGlobalToken ? global.slack_app_token_file : keys.app_token_file;
  const ownUrl = keys.api_url || keys.api_url_file;
  const http_config = keys.http_config ?? global.http_config;
  if (app_token || app_token_file) {
    const authorization = { type: 'Bearer', credentials: app_token, credentials_file: app_token_file };
    return {
      ...keys,
      app_url,
      app_token,
      app_token_file,
      api_url: app_url,
      api_url_file: undefined,
      http_config: { ...http_config, authorization },
    };
  }
  return {
    ...keys,
    app_url,
    api_url: ownUrl ? keys.api_url : global.slack_api_url,
    api_url_file: ownUrl ? keys.api_url_file : global.slack_api_url_file,
    http_config,
  };
}
