import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { filePath, secret, template, text, url } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { httpIntegration, withSlash } from './integration.ts';

const TYPES = /^(team|teams|user|escalation|schedule)$/;

const responder = z.lazy(() =>
  z
    .strictObject({
      id: template().default('').describe('Id; one of id, name and username is needed.'),
      name: template().default('').describe('Name; several with commas where the type is `teams`.'),
      username: template().default('').describe('User.'),
      type: template().default('').describe('`team`, `teams`, `user`, `escalation` or `schedule`. Required.'),
    })
    .superRefine((keys, context) => {
      if (!keys.id && !keys.name && !keys.username) {
        context.addIssue({ code: 'custom', path: [], message: 'expected id, name or username, got none' });
      }
      if (!keys.type.includes('{{') && !TYPES.test(keys.type.toLowerCase())) {
        context.addIssue({
          code: 'custom',
          path: ['type'],
          message: `expected team, teams, user, escalation or schedule, got ${JSON.stringify(keys.type)}`,
        });
      }
    }),
);

export const opsgenieConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      api_key: secret().optional().describe('API key; `global.opsgenie_api_key` unless given.'),
      api_key_file: filePath().optional().describe('File holding it.'),
      api_url: url().optional().describe('API; `global.opsgenie_api_url` unless given.'),
      message: template()
        .default('{{ template "opsgenie.default.message" . }}')
        .describe('Title of the alert.'),
      description: template()
        .default('{{ template "opsgenie.default.description" . }}')
        .describe('Description.'),
      source: template()
        .default('{{ template "opsgenie.default.source" . }}')
        .describe('Link to the sender.'),
      details: z.record(text(), template()).default({}).describe('More details; common labels are added.'),
      entity: template().default('').describe('What is affected.'),
      responders: z.array(responder).default([]).describe('Whom to tell.'),
      actions: template().default('').describe('Actions, comma-separated.'),
      tags: template().default('').describe('Tags, comma-separated.'),
      note: template().default('').describe('Note.'),
      priority: template().default('').describe('P1 to P5.'),
      update_alerts: z
        .boolean()
        .default(false)
        .describe('Sets message and description anew with each notification.'),
    })
    .superRefine((keys, context) => oneOf(keys, ['api_key', 'api_key_file'], context)),
);
export type OpsgenieKeys = z.output<typeof opsgenieConfig>;

/** `api_url` ends with a slash. */
export interface OpsgenieConfig extends OpsgenieKeys {
  readonly http_config: HttpClientConfig;
  readonly api_url: string;
}

export function completeOpsgenie(keys: OpsgenieKeys, global: GlobalConfig): OpsgenieConfig {
  const isOwn = keys.api_key || keys.api_key_file;
  return {
    ...keys,
    http_config: keys.http_config ?? global.http_config,
    api_url: withSlash(keys.api_url ?? global.opsgenie_api_url),
    api_key: isOwn ? keys.api_key : global.opsgenie_api_key,
    api_key_file: isOwn ? keys.api_key_file : global.opsgenie_api_key_file,
  };
}
