import { z } from 'zod';
import type { GlobalConfig } from '../global.ts';
import { text, verbatim } from '../leaves.ts';
import { completeEmail, type EmailConfig, emailConfig } from './email.ts';
import { completePagerduty, type PagerdutyConfig, pagerdutyConfig } from './pagerduty.ts';
import { completeSlack, type SlackConfig, slackConfig } from './slack.ts';
import { completeWebhook, type WebhookConfig, webhookConfig } from './webhook.ts';

/** Kinds that are read but not delivered to; a warning names the receiver. */
export const UNSERVED_RECEIVER_KINDS = [
  'discord_configs',
  'incidentio_configs',
  'jira_configs',
  'mattermost_configs',
  'msteams_configs',
  'msteamsv2_configs',
  'opsgenie_configs',
  'pushover_configs',
  'rocketchat_configs',
  'sns_configs',
  'telegram_configs',
  'victorops_configs',
  'webex_configs',
  'wechat_configs',
] as const;
type UnservedKind = (typeof UNSERVED_RECEIVER_KINDS)[number];

const unserved = () =>
  z
    .array(z.record(text(), z.unknown()))
    .default([])
    .describe('Read, but nothing is delivered yet; a warning says so.');

export const receiver = z
  .strictObject({
    name: text().min(1, { error: 'expected a name, got nothing' }).describe('Name that routes use.'),
    labels: z.record(text(), verbatim()).default({}).describe('Labels of the receiver, for finding it.'),
    webhook_configs: z.array(webhookConfig).default([]).describe('Posts as JSON.'),
    email_configs: z.array(emailConfig).default([]).describe('Mails.'),
    slack_configs: z.array(slackConfig).default([]).describe('Slack messages.'),
    pagerduty_configs: z.array(pagerdutyConfig).default([]).describe('PagerDuty events.'),
    ...(Object.fromEntries(UNSERVED_RECEIVER_KINDS.map((kind) => [kind, unserved()])) as Record<
      UnservedKind,
      ReturnType<typeof unserved>
    >),
  })
  .superRefine(({ name, labels }, context) => {
    if (labels.name !== undefined && labels.name !== name) {
      context.addIssue({
        code: 'custom',
        path: ['labels', 'name'],
        message: `expected the receiver's own name ${JSON.stringify(name)}, got ${JSON.stringify(labels.name)}`,
      });
    }
  });
export type ReceiverKeys = z.output<typeof receiver>;

/** Where notifications go; every integration has what it needs from `global`. */
export interface ReceiverConfig {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly webhook_configs: readonly WebhookConfig[];
  readonly email_configs: readonly EmailConfig[];
  readonly slack_configs: readonly SlackConfig[];
  readonly pagerduty_configs: readonly PagerdutyConfig[];
}

/** The kinds that are served, with the type of their config. */
export interface ReceiverKinds {
  webhook: WebhookConfig;
  email: EmailConfig;
  slack: SlackConfig;
  pagerduty: PagerdutyConfig;
}
export type ReceiverKind = keyof ReceiverKinds;

export function completeReceiver(keys: ReceiverKeys, global: GlobalConfig): ReceiverConfig {
  return {
    name: keys.name,
    labels: { ...keys.labels, name: keys.name },
    webhook_configs: keys.webhook_configs.map((own) => completeWebhook(own, global)),
    email_configs: keys.email_configs.map((own) => completeEmail(own, global)),
    slack_configs: keys.slack_configs.map((own) => completeSlack(own, global)),
    pagerduty_configs: keys.pagerduty_configs.map((own) => completePagerduty(own, global)),
  };
}
