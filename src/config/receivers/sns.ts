import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { filePath, noEffect, secret, template, text } from '../leaves.ts';
import { httpIntegration, oneOf } from './integration.ts';

const sigv4 = z
  .strictObject({
    region: text().default('').describe('Region; `AWS_REGION` unless given.'),
    access_key: text().default('').describe('Access key; `AWS_ACCESS_KEY_ID` or the profile unless given.'),
    secret_key: secret()
      .optional()
      .describe('Secret key; `AWS_SECRET_ACCESS_KEY` or the profile unless given.'),
    secret_key_file: filePath().optional().describe('File holding it.'),
    profile: text().default('').describe('Profile of the shared credentials file.'),
    role_arn: text().default('').describe('Role to assume.'),
    external_id: text().default('').describe('External id for assuming the role.'),
    use_fips_sts_endpoint: z.boolean().default(false).describe('Asks the FIPS endpoint for the role.'),
    service_name: text().optional().meta(noEffect('the service is SNS.')),
  })
  .superRefine((keys, context) => {
    oneOf(keys, ['secret_key', 'secret_key_file'], context);
    const hasSecret = Boolean(keys.secret_key || keys.secret_key_file);
    if (hasSecret === (keys.access_key !== '')) return;
    context.addIssue({
      code: 'custom',
      path: [],
      message: 'expected both access_key and secret_key, or neither',
    });
  });
type Sigv4Config = z.output<typeof sigv4>;

export const snsConfig = z
  .strictObject({
    ...httpIntegration(true),
    api_url: template().default('').describe("Endpoint; the region's unless given."),
    sigv4: sigv4.prefault({}).describe('Who signs the requests.'),
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
  );
export type SnsKeys = z.output<typeof snsConfig>;

export interface SnsConfig extends SnsKeys {
  readonly http_config: HttpClientConfig;
  /** `session_token` comes with credentials of the environment. */
  readonly sigv4: Sigv4Config & { readonly session_token?: string };
}

export function completeSns(keys: SnsKeys, global: GlobalConfig): SnsConfig {
  return { ...keys, http_config: keys.http_config ?? global.http_config };
}
