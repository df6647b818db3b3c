import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { template, url } from '../leaves.ts';
import { httpIntegration, required } from './integration.ts';

export const webexConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      api_url: url().optional().describe('API; `global.webex_api_url` unless given.'),
      message: template().default('{{ template "webex.default.message" . }}').describe('Text, as Markdown.'),
      room_id: template().default('').describe('Room. Required.'),
    })
    .superRefine((keys, context) => {
      required(keys, ['room_id'], context);
      if (keys.http_config?.authorization) return;
      context.addIssue({ code: 'custom', path: [], message: 'expected http_config.authorization, got none' });
    }),
);
export type WebexKeys = z.output<typeof webexConfig>;

export interface WebexConfig extends WebexKeys {
  readonly http_config: HttpClientConfig;
  readonly api_url: string;
}

export function completeWebex(keys: WebexKeys, global: GlobalConfig): WebexConfig {
  return {
    ...keys,
    http_config: keys.http_config ?? global.http_config,
    api_url: keys.api_url ?? global.webex_api_url,
  };
}
