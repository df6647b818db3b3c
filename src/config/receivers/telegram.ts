import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { filePath, secret, template, url } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { httpIntegration } from './integration.ts';

export const telegramConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      api_url: url().optional().describe('API; `global.telegram_api_url` unless given.'),
      bot_token: secret().optional().describe('Token of the bot; `global.telegram_bot_token` unless given.'),
      bot_token_file: filePath().optional().describe('File holding it.'),
      chat_id: z.number().int().optional().describe('Chat.'),
      chat_id_file: filePath().optional().describe('File holding it.'),
      message_thread_id: z.number().int().optional().describe('Topic within the chat.'),
      message: template().default('{{ template "telegram.default.message" . }}').describe('Text.'),
      disable_notifications: z.boolean().default(false).describe('Sends without a sound.'),
      parse_mode: z
        .enum(['Markdown', 'MarkdownV2', 'HTML', ''])
        .default('HTML')
        .describe('Markup of the text; empty for plain text.'),
    })
    .superRefine((keys, context) => {
      oneOf(keys, ['bot_token', 'bot_token_file'], context);
      oneOf(keys, ['chat_id', 'chat_id_file'], context, { required: true });
    }),
);
export type TelegramKeys = z.output<typeof telegramConfig>;

export interface TelegramConfig extends TelegramKeys {
  readonly http_config: HttpClientConfig;
  readonly api_url: string;
}

export function completeTelegram(keys: TelegramKeys, global: GlobalConfig): TelegramConfig {
  const isOwn = keys.bot_token || keys.bot_token_file;
  return {
    ...keys,
    http_config: keys.http_config ?? global.http_config,
    api_url: keys.api_url ?? global.telegram_api_url,
    bot_token: isOwn ? keys.bot_token : global.telegram_bot_token,
    bot_token_file: isOwn ? keys.bot_token_file : global.telegram_bot_token_file,
  };
}
