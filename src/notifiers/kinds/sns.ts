import type { SnsConfig } from '../../config/receivers/sns.ts';
import type { Notification, Render } from '../notification.ts';
import {
  type Exchange,
  type HttpAnswer,
  type HttpRequest,
  judgeStatus,
  MessageError,
  postOnce,
  prefixed,
  truncate,
} from './exchange.ts';
import type { Memory } from './memory.ts';
import { hashKey } from './pagerduty.ts';
import { awsForm, type SigningKey, signed } from './sigv4.ts';

/** Limits of SNS, bytes; of an SMS as upstream counts it. */
const MAX_MESSAGE = 256 * 1024;
const MAX_SMS = 1600;
/** Longest subject, characters. */
const MAX_SUBJECT = 99;
/** A role's credentials are not used up to their last minutes. */
const ROLE_MARGIN_MS = 5 * 60_000;

export interface SnsMeans {
  readonly memory: Memory;
  /** Unix ms; signatures hold for minutes only. */
  readonly now: () => number;
}

/** Publishes one message; assumes the role first when there is one. Credentials of the environment are filled in already. */
export function* snsMessage(
  config: SnsConfig,
  notification: Notification,
  render: Render,
  means: SnsMeans,
): Exchange {
  const { sigv4 } = config;
  if (sigv4.region === '') throw new MessageError('sigv4.region: given neither here nor by the environment');
  if (!sigv4.access_key || !sigv4.secret_key) {
    throw new MessageError(
      'sigv4: expected access_key and secret_key, here, in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or in a profile; got none',
    );
  }
  const key: SigningKey = {
    region: sigv4.region,
    service: 'sns',
    accessKey: sigv4.access_key,
    secretKey: sigv4.secret_key,
    sessionToken: sigv4.session_token,
  };
  const fields = publication(config, notification, render);
  const url = render.text(config.api_url) || `https://sns.${domain(sigv4.region)}/`;
  if (sigv4.role_arn === '') return yield* postOnce(signed(form(url, fields), key, means.now()), judge);
  const role = yield* roleKey(config, key, means);
  return 'kind' in role ? role : yield* postOnce(signed(form(url, fields), role, means.now()), judge);
}

const domain = (region: string): string => `${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

type Fields = [name: string, value: string][];

function publication(config: SnsConfig, notification: Notification, render: Render): Fields {
  const fields: Fields = [
    ['Action', 'Publish'],
    ['Version', '2010-03-31'],
  ];
  const topic = render.text(config.topic_arn);
  const phone = render.text(config.phone_number);
  const target = render.text(config.target_arn);
  if (topic) fields.push(['TopicArn', topic]);
  if (phone) fields.push(['PhoneNumber', phone]);
  if (target) fields.push(['TargetArn', target]);
  if (topic.endsWith('.fifo')) {
    // Tries of one notification share it, so a FIFO topic takes it once even after a crash; the next notification has its own.
    const once = hashKey(`${notification.groupKey}@${notification.at}`);
    fields.push(['MessageDeduplicationId', once], ['MessageGroupId', hashKey(notification.groupKey)]);
  }
  const whole = render.text(config.message);
  const message = cutBytes(whole, phone ? MAX_SMS : MAX_MESSAGE);
  fields.push(['Message', message]);
  const subject = render.text(config.subject).replace(/\s+/g, ' ').trim();
  if (subject) fields.push(['Subject', truncate(subject, MAX_SUBJECT)]);
  const attributes = Object.entries(config.attributes).map(([name, value]) => [
    render.text(name),
    render.text(value),
  ]);
  if (message !== whole) attributes.push(['truncated', 'true']);
  attributes.forEach(([name, value], i) => {
    const entry = `MessageAttributes.entry.${i + 1}`;
    fields.push([`${entry}.Name`, name!], [`${entry}.Value.DataType`, 'String']);
    fields.push([`${entry}.Value.StringValue`, value!]);
  });
  return fields;
}

/** Credentials of the role, asked for once and kept while they hold. */
function* roleKey(
  { sigv4 }: SnsConfig,
  key: SigningKey,
  { memory, now }: SnsMeans,
): Generator<HttpRequest, SigningKey | Exclude<ReturnType<typeof judge>, { kind: 'delivered' }>, HttpAnswer> {
  const kept = memory.get('role', now());
  if (kept) return JSON.parse(kept) as SigningKey;
  const fields: Fields = [
    ['Action', 'AssumeRole'],
    ['Version', '2011-06-15'],
    ['RoleArn', sigv4.role_arn],
    ['RoleSessionName', `belfry-${now()}`],
    ...(sigv4.external_id ? [['ExternalId', sigv4.external_id] as [string, string]] : []),
  ];
  const host = sigv4.use_fips_sts_endpoint ? 'sts-fips' : 'sts';
  const url = `https://${host}.${domain(sigv4.region)}/`;
  const answer = yield signed(form(url, fields), { ...key, service: 'sts' }, now());
  const attempt = prefixed(judge(answer), `cannot assume ${sigv4.role_arn}`);
  if (attempt.kind !== 'delivered') return attempt;
  const said = (name: string): string => element(answer.body, name);
  const role: SigningKey = {
    ...key,
    accessKey: said('AccessKeyId'),
    secretKey: said('SecretAccessKey'),
    sessionToken: said('SessionToken'),
  };
  memory.set('role', JSON.stringify(role), Date.parse(said('Expiration')) - ROLE_MARGIN_MS);
  return role;
}

function form(url: string, fields: Fields): HttpRequest {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' };
  return { method: 'POST', url, headers, body: awsForm(fields) };
}

/** Answers are XML; being throttled comes with status 400. */
function judge(answer: HttpAnswer): ReturnType<ReturnType<typeof judgeStatus>> {
  const attempt = judgeStatus({ details: ({ body }) => element(body, 'Message') || body })(answer);
  if (attempt.kind !== 'rejected' || !element(answer.body, 'Code').startsWith('Throttl')) return attempt;
  return { ...attempt, kind: 'retry', reason: 'rateLimited' };
}

function element(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
}

function cutBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = maxBytes;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString();
}
