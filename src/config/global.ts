import * as z from 'zod';
import { httpClientConfig, tlsConfig } from './http-client.ts';
import {
  count,
  duration,
  filePath,
  hostPort,
  noEffect,
  secret,
  secretUrl,
  size,
  text,
  url,
  verbatim,
} from './leaves.ts';

export const SCRAPE_PROTOCOLS = [
  'PrometheusProto',
  'OpenMetricsText1.0.0',
  'OpenMetricsText0.0.1',
  'PrometheusText1.0.0',
  'PrometheusText0.0.4',
] as const;
export type ScrapeProtocol = (typeof SCRAPE_PROTOCOLS)[number];

export const scrapeProtocols = () =>
  z
    .array(z.enum(SCRAPE_PROTOCOLS))
    .min(1, { error: 'expected at least one protocol, got an empty list' })
    .refine((list) => new Set(list).size === list.length, { error: 'expected each protocol once' });

export const nameValidation = () => z.enum(['utf8', 'legacy']);
export const nameEscaping = () => z.enum(['allow-utf-8', 'underscores', 'dots', 'values']);

const prometheusGlobal = {
  scrape_interval: nonZero().prefault('1m').describe('Time between scrapes of a target.'),
  scrape_timeout: duration()
    .optional()
    .describe('Longest time a scrape may take; 10s or the interval if that is shorter.'),
  scrape_protocols: scrapeProtocols()
    .optional()
    .describe('Exposition formats to ask for, most wanted first.'),
  evaluation_interval: nonZero().prefault('1m').describe('Time between evaluations of a rule group.'),
  rule_query_offset: duration().prefault('0s').describe('Evaluates rules this far in the past.'),
  query_log_file: filePath()
    .optional()
    .meta(noEffect('queries are listed at /api/queries, slow ones logged: `query.log_slower_than`.')),
  scrape_failure_log_file: filePath()
    .optional()
    .describe('File that failed scrapes are appended to, a line of JSON each.'),
  external_labels: z
    .record(externalLabelName(), externalLabelValue())
    .default({})
    .describe('Labels added to alerts and whatever leaves for other systems.'),
  body_size_limit: size().prefault('0').describe('Largest uncompressed page; 0 is no limit of your own.'),
  sample_limit: count().default(0).describe('Most samples per scrape; 0 is no limit.'),
  target_limit: count().default(0).describe('Most targets per job; 0 is no limit.'),
  label_limit: count().default(0).describe('Most labels per sample; 0 is no limit.'),
  label_name_length_limit: count().default(0).describe('Longest label name; 0 is no limit.'),
  label_value_length_limit: count().default(0).describe('Longest label value; 0 is no limit.'),
  series_budget: count()
    .default(200_000)
    .describe(
      'Most series of a target; past it known ones go on and new ones are parked. 0 is no limit. Not in Prometheus.',
    ),
  job_series_budget: count()
    .default(1_000_000)
    .describe('The same for all targets of a job together. 0 is no limit. Not in Prometheus.'),
  keep_dropped_targets: count().default(0).describe('Most dropped targets shown per job; 0 is no limit.'),
  metric_name_validation_scheme: nameValidation().default('utf8').describe('Which names are valid.'),
  metric_name_escaping_scheme: nameEscaping()
    .optional()
    .describe('Escaping asked for; `allow-utf-8`, or `underscores` with legacy names.'),
  scrape_native_histograms: z.boolean().default(false).describe('Asks for native histograms.'),
  convert_classic_histograms_to_nhcb: z
    .boolean()
    .default(false)
    .describe('Stores classic histograms as native ones with custom buckets.'),
  always_scrape_classic_histograms: z
    .boolean()
    .default(false)
    .describe('Keeps classic buckets beside native ones.'),
  extra_scrape_metrics: z
    .boolean()
    .default(false)
    .describe('Stores scrape_timeout_seconds, scrape_sample_limit and scrape_body_size_bytes too.'),
};

