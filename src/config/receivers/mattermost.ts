import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { template } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { httpIntegration, webhookUrlKeys } from './integration.ts';

const field = z.lazy(() =>
  z.strictObject({
    title: template().min(1, { error: 'expected a title, got nothing' }).describe('Title.'),
    value: template().min(1, { error: 'expected a value, got nothing' }).describe('Value.'),
    short: z.boolean().optional().describe('May stand beside another.'),
  }),
);

/** What both an attachment and the message itself say; `usual` gives the defaults of the latter. */
const attachmentKeys = (usual: (name: string) => string) => ({
  fallback: template().default(usual('fallback')).describe('Plain text summary.'),
  color: template().default(usual('color')).describe('Bar beside the message.'),
  pretext: template().default('').describe('Text above the attachment.'),
  text: template().default(usual('text')).describe('Text.'),
  author_name: template().default('').describe('Name of the author.'),
  author_link: template().default('').describe('Where the name leads.'),
  author_icon: template().default('').describe('Image beside the name.'),
  title: template().default(usual('title')).describe('Title.'),
  title_link: template().default(usual('titlelink')).describe('Where the title leads.'),
  fields: z.array(field).default([]).describe('Fields.'),
  thumb_url: template().default('').describe('Small image.'),
  footer: template().default('').describe('Footer.'),
  footer_icon: template().default('').describe('Image beside the footer.'),
  image_url: template().default('').describe('Image.'),
});

const usual = (name: string): string => `{{ template "mattermost.default.${name}" . }}`;

const priority = z.lazy(() =>
  z.strictObject({
    priority: template().default('').describe('`urgent`, `important` or `standard`.'),
    requested_ack: z.boolean().default(false).describe('Asks readers to acknowledge.'),
    persistent_notifications: z
      .boolean()
      .default(false)
      .describe('Notifies again until acknowledged; urgent messages only.'),
  }),
);

export const mattermostConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      ...webhookUrlKeys('`global.mattermost_webhook_url` unless given.'),
      channel: template().default('').describe('Channel or user.'),
      username: template().default(usual('username')).describe('Name of the sender.'),
      ...attachmentKeys(usual),
      icon_url: template().default('').describe('Image as icon.'),
      icon_emoji: template().default('').describe('Emoji as icon.'),
      attachments: z
        .array(z.strictObject(attachmentKeys(() => '')))
        .default([])
        .describe('Attachments, instead of the one made of the keys beside.'),
      type: template().default('').describe('Type of the post.'),
      props: z
        .strictObject({ card: template().default('').describe('Text of the card at the side.') })
        .optional()
        .describe('Properties of the post.'),
      priority: priority.optional().describe('Priority of the post.'),
    })
    .superRefine((keys, context) => oneOf(keys, ['webhook_url', 'webhook_url_file'], context)),
);
export type MattermostKeys = z.output<typeof mattermostConfig>;

export interface MattermostConfig extends MattermostKeys {
  readonly http_config: HttpClientConfig;
}

export function completeMattermost(keys: MattermostKeys, global: GlobalConfig): MattermostConfig {
  const isOwn = keys.webhook_url || keys.webhook_url_file;
  return {
    ...keys,
    http_config: keys.http_config ?? global.http_config,
    webhook_url: isOwn ? keys.webhook_url : global.mattermost_webhook_url,
    webhook_url_file: isOwn ? keys.webhook_url_file : global.mattermost_webhook_url_file,
  };
}
