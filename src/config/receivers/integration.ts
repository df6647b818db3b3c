import * as z from 'zod';
import { httpClientConfig } from '../http-client.ts';
import { filePath, secretUrl } from '../leaves.ts';
import { oneOf } from '../one-of.ts';

/** Keys that every integration but e-mail has. */
export const httpIntegration = (sendResolved: boolean) => ({
  ...sendResolvedKey(sendResolved),
  http_config: httpClientConfig
    .optional()
    .describe('How requests are made; `global.http_config` unless given.'),
});

export const sendResolvedKey = (byDefault: boolean) => ({
  send_resolved: z.boolean().default(byDefault).describe('Tells of resolved alerts too.'),
});

/** @param elsewhere where the address comes from when it is not given here */
export const webhookUrlKeys = (elsewhere = '') => ({
  webhook_url: secretUrl()
    .optional()
    .describe(`Webhook${elsewhere === '' ? '.' : `; ${elsewhere}`}`),
  webhook_url_file: filePath().optional().describe('File holding it.'),
});

export const needsWebhookUrl = (keys: object, context: z.RefinementCtx): void =>
  oneOf(keys, ['webhook_url', 'webhook_url_file'], context, { required: true });

/** Reports keys that are missing or empty. */
export function required(keys: object, names: readonly string[], context: z.RefinementCtx): void {
  for (const name of names) {
    if (Reflect.get(keys, name)) continue;
    context.addIssue({ code: 'custom', path: [], message: `expected ${name}, got none` });
  }
}

/** Paths are added to such an address. */
export const withSlash = (url: string): string => (url.endsWith('/') ? url : `${url}/`);
