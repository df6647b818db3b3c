import { createHash, createHmac } from 'node:crypto';
import type { HttpRequest } from './exchange.ts';

/** What a signature is over. */
export type Signable = Omit<HttpRequest, 'body'> & { readonly body: string | Uint8Array };

export interface SigningKey {
  readonly region: string;
  readonly service: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Of credentials that end. */
  readonly sessionToken?: string;
}

/**
 * Signs a request for AWS: Signature Version 4, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html. All headers given are
 * signed, and the host.
 * @param at Unix ms; the signature holds for some minutes around it
 */
export function signed<R extends Signable>(request: R, key: SigningKey, at: number): R {
  const url = new URL(request.url);
  const time = new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  const headers: Record<string, string> = {
    ...request.headers,
    'X-Amz-Date': time,
    ...(key.sessionToken && { 'X-Amz-Security-Token': key.sessionToken }),
  };
  const canonical = Object.entries({ ...headers, host: url.host })
    .map(([name, value]): [string, string] => [name.toLowerCase(), value.trim().replace(/ +/g, ' ')])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const names = canonical.map(([name]) => name).join(';');
  const query = [...url.searchParams]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const described = [
    request.method,
    // Escaped once more than in the request, as all services but S3 want it.
    url.pathname.split('/').map(encode).join('/'),
    query,
    ...canonical.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    sha256(request.body),
  ].join('\n');
  const scope = [time.slice(0, 8), key.region, key.service, 'aws4_request'];
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(described)].join('\n');
  const signing = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${key.secretKey}`);
  const signature = hmac(signing, toSign).toString('hex');
  const credential = `Credential=${key.accessKey}/${scope.join('/')}`;
  const Authorization = `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...request, headers: { ...headers, Authorization } };
}

/** A form as AWS takes it, which escapes more than browsers do. */
export function awsForm(fields: readonly (readonly [name: string, value: string])[]): string {
  return fields.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

const encode = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
