import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { duration, template, text, url } from '../leaves.ts';
import { httpIntegration, required } from './integration.ts';

/** A template alone, or with a word on whether it may overwrite what an issue says already. */
const issueField = () =>
  z
    .union([
      template(),
      z.strictObject({
        template: template().optional().describe('Text of the field.'),
        enable_update: z
          .boolean()
          .optional()
          .describe('Also set when an issue is updated; true unless given.'),
      }),
    ])
    .optional();

export const jiraConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      api_url: url()
        .optional()
        .describe(
          'API, such as `https://example.atlassian.net/rest/api/2`; `global.jira_api_url` unless given.',
        ),
      api_type: z
        .enum(['auto', 'cloud', 'datacenter'])
        .default('auto')
        .describe('Which search is asked; by the host unless given.'),
      project: template().default('').describe('Key of the project. Required.'),
      issue_type: template().default('').describe('Type of new issues. Required.'),
      summary: issueField().describe('Summary; the `jira.default.summary` unless given.'),
      description: issueField().describe(
        'Description; the `jira.default.description` unless given. Under `/rest/api/3` a JSON document.',
      ),
      labels: z.array(template()).default([]).describe('Labels; one that names the group is added.'),
      priority: template()
        .default('{{ template "jira.default.priority" . }}')
        .describe('Priority; none when it renders to nothing.'),
      reopen_transition: text().default('').describe('Transition that opens an issue again.'),
      resolve_transition: text().default('').describe('Transition that resolves an issue.'),
      wont_fix_resolution: text().default('').describe('Issues resolved so are left alone.'),
      reopen_duration: duration()
        .prefault('0s')
        .describe('How long after its resolution an issue is opened again instead of a new one made.'),
      fields: z.record(text(), z.unknown()).default({}).describe('Other fields, of templates.'),
    })
    .superRefine((keys, context) => required(keys, ['project', 'issue_type'], context)),
);
export type JiraKeys = z.output<typeof jiraConfig>;

export interface JiraField {
  readonly template: string;
  readonly enable_update: boolean;
}

/** `api_url` is empty when it is given nowhere; check-routes.ts reports it. */
export interface JiraConfig extends Omit<JiraKeys, 'summary' | 'description'> {
  readonly http_config: HttpClientConfig;
  readonly api_url: string;
  readonly summary: JiraField;
  readonly description: JiraField;
}

export function completeJira(keys: JiraKeys, global: GlobalConfig): JiraConfig {
  return {
    ...keys,
    http_config: keys.http_config ?? global.http_config,
    api_url: keys.api_url ?? global.jira_api_url ?? '',
    summary: completeField(keys.summary, '{{ template "jira.default.summary" . }}'),
    description: completeField(keys.description, '{{ template "jira.default.description" . }}'),
  };
}

function completeField(field: JiraKeys['summary'], usual: string): JiraField {
  if (typeof field === 'string') return { template: field, enable_update: true };
  return { template: field?.template ?? usual, enable_update: field?.enable_update ?? true };
}
