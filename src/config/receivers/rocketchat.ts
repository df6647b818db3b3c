import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { filePath, secret, template, text, url } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { httpIntegration } from './integration.ts';

const field = z.lazy(() =>
  z.strictObject({
    title: template().default('').describe('Title.'),
    value: template().default('').describe('Value.'),
    short: z.boolean().optional().describe('May stand beside another.'),
  }),
);

const notSent = (what: string) =>
  `Read, as upstream reads it; not sent, as upstream does not send it: ${what}.`;

const action = z.lazy(() =>
  z.strictObject({
    type: text().default('button').describe(notSent('every action is a button')),
    text: template().default('').describe('Label of the button.'),
    url: template().default('').describe('Where it leads.'),
    msg: template().default('').describe('Message that is sent when it is pressed.'),
    image_url: text().default('').describe(notSent('image')),
    is_webview: z.boolean().default(false).describe(notSent('web view')),
    webview_height_ratio: text().default('').describe(notSent('height of the web view')),
    msg_in_chat_window: z.boolean().default(false).describe(notSent('place of the message')),
    msg_processing_type: text().default('').describe(notSent('kind of processing')),
  }),
);

const usual = (name: string) => template().default(`{{ template "rocketchat.default.${name}" . }}`);

export const rocketchatConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(false),
      api_url: url().optional().describe('Server; `global.rocketchat_api_url` unless given.'),
      token_id: secret().optional().describe('Id of the user; `global.rocketchat_token_id` unless given.'),
      token_id_file: filePath().optional().describe('File holding it.'),
      token: secret().optional().describe('Token of the user; `global.rocketchat_token` unless given.'),
      token_file: filePath().optional().describe('File holding it.'),
      channel: template().default('').describe('Channel or user.'),
      color: template()
        .default('{{ if eq .Status "firing" }}red{{ else }}green{{ end }}')
        .describe('Bar beside the message.'),
      title: usual('title').describe('Title.'),
      title_link: usual('titlelink').describe('Where the title leads.'),
      text: usual('text').describe('Text.'),
      fields: z.array(field).default([]).describe('Fields.'),
      short_fields: z.boolean().default(false).describe('Fields are short unless they say otherwise.'),
      emoji: usual('emoji').describe('Emoji as icon.'),
      icon_url: usual('iconurl').describe('Image as icon.'),
      image_url: template().default('').describe('Image in the message.'),
      thumb_url: template().default('').describe('Small image in the message.'),
      link_names: z.boolean().default(false).describe(notSent('links of names')),
      actions: z.array(action).default([]).describe('Buttons.'),
    })
    .superRefine((keys, context) => {
      oneOf(keys, ['token', 'token_file'], context);
      oneOf(keys, ['token_id', 'token_id_file'], context);
    }),
);
export type RocketchatKeys = z.output<typeof rocketchatConfig>;

export interface RocketchatConfig extends RocketchatKeys {
  readonly http_config: HttpClientConfig;
  readonly api_url: string;
}

export function completeRocketchat(keys: RocketchatKeys, global: GlobalConfig): RocketchatConfig {
  const ownId = keys.token_id || keys.token_id_file;
  const ownToken = keys.token || keys.token_file;
  return {
    ...keys,
    http_config: keys.http_config ?? global.http_config,
    api_url: keys.api_url ?? global.rocketchat_api_url,
    token_id: ownId ? keys.token_id : global.rocketchat_token_id,
    token_id_file: ownId ? keys.token_id_file : global.rocketchat_token_id_file,
    token: ownToken ? keys.token : global.rocketchat_token,
    token_file: ownToken ? keys.token_file : global.rocketchat_token_file,
  };
}
