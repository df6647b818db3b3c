import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What a signature covers, worked out from the request as it arrived. */
export function awsSignature(
  request: IncomingMessage,
  body: string | Uint8Array,
  secretKey: string,
): AwsSignature {
  const said = /^AWS4-HMAC-SHA256 Credential=(.+?), SignedHeaders=(.+), Signature=(.+)$/.exec(
    request.headers.authorization ?? '',
  );
  if (!said)
    return { claimed: request.headers.authorization, right: undefined, signedHeaders: '', scope: '' };
  const [, credential, names, claimed] = said as unknown as [string, string, string, string];
  const [accessKey, day, region, service] = credential.split('/') as [string, string, string, string];
  const hash = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
  const hmac = (key: string | Buffer, text: string): Buffer =>
    createHmac('sha256', key).update(text).digest();
  const path = request.url!.replaceAll('%', '%25');
  const headers = names.split(';').map((name) => `${name}:${request.headers[name]}\n`);
  const canonical = `POST\n${path}\n\n${headers.join('')}\n${names}\n${hash(body)}`;
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = `AWS4-HMAC-SHA256\n${request.headers['x-amz-date']}\n${scope}\n${hash(canonical)}`;
  const key = hmac(hmac(hmac(hmac(`AWS4${secretKey}`, day), region), service), 'aws4_request');
  return {
    claimed,
    right: hmac(key, text).toString('hex'),
    signedHeaders: names,
    scope: `${accessKey}/${scope}`,
  };
}

export interface AwsSignature {
  readonly claimed: string | undefined;
  readonly right: string | undefined;
  readonly signedHeaders: string;
  readonly scope: string;
}
