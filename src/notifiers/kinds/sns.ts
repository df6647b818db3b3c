import type { SnsConfig } from '../../config/receivers/sns.ts';
import type { Notification, Render } from '../notification.ts';
import { type AwsMeans, awsDomain, awsKey, awsPost, judgeAws } from './aws-key.ts';
import { cutBytes, type Exchange, postOnce, truncate } from './exchange.ts';
import { hashKey } from './pagerduty.ts';
import { signed } from './sigv4.ts';

/** Limits of SNS, bytes; of an SMS as upstream counts it. */
const MAX_MESSAGE = 256 * 1024;
const MAX_SMS = 1600;
/** Longest subject, characters. */
const MAX_SUBJECT = 99;

/** Publishes one message; assumes the role first when there is one. Credentials of the environment are filled in already. */
export function* snsMessage(
  config: SnsConfig,
  notification: Notification,
  render: Render,
  means: AwsMeans,
): Exchange {
  const key = yield* awsKey(config.sigv4, 'sns', means);
  if ('kind' in key) return key;
  const url = render.text(config.api_url) || `https://sns.${awsDomain(config.sigv4.region)}/`;
  const request = awsPost(url, publication(config, notification, render));
  return yield* postOnce(signed(request, key, means.now()), judgeAws);
}

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
