import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { filePath, goDuration, oldForm, secret, template, url } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { httpIntegration } from './integration.ts';

/**
 * Alerts as text, as every Alertmanager before 0.30 sends them: rules of PagerDuty match on that text. Newer ones send lists of objects;
 * `firing: '{{ .Alerts.Firing | toJson }}'` gives those.
 */
const DETAILS = {
  firing: '{{ template "pagerduty.default.instances" .Alerts.Firing }}',
  resolved: '{{ template "pagerduty.default.instances" .Alerts.Resolved }}',
  num_firing: '{{ .Alerts.Firing | len }}',
  num_resolved: '{{ .Alerts.Resolved | len }}',
};

const image = z.lazy(() =>
  z.strictObject({
    src: template().optional().describe('Address of the image.'),
    alt: template().optional().describe('Text for those who cannot see it.'),
    href: template().optional().describe('Where it leads.'),
  }),
);
const link = z.lazy(() =>
  z.strictObject({
    href: template().optional().describe('Where it leads.'),
    text: template().optional().describe('Text of the link.'),
  }),
);

export const pagerdutyConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      routing_key: secret().optional().describe('Integration key, Events API v2.'),
      routing_key_file: filePath().optional().describe('File holding it.'),
      service_key: secret().optional().meta(oldForm('routing_key, the key of an Events API v2 integration')),
      service_key_file: filePath().optional().describe('File holding it.'),
      url: url().optional().describe('API; `global.pagerduty_url` unless given.'),
      client: template()
        .default('{{ template "pagerduty.default.client" . }}')
        .describe('Name of the sender.'),
      client_url: template()
        .default('{{ template "pagerduty.default.clientURL" . }}')
        .describe('Link to the sender.'),
      description: template().default('{{ template "pagerduty.default.description" .}}').describe('Summary.'),
      details: z
        .record(z.string(), z.unknown())
        .default({})
        .describe('More details; `firing`, `resolved`, `num_firing` and `num_resolved` are added.'),
      images: z.array(image).default([]).describe('Images.'),
      links: z.array(link).default([]).describe('Links.'),
      source: template().optional().describe('What is affected; the client unless given.'),
      severity: template().optional().describe('critical, error, warning or info.'),
      class: template().optional().describe('Kind of event.'),
      component: template().optional().describe('Part that is affected.'),
      group: template().optional().describe('Group of parts.'),
      timeout: goDuration()
        .prefault('0s')
        .describe('Longest time a request may take; 0 is no limit of its own.'),
    })
    .superRefine((keys, context) => {
      oneOf(keys, ['routing_key', 'routing_key_file'], context);
      oneOf(keys, ['service_key', 'service_key_file'], context);
      if (!keys.routing_key && !keys.routing_key_file && !keys.service_key && !keys.service_key_file) {
        context.addIssue({
          code: 'custom',
          path: [],
          message: 'expected routing_key or service_key, got neither',
        });
      }
    }),
);
export type PagerdutyKeys = z.output<typeof pagerdutyConfig>;

export interface PagerdutyConfig extends PagerdutyKeys {
  readonly http_config: HttpClientConfig;
  readonly url: string;
  readonly source: string;
}

export function completePagerduty(keys: PagerdutyKeys, global: GlobalConfig): PagerdutyConfig {
  return {
    ...keys,
    http_config: keys.http_config ?? global.http_config,
    url: keys.url ?? global.pagerduty_url,
    source: keys.source || keys.client,
    details: { ...DETAILS, ...keys.details },
  };
}
