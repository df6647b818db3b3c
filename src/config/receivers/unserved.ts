import * as z from 'zod';
import { count, duration, filePath, goDuration, secret, secretUrl, template, text, url } from '../leaves.ts';
import { httpIntegration, oneOf } from './integration.ts';

/**
 * Kinds of receivers that are read, and refused where Alertmanager refuses them, but not delivered to. The checks of what must be
 * there are those of the keys themselves; what may come from `global` is not asked for.
 */
const templates = <Key extends string>(...keys: readonly Key[]) =>
  Object.fromEntries(keys.map((key) => [key, template().optional()])) as Record<
    Key,
    z.ZodOptional<z.ZodString>
  >;

const labels = () => z.record(text(), template()).optional();

const webhookUrl = () => ({ webhook_url: secretUrl().optional(), webhook_url_file: filePath().optional() });

const fields = () =>
  z
    .array(
      z.strictObject({
        title: template().optional(),
        value: template().optional(),
        short: z.boolean().optional(),
      }),
    )
    .optional();

const needsWebhook = (keys: object, context: z.RefinementCtx): void =>
  oneOf(keys, ['webhook_url', 'webhook_url_file'], context, { required: true });

const required = (keys: object, names: readonly string[], context: z.RefinementCtx): void => {
  for (const name of names) {
    if (Reflect.get(keys, name)) continue;
    context.addIssue({ code: 'custom', path: [], message: `expected ${name}, got none` });
  }
};

const discord = z
  .strictObject({
    ...httpIntegration(true),
    ...webhookUrl(),
    ...templates('content', 'title', 'message', 'username', 'avatar_url'),
  })
  .superRefine(needsWebhook);

const incidentio = z
  .strictObject({
    ...httpIntegration(true),
    url: url().optional(),
    url_file: filePath().optional(),
    alert_source_token: secret().optional(),
    alert_source_token_file: filePath().optional(),
    max_alerts: count().optional(),
    timeout: goDuration().optional(),
  })
  .superRefine((keys, context) => {
    oneOf(keys, ['url', 'url_file'], context, { required: true });
    oneOf(keys, ['alert_source_token', 'alert_source_token_file'], context);
  });

const jiraField = () =>
  z
    .union([
      template(),
      z.strictObject({ template: template().optional(), enable_update: z.boolean().optional() }),
    ])
    .optional();

const jira = z
  .strictObject({
    ...httpIntegration(true),
    api_url: url().optional(),
    api_type: z.enum(['auto', 'cloud', 'datacenter']).optional(),
    summary: jiraField(),
    description: jiraField(),
    labels: z.array(template()).optional(),
    ...templates('project', 'priority', 'issue_type'),
    ...templates('reopen_transition', 'resolve_transition', 'wont_fix_resolution'),
    reopen_duration: duration().optional(),
    fields: z.record(text(), z.unknown()).optional(),
  })
  .superRefine((keys, context) => required(keys, ['project', 'issue_type'], context));

const attachment = {
  ...templates('fallback', 'color', 'pretext', 'text', 'author_name', 'author_link', 'author_icon'),
  ...templates('title', 'title_link', 'thumb_url', 'footer', 'footer_icon', 'image_url'),
  fields: fields(),
};

const mattermost = z
  .strictObject({
    ...httpIntegration(true),
    ...webhookUrl(),
    ...attachment,
    ...templates('channel', 'username', 'icon_url', 'icon_emoji', 'type'),
    attachments: z.array(z.strictObject(attachment)).optional(),
    props: z.strictObject({ card: template().optional() }).optional(),
    priority: z
      .strictObject({
        priority: template().optional(),
        requested_ack: z.boolean().optional(),
        persistent_notifications: z.boolean().optional(),
      })
      .optional(),
  })
  .superRefine((keys, context) => oneOf(keys, ['webhook_url', 'webhook_url_file'], context));

const msteams = z
  .strictObject({ ...httpIntegration(true), ...webhookUrl(), ...templates('title', 'summary', 'text') })
  .superRefine(needsWebhook);

const msteamsv2 = z
  .strictObject({ ...httpIntegration(true), ...webhookUrl(), ...templates('title', 'text') })
  .superRefine(needsWebhook);

const opsgenie = z
  .strictObject({
    ...httpIntegration(true),
    api_key: secret().optional(),
    api_key_file: filePath().optional(),
    api_url: url().optional(),
    ...templates('message', 'description', 'source', 'entity', 'actions', 'tags', 'note', 'priority'),
    details: labels(),
    responders: z.array(z.strictObject(templates('id', 'name', 'username', 'type'))).optional(),
    update_alerts: z.boolean().optional(),
  })
  .superRefine((keys, context) => oneOf(keys, ['api_key', 'api_key_file'], context));

