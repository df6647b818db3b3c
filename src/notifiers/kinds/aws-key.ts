import type { Sigv4Config } from '../../config/sigv4.ts';
import type { Attempt } from '../delivery.ts';
import { type HttpAnswer, type HttpRequest, judgeStatus, MessageError, prefixed } from './exchange.ts';
import type { Memory } from './memory.ts';
import { awsForm, type SigningKey, signed } from './sigv4.ts';

/** A role's credentials are not used up to their last minutes. */
const ROLE_MARGIN_MS = 5 * 60_000;

export interface AwsMeans {
  readonly memory: Memory;
  /** Unix ms; signatures hold for minutes only. */
  readonly now: () => number;
}

export type FailedAttempt = Exclude<Attempt, { kind: 'delivered' }>;

export type AwsFields = readonly (readonly [name: string, value: string])[];

/**
 * What requests to a service are signed with: assumes the role first when there is one. Credentials of the environment are filled in
 * already. Gives how the try failed when the role was refused.
 * @throws MessageError when there are no credentials or no region
 */
export function* awsKey(
  sigv4: Sigv4Config,
  service: string,
  means: AwsMeans,
): Generator<HttpRequest, SigningKey | FailedAttempt, HttpAnswer> {
  if (sigv4.region === '') throw new MessageError('sigv4.region: given neither here nor by the environment');
  if (!sigv4.access_key || !sigv4.secret_key) {
    throw new MessageError(
      'sigv4: expected access_key and secret_key, here, in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or in a profile; got none',
    );
  }
  const key: SigningKey = {
    region: sigv4.region,
    service,
    accessKey: sigv4.access_key,
    secretKey: sigv4.secret_key,
    sessionToken: sigv4.session_token,
  };
  return sigv4.role_arn === '' ? key : yield* roleKey(sigv4, key, means);
}

/** Credentials of the role, asked for once and kept while they hold. */
function* roleKey(
  sigv4: Sigv4Config,
  key: SigningKey,
  { memory, now }: AwsMeans,
): Generator<HttpRequest, SigningKey | FailedAttempt, HttpAnswer> {
  const kept = memory.get('role', now());
  if (kept) return JSON.parse(kept) as SigningKey;
  const fields: AwsFields = [
    ['Action', 'AssumeRole'],
    ['Version', '2011-06-15'],
    ['RoleArn', sigv4.role_arn],
    ['RoleSessionName', `belfry-${now()}`],
    ...(sigv4.external_id ? [['ExternalId', sigv4.external_id] as const] : []),
  ];
  const host = sigv4.use_fips_sts_endpoint ? 'sts-fips' : 'sts';
  const url = `https://${host}.${awsDomain(sigv4.region)}/`;
  const answer = yield signed(awsPost(url, fields), { ...key, service: 'sts' }, now());
  const attempt = prefixed(judgeAws(answer), `cannot assume ${sigv4.role_arn}`);
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

export const awsDomain = (region: string): string =>
  `${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

/** A form posted to one of the services that answer in XML. */
export function awsPost(url: string, fields: AwsFields): HttpRequest {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' };
  return { method: 'POST', url, headers, body: awsForm(fields) };
}

/** Answers are XML; being throttled comes with status 400. */
export function judgeAws(answer: HttpAnswer): Attempt {
  const attempt = judgeStatus({ details: ({ body }) => element(body, 'Message') || body })(answer);
  if (attempt.kind !== 'rejected' || !element(answer.body, 'Code').startsWith('Throttl')) return attempt;
  return { ...attempt, kind: 'retry', reason: 'rateLimited' };
}

function element(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
}
