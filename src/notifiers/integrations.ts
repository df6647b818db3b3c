import type { Clock } from '../clock.ts';
import type { HttpClientConfig } from '../config/http-client.ts';
import type { ReceiverConfig, ReceiverKind, ReceiverKinds } from '../config/receivers/receiver.ts';
import type { Attempt, Integration } from './delivery.ts';
import { discordMessage } from './kinds/discord.ts';
import { emailMessage } from './kinds/email.ts';
import { type Exchange, MessageError } from './kinds/exchange.ts';
import { incidentioMessage } from './kinds/incidentio.ts';
import { jiraMessage } from './kinds/jira.ts';
import { mattermostMessage } from './kinds/mattermost.ts';
import { Memory } from './kinds/memory.ts';
import type { Mail } from './kinds/mime.ts';
import { msteamsMessage, msteamsv2Message } from './kinds/msteams.ts';
import { opsgenieMessage } from './kinds/opsgenie.ts';
import { pagerdutyMessage } from './kinds/pagerduty.ts';
import { pushoverMessage } from './kinds/pushover.ts';
import { rocketchatMessage } from './kinds/rocketchat.ts';
import { slackMessage } from './kinds/slack.ts';
import { snsMessage } from './kinds/sns.ts';
import { telegramMessage } from './kinds/telegram.ts';
import { victoropsMessage } from './kinds/victorops.ts';
import { webexMessage } from './kinds/webex.ts';
import { type RenderFor, webhookMessage } from './kinds/webhook.ts';
import { wechatMessage } from './kinds/wechat.ts';
import type { Notification, Rendering } from './notification.ts';
import { withAwsCredentials } from './transport/aws-credentials.ts';
import type { HttpTransport } from './transport/http.ts';
import { redact, secretsOf, withFileSecrets } from './transport/secrets.ts';
import type { MailTransport } from './transport/smtp.ts';

/** What a builder may need beside the config and the notification. */
interface Means {
  /** Renders with fewer alerts than the notification has. */
  readonly renderFor: RenderFor;
  readonly memory: Memory;
  /** Unix ms. */
  readonly now: () => number;
}

type Build<K extends ReceiverKind, Message> = (
  config: ReceiverKinds[K],
  notification: Notification,
  render: ReturnType<RenderFor>,
  means: Means,
) => Message;

type Environment = Readonly<Record<string, string | undefined>>;

/** How messages of a kind are made and which way they go. */
type Kind<K extends ReceiverKind> =
  | {
      readonly via: 'http';
      readonly build: Build<K, Exchange>;
      /** Fills in what the machine knows and the config does not. */
      readonly prepare?: (config: ReceiverKinds[K], env: Environment) => Promise<ReceiverKinds[K]>;
    }
  | { readonly via: 'smtp'; readonly build: Build<K, Mail>; readonly prepare?: undefined };

/** Mapped over the config's kinds: a forgotten one does not compile. */
const kinds: { readonly [K in ReceiverKind]: Kind<K> } = {
  webhook: {
    via: 'http',
    build: (config, notification, _, { renderFor }) => webhookMessage(config, notification, renderFor),
  },
  email: { via: 'smtp', build: emailMessage },
  slack: { via: 'http', build: slackMessage },
  pagerduty: { via: 'http', build: pagerdutyMessage },
  discord: { via: 'http', build: discordMessage },
  incidentio: { via: 'http', build: incidentioMessage },
  jira: { via: 'http', build: jiraMessage },
  mattermost: { via: 'http', build: mattermostMessage },
  msteams: { via: 'http', build: msteamsMessage },
  msteamsv2: { via: 'http', build: msteamsv2Message },
  opsgenie: { via: 'http', build: opsgenieMessage },
  pushover: { via: 'http', build: pushoverMessage },
  rocketchat: { via: 'http', build: rocketchatMessage },
  sns: { via: 'http', build: snsMessage, prepare: withAwsCredentials },
  telegram: { via: 'http', build: telegramMessage },
  victorops: { via: 'http', build: victoropsMessage },
  webex: { via: 'http', build: webexMessage },
  wechat: { via: 'http', build: wechatMessage },
};

export interface IntegrationOptions {
  readonly clock: Clock;
  readonly rendering: Rendering;
  readonly http: HttpTransport;
  readonly mail: MailTransport;
  readonly environment: Environment;
}

/** All integrations of a receiver, each counted within its kind. */
export function createIntegrations(
  receiver: ReceiverConfig,
  options: IntegrationOptions,
): readonly Integration[] {
  return (Object.keys(kinds) as ReceiverKind[]).flatMap((kind) =>
    (receiver[`${kind}_configs`] ?? []).map((config, index) =>
      createIntegration(receiver.name, kind, index, config as ReceiverKinds[typeof kind], options),
    ),
  );
}

function createIntegration<K extends ReceiverKind>(
  receiver: string,
  kind: K,
  index: number,
  config: ReceiverKinds[K],
  options: IntegrationOptions,
): Integration {
  const mails = new WeakMap<Notification, Mail>();
  const means: Means = {
    renderFor: options.rendering,
    memory: new Memory(),
    now: () => options.clock.now(),
  };

  async function attempt(notification: Notification, signal: AbortSignal): Promise<Attempt> {
    let filled: ReceiverKinds[K];
    try {
      filled = await withFileSecrets(config);
      filled = (await kinds[kind].prepare?.(filled, options.environment)) ?? filled;
    } catch (error) {
      return { kind: 'rejected', reason: 'other', message: messageOf(error) };
    }
    const timeoutMs = 'timeout' in filled ? filled.timeout : 0;
    const limit = new AbortController();
    const timer = timeoutMs > 0 ? options.clock.after(timeoutMs, () => limit.abort()) : undefined;
    const outcome = await trySending(filled, notification, AbortSignal.any([signal, limit.signal]));
    timer?.cancel();
    if (outcome.kind === 'delivered')
      return { ...outcome, answer: redact(outcome.answer, secretsOf(filled)) };
    return { ...outcome, message: redact(outcome.message, secretsOf(filled)) };
  }

  async function trySending(
    filled: ReceiverKinds[K],
    notification: Notification,
    signal: AbortSignal,
  ): Promise<Attempt> {
    const { build, via } = kinds[kind];
    try {
      const make = (): Exchange | Mail => build(filled, notification, options.rendering(notification), means);
      if (via === 'http') {
        const http = (filled as { http_config: HttpClientConfig }).http_config;
        return await converse(make() as Exchange, (request) => options.http(request, http, signal));
      }
      const mail = mails.get(notification) ?? (make() as Mail);
      mails.set(notification, mail);
      return await options.mail(mail, filled as ReceiverKinds['email'], signal);
    } catch (error) {
      const final = error instanceof MessageError || isTemplateError(error);
      return { kind: final ? 'rejected' : 'retry', reason: 'other', message: messageOf(error) };
    }
  }

  return {
    receiver,
    kind,
    index,
    sendResolved: config.send_resolved,
    version: JSON.stringify([receiver, kind, index, config]),
    attempt,
  };
}

/** Carries a conversation on until it ends. */
async function converse(
  exchange: Exchange,
  send: (request: Parameters<HttpTransport>[0]) => ReturnType<HttpTransport>,
): Promise<Attempt> {
  let step = exchange.next();
  while (!step.done) step = exchange.next(await send(step.value));
  return step.value;
}

function isTemplateError(error: unknown): boolean {
  return error instanceof Error && error.name === 'TemplateError';
}

/** Node's network errors hold several messages where an address has several; none of them names the path of an address. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
