import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import { text, verbatim } from '../leaves.ts';
import { completeDiscord, type DiscordConfig, discordConfig } from './discord.ts';
import { completeEmail, type EmailConfig, emailConfig } from './email.ts';
import { completeIncidentio, type IncidentioConfig, incidentioConfig } from './incidentio.ts';
import { completeJira, type JiraConfig, jiraConfig } from './jira.ts';
import { completeMattermost, type MattermostConfig, mattermostConfig } from './mattermost.ts';
import {
  completeMsteams,
  completeMsteamsv2,
  type MsteamsConfig,
  type Msteamsv2Config,
  msteamsConfig,
  msteamsv2Config,
} from './msteams.ts';
import { completeOpsgenie, type OpsgenieConfig, opsgenieConfig } from './opsgenie.ts';
import { completePagerduty, type PagerdutyConfig, pagerdutyConfig } from './pagerduty.ts';
import { completePushover, type PushoverConfig, pushoverConfig } from './pushover.ts';
import { completeRocketchat, type RocketchatConfig, rocketchatConfig } from './rocketchat.ts';
import { completeSlack, type SlackConfig, slackConfig } from './slack.ts';
import { completeSns, type SnsConfig, snsConfig } from './sns.ts';
import { completeTelegram, type TelegramConfig, telegramConfig } from './telegram.ts';
import { completeVictorops, type VictoropsConfig, victoropsConfig } from './victorops.ts';
import { completeWebex, type WebexConfig, webexConfig } from './webex.ts';
import { completeWebhook, type WebhookConfig, webhookConfig } from './webhook.ts';
import { completeWechat, type WechatConfig, wechatConfig } from './wechat.ts';

const list = <Schema extends z.ZodType>(schema: Schema, about: string) =>
  z.array(schema).default([]).describe(about);

export const receiver = z.lazy(() =>
  z
    .strictObject({
      name: text().min(1, { error: 'expected a name, got nothing' }).describe('Name that routes use.'),
      labels: z.record(text(), verbatim()).default({}).describe('Labels of the receiver, for finding it.'),
      webhook_configs: list(webhookConfig, 'Posts as JSON.'),
      email_configs: list(emailConfig, 'Mails.'),
      slack_configs: list(slackConfig, 'Slack messages.'),
      pagerduty_configs: list(pagerdutyConfig, 'PagerDuty events.'),
      discord_configs: list(discordConfig, 'Discord messages.'),
      incidentio_configs: list(incidentioConfig, 'incident.io alerts.'),
      jira_configs: list(jiraConfig, 'Jira issues, one for each group.'),
      mattermost_configs: list(mattermostConfig, 'Mattermost messages.'),
      msteams_configs: list(msteamsConfig, 'Microsoft Teams messages through connectors of old.'),
      msteamsv2_configs: list(msteamsv2Config, 'Microsoft Teams messages through workflows.'),
      opsgenie_configs: list(opsgenieConfig, 'Opsgenie alerts.'),
      pushover_configs: list(pushoverConfig, 'Pushover messages.'),
      rocketchat_configs: list(rocketchatConfig, 'Rocket.Chat messages.'),
      sns_configs: list(snsConfig, 'Messages through Amazon SNS.'),
      telegram_configs: list(telegramConfig, 'Telegram messages.'),
      victorops_configs: list(victoropsConfig, 'VictorOps (Splunk On-Call) alerts.'),
      webex_configs: list(webexConfig, 'Webex messages.'),
      wechat_configs: list(wechatConfig, 'WeChat Work messages.'),
    })
    .superRefine(({ name, labels }, context) => {
      if (labels.name !== undefined && labels.name !== name) {
        context.addIssue({
          code: 'custom',
          path: ['labels', 'name'],
          message: `expected the receiver's own name ${JSON.stringify(name)}, got ${JSON.stringify(labels.name)}`,
        });
      }
    }),
);
export type ReceiverKeys = z.output<typeof receiver>;

/** The kinds of integrations, with the type of their config. */
export interface ReceiverKinds {
  webhook: WebhookConfig;
  email: EmailConfig;
  slack: SlackConfig;
  pagerduty: PagerdutyConfig;
  discord: DiscordConfig;
  incidentio: IncidentioConfig;
  jira: JiraConfig;
  mattermost: MattermostConfig;
  msteams: MsteamsConfig;
  msteamsv2: Msteamsv2Config;
  opsgenie: OpsgenieConfig;
  pushover: PushoverConfig;
  rocketchat: RocketchatConfig;
  sns: SnsConfig;
  telegram: TelegramConfig;
  victorops: VictoropsConfig;
  webex: WebexConfig;
  wechat: WechatConfig;
}
export type ReceiverKind = keyof ReceiverKinds;

/** The lists of integrations by their keys. */
type Integrations = { readonly [Kind in ReceiverKind as `${Kind}_configs`]: readonly ReceiverKinds[Kind][] };

/** Where notifications go; every integration has what it needs from `global`. */
export interface ReceiverConfig extends Partial<Integrations> {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function completeReceiver(keys: ReceiverKeys, global: GlobalConfig): ReceiverConfig & Integrations {
  return {
    name: keys.name,
    labels: { ...keys.labels, name: keys.name },
    webhook_configs: keys.webhook_configs.map((own) => completeWebhook(own, global)),
    email_configs: keys.email_configs.map((own) => completeEmail(own, global)),
    slack_configs: keys.slack_configs.map((own) => completeSlack(own, global)),
    pagerduty_configs: keys.pagerduty_configs.map((own) => completePagerduty(own, global)),
    discord_configs: keys.discord_configs.map((own) => completeDiscord(own, global)),
    incidentio_configs: keys.incidentio_configs.map((own) => completeIncidentio(own, global)),
    jira_configs: keys.jira_configs.map((own) => completeJira(own, global)),
    mattermost_configs: keys.mattermost_configs.map((own) => completeMattermost(own, global)),
    msteams_configs: keys.msteams_configs.map((own) => completeMsteams(own, global)),
    msteamsv2_configs: keys.msteamsv2_configs.map((own) => completeMsteamsv2(own, global)),
    opsgenie_configs: keys.opsgenie_configs.map((own) => completeOpsgenie(own, global)),
    pushover_configs: keys.pushover_configs.map((own) => completePushover(own, global)),
    rocketchat_configs: keys.rocketchat_configs.map((own) => completeRocketchat(own, global)),
    sns_configs: keys.sns_configs.map((own) => completeSns(own, global)),
    telegram_configs: keys.telegram_configs.map((own) => completeTelegram(own, global)),
    victorops_configs: keys.victorops_configs.map((own) => completeVictorops(own, global)),
    webex_configs: keys.webex_configs.map((own) => completeWebex(own, global)),
    wechat_configs: keys.wechat_configs.map((own) => completeWechat(own, global)),
  };
}