/** Alertmanager's `global`; `http_config` is for receivers, not for scrapes. */
export const alertmanagerGlobal = {
  resolve_timeout: duration()
    .prefault('5m')
    .describe('When an alert posted without an end counts as resolved.'),
  http_config: httpClientConfig
    .prefault({})
    .describe('How receivers make requests, unless they say otherwise.'),
  smtp_from: text().optional().describe('Sender of mail.'),
  smtp_hello: text().default('localhost').describe('Name given to the mail server.'),
  smtp_smarthost: hostPort('mail.example.org:587').optional().describe('Mail server, `host:port`.'),
  smtp_auth_username: text().optional().describe('User at the mail server.'),
  smtp_auth_password: secret().optional().describe('Password at the mail server (PLAIN, LOGIN).'),
  smtp_auth_password_file: filePath().optional().describe('File holding it.'),
  smtp_auth_secret: secret().optional().describe('Secret at the mail server (CRAM-MD5).'),
  smtp_auth_secret_file: filePath().optional().describe('File holding it.'),
  smtp_auth_identity: text().optional().describe('Identity for PLAIN.'),
  smtp_require_tls: z.boolean().default(true).describe('Sends nothing before STARTTLS.'),
  smtp_tls_config: tlsConfig.prefault({}).describe('TLS to the mail server.'),
  smtp_force_implicit_tls: z
    .boolean()
    .optional()
    .describe('TLS from the first byte; with port 465 unless given.'),
  slack_api_url: secretUrl().optional().describe('Slack webhook.'),
  slack_api_url_file: filePath().optional().describe('File holding it.'),
  slack_app_token: secret().optional().describe('Slack bot token, instead of a webhook.'),
  slack_app_token_file: filePath().optional().describe('File holding it.'),
  slack_app_url: url()
    .default('https://slack.com/api/chat.postMessage')
    .describe('Slack API for bot tokens.'),
  pagerduty_url: url().default('https://events.pagerduty.com/v2/enqueue').describe('PagerDuty API.'),
  opsgenie_api_url: url().default('https://api.opsgenie.com/').describe('Opsgenie API.'),
  opsgenie_api_key: secret().optional().describe('Opsgenie key.'),
  opsgenie_api_key_file: filePath().optional().describe('File holding it.'),
  wechat_api_url: url().default('https://qyapi.weixin.qq.com/cgi-bin/').describe('WeChat API.'),
  wechat_api_secret: secret().optional().describe('WeChat secret.'),
  wechat_api_secret_file: filePath().optional().describe('File holding it.'),
  wechat_api_corp_id: text().optional().describe('WeChat company.'),
  victorops_api_url: url()
    .default('https://alert.victorops.com/integrations/generic/20131114/alert/')
    .describe('VictorOps API.'),
  victorops_api_key: secret().optional().describe('VictorOps key.'),
  victorops_api_key_file: filePath().optional().describe('File holding it.'),
  telegram_api_url: url().default('https://api.telegram.org').describe('Telegram API.'),
  telegram_bot_token: secret().optional().describe('Telegram bot token.'),
  telegram_bot_token_file: filePath().optional().describe('File holding it.'),
  webex_api_url: url().default('https://webexapis.com/v1/messages').describe('Webex API.'),
  rocketchat_api_url: url().default('https://open.rocket.chat/').describe('Rocket.Chat API.'),
  rocketchat_token: secret().optional().describe('Rocket.Chat token.'),
  rocketchat_token_file: filePath().optional().describe('File holding it.'),
  rocketchat_token_id: secret().optional().describe('Rocket.Chat token id.'),
  rocketchat_token_id_file: filePath().optional().describe('File holding it.'),
  jira_api_url: url().optional().describe('Jira API.'),
  mattermost_webhook_url: secretUrl().optional().describe('Mattermost webhook.'),
  mattermost_webhook_url_file: filePath().optional().describe('File holding it.'),
};

/** The union of both upstreams' `global` sections. */
export const globalConfig = z.strictObject({ ...prometheusGlobal, ...alertmanagerGlobal });
type GlobalKeys = z.output<typeof globalConfig>;

/** Defaults of everything else. `scrape_timeout` is never longer than `scrape_interval`. */
export interface GlobalConfig extends Omit<GlobalKeys, 'scrape_timeout'> {
  readonly scrape_timeout: number;
}

export function completeGlobal(keys: GlobalKeys): GlobalConfig {
  return { ...keys, scrape_timeout: keys.scrape_timeout || Math.min(10_000, keys.scrape_interval) };
}

/** Zero counts as not given, as upstream has it. */
function nonZero() {
  return duration().transform((ms) => (ms === 0 ? 60_000 : ms));
}

function externalLabelName() {
  return verbatim().min(1, { error: 'expected a label name, got nothing' });
}

function externalLabelValue() {
  return z.string().meta({ bareVariables: true, type: 'text' });
}
