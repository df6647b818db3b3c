import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { template, text } from '../leaves.ts';
import { httpIntegration, needsWebhookUrl, webhookUrlKeys } from './integration.ts';

export const discordConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      ...webhookUrlKeys(),
      content: template().default('').describe('Text of the message itself, outside the embed.'),
      title: template().default('{{ template "discord.default.title" . }}').describe('Title of the embed.'),
      message: template()
        .default('{{ template "discord.default.message" . }}')
        .describe('Text of the embed.'),
      username: text().default('').describe('Name of the sender, instead of that of the webhook.'),
      avatar_url: text().default('').describe('Picture of the sender, instead of that of the webhook.'),
    })
    .superRefine(needsWebhookUrl),
);
export type DiscordKeys = z.output<typeof discordConfig>;

export interface DiscordConfig extends DiscordKeys {
  readonly http_config: HttpClientConfig;
}

export function completeDiscord(keys: DiscordKeys, global: GlobalConfig): DiscordConfig {
  return { ...keys, http_config: keys.http_config ?? global.http_config };
}
