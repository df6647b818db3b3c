import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { filePath, secret, template, text, url } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { httpIntegration, required, withSlash } from './integration.ts';

/** Fields of a message that have keys of their own here. */
const FIXED = [
  'routing_key',
  'message_type',
  'state_message',
  'entity_display_name',
  'monitoring_tool',
  'entity_id',
  'entity_state',
];

export const victoropsConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      api_key: secret().optional().describe('API key; `global.victorops_api_key` unless given.'),
      api_key_file: filePath().optional().describe('File holding it.'),
      api_url: url().optional().describe('API; `global.victorops_api_url` unless given.'),
      routing_key: template().default('').describe('Routing key. Required.'),
      message_type: template().default('CRITICAL').describe('INFO, WARNING or CRITICAL while firing.'),
      state_message: template()
        .default('{{ template "victorops.default.state_message" . }}')
        .describe('Text.'),
      entity_display_name: template()
        .default('{{ template "victorops.default.entity_display_name" . }}')
        .describe('Title.'),
      monitoring_tool: template()
        .default('{{ template "victorops.default.monitoring_tool" . }}')
        .describe('Name of the sender.'),
      custom_fields: z.record(text(), template()).default({}).describe('Other fields.'),
    })
    .superRefine((keys, context) => {
      oneOf(keys, ['api_key', 'api_key_file'], context);
      required(keys, ['routing_key'], context);
      for (const name of Object.keys(keys.custom_fields)) {
        if (!FIXED.includes(name)) continue;
        context.addIssue({
          code: 'custom',
          path: ['custom_fields', name],
          message: `expected no custom field ${name}: it is a field of every message`,
        });
      }
    }),
);
export type VictoropsKeys = z.output<typeof victoropsConfig>;

/** `api_url` ends with a slash. */
export interface VictoropsConfig extends VictoropsKeys {
  readonly http_config: HttpClientConfig;
  readonly api_url: string;
}

export function completeVictorops(keys: VictoropsKeys, global: GlobalConfig): VictoropsConfig {
  const isOwn = keys.api_key || keys.api_key_file;
  return {
    ...keys,
    http_config: keys.http_config ?? global.http_config,
    api_url: withSlash(keys.api_url ?? global.victorops_api_url),
    api_key: isOwn ? keys.api_key : global.victorops_api_key,
    api_key_file: isOwn ? keys.api_key_file : global.victorops_api_key_file,
  };
}
