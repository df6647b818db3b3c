import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { count, filePath, goDuration, secret, url } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { httpIntegration } from './integration.ts';

export const incidentioConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      url: url().optional().describe('Address of the alert source.'),
      url_file: filePath().optional().describe('File holding it.'),
      alert_source_token: secret().optional().describe('Token of the alert source.'),
      alert_source_token_file: filePath().optional().describe('File holding it.'),
      max_alerts: count().default(0).describe('Most alerts per message; 0 is no limit.'),
      timeout: goDuration()
        .prefault('0s')
        .describe('Longest time a request may take; 0 is no limit of its own.'),
    })
    .superRefine((keys, context) => {
      oneOf(keys, ['url', 'url_file'], context, { required: true });
      oneOf(keys, ['alert_source_token', 'alert_source_token_file'], context);
      const hasToken = Boolean(keys.alert_source_token || keys.alert_source_token_file);
      const hasAuthorization = keys.http_config?.authorization !== undefined;
      if (hasToken && hasAuthorization) {
        context.addIssue({
          code: 'custom',
          path: ['http_config', 'authorization'],
          message: 'expected no authorization beside alert_source_token',
        });
      }
      if (keys.http_config && !hasToken && !hasAuthorization) {
        context.addIssue({
          code: 'custom',
          path: [],
          message: 'expected alert_source_token or http_config.authorization, got neither',
        });
      }
    }),
);
export type IncidentioKeys = z.output<typeof incidentioConfig>;

/** The token has become the authorization of `http_config`. */
export interface IncidentioConfig extends IncidentioKeys {
  readonly http_config: HttpClientConfig;
}

export function completeIncidentio(keys: IncidentioKeys, global: GlobalConfig): IncidentioConfig {
  const { alert_source_token: credentials, alert_source_token_file: credentials_file } = keys;
  const http_config = keys.http_config ?? global.http_config;
  if (!credentials && !credentials_file) return { ...keys, http_config };
  const authorization = { type: 'Bearer', credentials, credentials_file };
  return { ...keys, http_config: { ...http_config, authorization } };
}
