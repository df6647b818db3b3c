import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import { text, verbatim } from '../leaves.ts';
import { completeEmail, type EmailConfig, emailConfig } from './email.ts';
import { completePagerduty, type PagerdutyConfig, pagerdutyConfig } from './pagerduty.ts';
import { completeSlack, type SlackConfig, slackConfig } from './slack.ts';
import { unservedKinds } from './unserved.ts';
import { completeWebhook, type WebhookConfig, webhookConfig } from './webhook.ts';

export const receiver = z
  .strictObject({
    name: text().min(1, { error: 'expected a name, got nothing' }).describe('Name that routes use.'),
    labels: z.record(text(), verbatim()).default({}).describe('Labels of the receiver, for finding it.'),
    webhook_configs: z.array(webhookConfig).default([]).describe('Posts as JSON.'),
    email_configs: z.array(emailConfig).default([]).describe('Mails.'),
    slack_configs: z.array(slackConfig).default([]).describe('Slack messages.'),
    pagerduty_configs: z.array(pagerdutyConfig).default([]).describe('PagerDuty events.'),
    ...unservedKinds,
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
