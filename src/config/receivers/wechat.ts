import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { filePath, secret, template, text, url } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { httpIntegration, withSlash } from './integration.ts';

const usual = (name: string) => template().default(`{{ template "wechat.default.${name}" . }}`);

export const wechatConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(false),
      api_secret: secret().optional().describe('Secret; `global.wechat_api_secret` unless given.'),
      api_secret_file: filePath().optional().describe('File holding it.'),
      corp_id: text().optional().describe('Company; `global.wechat_api_corp_id` unless given.'),
      api_url: url().optional().describe('API; `global.wechat_api_url` unless given.'),
      message: usual('message').describe('Text.'),
      message_type: z.enum(['text', 'markdown']).default('text').describe('Markup of the text.'),
      to_user: usual('to_user').describe('Users.'),
      to_party: usual('to_party').describe('Departments.'),
      to_tag: usual('to_tag').describe('Tags.'),
      agent_id: usual('agent_id').describe('Application that sends.'),
    })
    .superRefine((keys, context) => oneOf(keys, ['api_secret', 'api_secret_file'], context)),
);
export type WechatKeys = z.output<typeof wechatConfig>;

/** `api_url` ends with a slash. */
export interface WechatConfig extends WechatKeys {
  readonly http_config: HttpClientConfig;
  readonly api_url: string;
  readonly corp_id: string;
}

/** `corp_id` is empty when it is given nowhere; check-routes.ts reports it. */
export function completeWechat(keys: WechatKeys, global: GlobalConfig): WechatConfig {
  const isOwn = keys.api_secret || keys.api_secret_file;
  return {
    ...keys,
    http_config: keys.http_config ?? global.http_config,
    api_url: withSlash(keys.api_url ?? global.wechat_api_url),
    corp_id: keys.corp_id || global.wechat_api_corp_id || '',
    api_secret: isOwn ? keys.api_secret : global.wechat_api_secret,
    api_secret_file: isOwn ? keys.api_secret_file : global.wechat_api_secret_file,
  };
}