const pushover = z
  .strictObject({
    ...httpIntegration(true),
    user_key: secret().optional(),
    user_key_file: filePath().optional(),
    token: secret().optional(),
    token_file: filePath().optional(),
    ...templates('title', 'message', 'url', 'url_title', 'device', 'sound', 'priority'),
    retry: goDuration().optional(),
    expire: goDuration().optional(),
    ttl: goDuration().optional(),
    html: z.boolean().optional(),
    monospace: z.boolean().optional(),
  })
  .superRefine((keys, context) => {
    oneOf(keys, ['user_key', 'user_key_file'], context, { required: true });
    oneOf(keys, ['token', 'token_file'], context, { required: true });
  });

const rocketchat = z
  .strictObject({
    ...httpIntegration(false),
    api_url: url().optional(),
    token_id: secret().optional(),
    token_id_file: filePath().optional(),
    token: secret().optional(),
    token_file: filePath().optional(),
    ...templates(
      'channel',
      'color',
      'title',
      'title_link',
      'text',
      'emoji',
      'icon_url',
      'image_url',
      'thumb_url',
    ),
    fields: fields(),
    short_fields: z.boolean().optional(),
    link_names: z.boolean().optional(),
    actions: z.array(z.record(text(), z.unknown())).optional(),
  })
  .superRefine((keys, context) => {
    oneOf(keys, ['token', 'token_file'], context);
    oneOf(keys, ['token_id', 'token_id_file'], context);
  });

const sns = z
  .strictObject({
    ...httpIntegration(true),
    api_url: text().optional(),
    sigv4: z.record(text(), z.unknown()).optional(),
    ...templates('topic_arn', 'phone_number', 'target_arn', 'subject', 'message'),
    attributes: labels(),
    use_aws_http_client: z.boolean().optional(),
  })
  .superRefine((keys, context) =>
    oneOf(keys, ['topic_arn', 'phone_number', 'target_arn'], context, { required: true }),
  );

const telegram = z
  .strictObject({
    ...httpIntegration(true),
    api_url: url().optional(),
    bot_token: secret().optional(),
    bot_token_file: filePath().optional(),
    chat_id: z.number().int().optional(),
    chat_id_file: filePath().optional(),
    message_thread_id: z.number().int().optional(),
    message: template().optional(),
    disable_notifications: z.boolean().optional(),
    parse_mode: z.enum(['Markdown', 'MarkdownV2', 'HTML', '']).optional(),
  })
  .superRefine((keys, context) => {
    oneOf(keys, ['bot_token', 'bot_token_file'], context);
    oneOf(keys, ['chat_id', 'chat_id_file'], context, { required: true });
  });

const victorops = z
  .strictObject({
    ...httpIntegration(true),
    api_key: secret().optional(),
    api_key_file: filePath().optional(),
    api_url: url().optional(),
    ...templates('routing_key', 'message_type', 'state_message', 'entity_display_name', 'monitoring_tool'),
    custom_fields: labels(),
  })
  .superRefine((keys, context) => {
    oneOf(keys, ['api_key', 'api_key_file'], context);
    required(keys, ['routing_key'], context);
  });

const webex = z
  .strictObject({
    ...httpIntegration(true),
    api_url: url().optional(),
    ...templates('message', 'room_id'),
  })
  .superRefine((keys, context) => {
    required(keys, ['room_id'], context);
    if (keys.http_config?.authorization) return;
    context.addIssue({ code: 'custom', path: [], message: 'expected http_config.authorization, got none' });
  });

const wechat = z
  .strictObject({
    ...httpIntegration(false),
    api_secret: secret().optional(),
    api_secret_file: filePath().optional(),
    corp_id: text().optional(),
    api_url: url().optional(),
    ...templates('message', 'to_user', 'to_party', 'to_tag', 'agent_id'),
    message_type: z.enum(['text', 'markdown']).optional(),
  })
  .superRefine((keys, context) => oneOf(keys, ['api_secret', 'api_secret_file'], context));

const read = <Schema extends z.ZodType>(schema: Schema) =>
  z.array(schema).default([]).describe('Read, but nothing is delivered yet; a warning says so.');

/** Lists of a receiver that are read but not delivered to; a warning names the receiver. */
export const unservedKinds = {
  discord_configs: read(discord),
  incidentio_configs: read(incidentio),
  jira_configs: read(jira),
  mattermost_configs: read(mattermost),
  msteams_configs: read(msteams),
  msteamsv2_configs: read(msteamsv2),
  opsgenie_configs: read(opsgenie),
  pushover_configs: read(pushover),
  rocketchat_configs: read(rocketchat),
  sns_configs: read(sns),
  telegram_configs: read(telegram),
  victorops_configs: read(victorops),
  webex_configs: read(webex),
  wechat_configs: read(wechat),
};
export type UnservedKind = keyof typeof unservedKinds;
export const UNSERVED_RECEIVER_KINDS = Object.keys(unservedKinds) as readonly UnservedKind[];
