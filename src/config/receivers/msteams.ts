import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { template } from '../leaves.ts';
import { httpIntegration, needsWebhookUrl, webhookUrlKeys } from './integration.ts';

/** Connectors of old, which take message cards. */
export const msteamsConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      ...webhookUrlKeys(),
      title: template().default('{{ template "msteams.default.title" . }}').describe('Title of the card.'),
      summary: template().default('{{ template "msteams.default.summary" . }}').describe('Summary.'),
      text: template().default('{{ template "msteams.default.text" . }}').describe('Text of the card.'),
    })
    .superRefine(needsWebhookUrl),
);
export type MsteamsKeys = z.output<typeof msteamsConfig>;

export interface MsteamsConfig extends MsteamsKeys {
  readonly http_config: HttpClientConfig;
}

export function completeMsteams(keys: MsteamsKeys, global: GlobalConfig): MsteamsConfig {
  return { ...keys, http_config: keys.http_config ?? global.http_config };
}

/** Workflows, which take adaptive cards. */
export const msteamsv2Config = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      ...webhookUrlKeys(),
      title: template().default('{{ template "msteamsv2.default.title" . }}').describe('Title of the card.'),
      text: template().default('{{ template "msteamsv2.default.text" . }}').describe('Text of the card.'),
    })
    .superRefine(needsWebhookUrl),
);
export type Msteamsv2Keys = z.output<typeof msteamsv2Config>;

export interface Msteamsv2Config extends Msteamsv2Keys {
  readonly http_config: HttpClientConfig;
}

/** An own `http_config` without a proxy takes the global one, as upstream has it for this kind only. */
export function completeMsteamsv2(keys: Msteamsv2Keys, global: GlobalConfig): Msteamsv2Config {
  const own = keys.http_config;
  if (!own) return { ...keys, http_config: global.http_config };
  return { ...keys, http_config: { ...own, proxy_url: own.proxy_url || global.http_config.proxy_url } };
}
