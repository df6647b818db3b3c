import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { noEffect, template, text } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { type Sigv4Config, sigv4Config } from '../sigv4.ts';
import { httpIntegration } from './integration.ts';

export const snsConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      api_url: template().default('').describe("Endpoint; the region's unless given."),
      sigv4: sigv4Config.prefault({}).describe('Who signs the requests.'),
      topic_arn: template().default('').describe('Topic; one of topic, phone number and target is needed.'),
      phone_number: template().default('').describe('Phone number for an SMS.'),
      target_arn: template().default('').describe('Mobile endpoint.'),
      subject: template()
        .default('{{ template "sns.default.subject" . }}')
        .describe('Subject, for topics that send mail.'),
      message: template().default('{{ template "sns.default.message" . }}').describe('Text.'),
      attributes: z.record(text(), template()).default({}).describe('Message attributes.'),
      use_aws_http_client: z.boolean().optional().meta(noEffect('there is one client for all kinds.')),
    })
    .superRefine((keys, context) =>
      oneOf(keys, ['topic_arn', 'phone_number', 'target_arn'], context, { required: true }),
    ),
);
export type SnsKeys = z.output<typeof snsConfig>;

export interface SnsConfig extends SnsKeys {
  readonly http_config: HttpClientConfig;
  readonly sigv4: Sigv4Config;
}

export function completeSns(keys: SnsKeys, global: GlobalConfig): SnsConfig {
  return { ...keys, http_config: keys.http_config ?? global.http_config };
}
