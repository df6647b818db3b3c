import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { count, filePath, goDuration, templateUrl } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { httpIntegration } from './integration.ts';

export const webhookConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      url: templateUrl().optional().describe('Address posted to; may be a template.'),
      url_file: filePath().optional().describe('File holding it.'),
      max_alerts: count().default(0).describe('Most alerts per message; 0 is no limit.'),
      timeout: goDuration()
        .prefault('0s')
        .describe('Longest time a request may take; 0 is no limit of its own.'),
      payload: z.unknown().optional().describe('Own JSON body, of templates.'),
    })
    .superRefine((keys, context) => oneOf(keys, ['url', 'url_file'], context, { required: true })),
);
export type WebhookKeys = z.output<typeof webhookConfig>;

export interface WebhookConfig extends WebhookKeys {
  readonly http_config: HttpClientConfig;
}

export function completeWebhook(keys: WebhookKeys, global: GlobalConfig): WebhookConfig {
  return { ...keys, http_config: keys.http_config ?? global.http_config };
}
