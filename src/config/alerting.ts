import * as z from 'zod';
import { checkStaticTargets, discoveryShape, type ServedDiscovery } from './discovery/discovery.ts';
import {
  checkHttpClient,
  completeHttpClient,
  type HttpClientConfig,
  httpClientShape,
} from './http-client.ts';
import { duration, text } from './leaves.ts';
import { type RelabelConfig, relabelConfig } from './relabel.ts';
import { type Sigv4Config, sigv4Config } from './sigv4.ts';

const alertmanager = z.lazy(() =>
  z
    .strictObject({
      scheme: z.enum(['http', 'https']).default('http').describe('Scheme of the requests.'),
      path_prefix: text().default('').describe('Path before /api/v2/alerts.'),
      timeout: duration().prefault('10s').describe('Longest time a request may take.'),
      api_version: z.enum(['v2']).default('v2').describe('Only v2 exists today.'),
      sigv4: sigv4Config
        .optional()
        .describe('Signs the requests for AWS. Not with the other ways to authenticate.'),
      ...httpClientShape,
      ...discoveryShape,
      relabel_configs: z
        .array(relabelConfig)
        .default([])
        .describe('Steps that change or drop these servers.'),
      alert_relabel_configs: z
        .array(relabelConfig)
        .default([])
        .describe('Steps that change or drop alerts sent to these servers.'),
    })
    .superRefine((keys, context) => {
      checkHttpClient(keys, context);
      const { basic_auth, authorization, oauth2, bearer_token, bearer_token_file } = keys;
      if (keys.sigv4 && (basic_auth || authorization || oauth2 || bearer_token || bearer_token_file)) {
        const message = 'at most one of basic_auth, authorization, oauth2 and sigv4 may be given';
        context.addIssue({ code: 'custom', path: ['sigv4'], message });
      }
      checkStaticTargets(keys, context);
    }),
);

export const alertingConfig = z.strictObject({
  alert_relabel_configs: z
    .array(relabelConfig)
    .default([])
    .describe('Steps that change or drop alerts before they are sent.'),
  alertmanagers: z.array(alertmanager).default([]).describe('Alertmanagers that get every alert as well.'),
});

/** Alertmanagers that get alerts of own rules as well. Its own keys say how requests are made. */
export interface AlertmanagerConfig extends HttpClientConfig, ServedDiscovery {
  readonly scheme: 'http' | 'https';
  readonly path_prefix: string;
  readonly timeout: number;
  readonly api_version: 'v2';
  readonly sigv4?: Sigv4Config;
  readonly relabel_configs: readonly RelabelConfig[];
  readonly alert_relabel_configs: readonly RelabelConfig[];
}

export interface AlertingConfig {
  readonly alert_relabel_configs: readonly RelabelConfig[];
  readonly alertmanagers: readonly AlertmanagerConfig[];
}

export function completeAlerting(keys: z.output<typeof alertingConfig>): AlertingConfig {
  return { ...keys, alertmanagers: keys.alertmanagers.map((server) => completeHttpClient(server)) };
}
