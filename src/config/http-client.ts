import * as z from 'zod';
import { filePath, noEffect, oldForm, secret, text } from './leaves.ts';

export const tlsConfig = z.strictObject({
  ca: text().optional().describe('CA certificate, PEM text.'),
  cert: text().optional().describe('Client certificate, PEM text.'),
  key: secret().optional().describe('Client key, PEM text.'),
  ca_file: filePath().optional().describe('CA certificate, PEM file.'),
  cert_file: filePath().optional().describe('Client certificate, PEM file.'),
  key_file: filePath().optional().describe('Client key, PEM file.'),
  ca_ref: text().optional().meta(noEffect('there is no secret manager.')),
  cert_ref: text().optional().meta(noEffect('there is no secret manager.')),
  key_ref: text().optional().meta(noEffect('there is no secret manager.')),
  server_name: text().optional().describe('Name the server certificate must carry.'),
  insecure_skip_verify: z.boolean().default(false).describe('Accepts any server certificate.'),
  min_version: tlsVersion().optional().describe('Oldest TLS version accepted.'),
  max_version: tlsVersion().optional().describe('Newest TLS version accepted.'),
});
export type TlsConfig = z.output<typeof tlsConfig>;

const basicAuth = z.lazy(() =>
  z.strictObject({
    username: text().optional().describe('User name.'),
    username_file: filePath().optional().describe('File holding it.'),
    username_ref: text().optional().meta(noEffect('there is no secret manager.')),
    password: secret().optional().describe('Password.'),
    password_file: filePath().optional().describe('File holding it.'),
    password_ref: text().optional().meta(noEffect('there is no secret manager.')),
  }),
);

const authorization = z.lazy(() =>
  z.strictObject({
    type: text().default('Bearer').describe('First word of the Authorization header.'),
    credentials: secret().optional().describe('What follows the type, such as a token.'),
    credentials_file: filePath().optional().describe('File holding it.'),
    credentials_ref: text().optional().meta(noEffect('there is no secret manager.')),
  }),
);

const proxyShape = {
  proxy_url: text().optional().describe('Proxy for all requests.'),
  no_proxy: text().optional().describe('Hosts, domains and networks that bypass the proxy, comma-separated.'),
  proxy_from_environment: z.boolean().default(false).describe('Takes HTTP_PROXY, HTTPS_PROXY and NO_PROXY.'),
  proxy_connect_header: z
    .record(text(), z.array(secret()))
    .optional()
    .describe('Headers for the CONNECT request.'),
};

const oauth2 = z.lazy(() =>
  z.strictObject({
    client_id: text().optional().describe('Client. Required.'),
    client_secret: secret().optional().describe('Secret of the client.'),
    client_secret_file: filePath().optional().describe('File holding it.'),
    client_secret_ref: text().optional().meta(noEffect('there is no secret manager.')),
    client_certificate_key_id: text().optional().describe('Key id for signed requests.'),
    client_certificate_key: secret().optional().describe('Key for signed requests, PEM text.'),
    client_certificate_key_file: filePath().optional().describe('File holding it.'),
    client_certificate_key_ref: text().optional().meta(noEffect('there is no secret manager.')),
    grant_type: text().optional().describe('Kind of grant; `client_credentials` unless given.'),
    signature_algorithm: z
      .enum(['RS256', 'RS384', 'RS512'])
      .optional()
      .describe('Algorithm of signed requests; RS256 unless given.'),
    iss: text().optional().describe('Issuer of signed requests.'),
    audience: text().optional().describe('Audience of signed requests.'),
    claims: z.record(text(), z.unknown()).optional().describe('More claims of signed requests.'),
    scopes: z.array(text()).default([]).describe('Scopes asked for.'),
    token_url: text().optional().describe('Address that gives tokens. Required.'),
    endpoint_params: z
      .record(text(), text())
      .default({})
      .describe('More parameters of the request for a token.'),
    tls_config: tlsConfig.prefault({}).describe('TLS of the request for a token.'),
    ...proxyShape,
  }),
);

const httpHeader = z.lazy(() =>
  z.strictObject({
    values: z.array(text()).default([]).describe('Values as they are.'),
    secrets: z.array(secret()).default([]).describe('Values never shown back.'),
    files: z.array(filePath()).default([]).describe('Files holding values.'),
  }),
);

/** The keys of upstream's `http_config`; a scrape config has them among its own. */
export const httpClientShape = {
  basic_auth: basicAuth.optional().describe('Sends a user name and password.'),
  authorization: authorization.optional().describe('Sends an Authorization header.'),
  oauth2: oauth2.optional().describe('Gets a token first. Not with the other ways to authenticate.'),
  bearer_token: secret().optional().meta(oldForm('authorization.credentials')),
  bearer_token_file: filePath().optional().meta(oldForm('authorization.credentials_file')),
  tls_config: tlsConfig.prefault({}).describe('TLS of the requests.'),
  follow_redirects: z
    .boolean()
    .default(true)
    .describe('Follows redirects; credentials stay with the first host.'),
  enable_http2: z.boolean().default(true).describe('No effect: requests are HTTP/1.1.'),
  ...proxyShape,
  http_headers: z.record(text(), httpHeader).optional().describe('More request headers.'),
};

const httpClientKeys = () => z.strictObject(httpClientShape);
type HttpClientKeys = z.output<ReturnType<typeof httpClientKeys>>;

/** How requests are made. `bearer_token` and `bearer_token_file` have become `authorization`. */
export type HttpClientConfig = Omit<HttpClientKeys, 'bearer_token' | 'bearer_token_file'>;

export const httpClientConfig = z.lazy(() =>
  httpClientKeys().superRefine(checkHttpClient).transform(completeHttpClient),
);

/** How requests are made by who says nothing of it. */
export const defaultHttpClient = (): HttpClientConfig => httpClientConfig.parse({});

export function completeHttpClient<T extends HttpClientKeys>(
  keys: T,
): Omit<T, 'bearer_token' | 'bearer_token_file'> {
  const { bearer_token, bearer_token_file, ...rest } = keys;
  if (rest.authorization || (bearer_token === undefined && bearer_token_file === undefined)) return rest;
  return {
    ...rest,
    authorization: { type: 'Bearer', credentials: bearer_token, credentials_file: bearer_token_file },
  };
}

/** At most one way to authenticate, and each secret given once. */
export function checkHttpClient(keys: HttpClientKeys, context: z.RefinementCtx): void {
  const { basic_auth, authorization, oauth2, bearer_token, bearer_token_file } = keys;
  const ways = Object.entries({ basic_auth, authorization, oauth2, bearer_token, bearer_token_file })
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key]) => key);
  if (ways.length > 1)
    issue(context, [ways[1]!], `expected one way to authenticate, got ${ways.join(' and ')}`);
  if (basic_auth) {
    atMostOne(context, basic_auth, 'basic_auth', ['username', 'username_file', 'username_ref']);
    atMostOne(context, basic_auth, 'basic_auth', ['password', 'password_file', 'password_ref']);
  }
  if (authorization) {
    atMostOne(context, authorization, 'authorization', [
      'credentials',
      'credentials_file',
      'credentials_ref',
    ]);
    if (authorization.type.trim().toLowerCase() === 'basic') {
      issue(context, ['authorization', 'type'], 'expected another type than "basic": use basic_auth instead');
    }
  }
  if (oauth2) {
    if (!oauth2.client_id) issue(context, ['oauth2'], 'expected client_id, got none');
    if (!oauth2.token_url) issue(context, ['oauth2'], 'expected token_url, got none');
    atMostOne(context, oauth2, 'oauth2', ['client_secret', 'client_secret_file', 'client_secret_ref']);
    atMostOne(context, oauth2, 'oauth2', [
      'client_certificate_key',
      'client_certificate_key_file',
      'client_certificate_key_ref',
    ]);
    checkProxy(oauth2, ['oauth2'], context);
  }
  checkTls(keys.tls_config, ['tls_config'], context);
  checkProxy(keys, [], context);
  for (const header of Object.keys(keys.http_headers ?? {})) {
    if (isReservedHeader(header)) {
      issue(
        context,
        ['http_headers', header],
        `expected another header: ${header} is set by the client itself`,
      );
    }
  }
}

function checkTls(tls: TlsConfig, path: readonly string[], context: z.RefinementCtx): void {
  for (const name of ['ca', 'cert', 'key'] as const) {
    const given = [name, `${name}_file`, `${name}_ref`].filter((key) => Reflect.get(tls, key) !== undefined);
    if (given.length > 1)
      issue(context, [...path, given[1]!], `expected one of ${given.join(', ')}, got more`);
  }
  const hasCert = tls.cert !== undefined || tls.cert_file !== undefined || tls.cert_ref !== undefined;
  const hasKey = tls.key !== undefined || tls.key_file !== undefined || tls.key_ref !== undefined;
  if (hasCert && !hasKey)
    issue(context, path, 'expected a client key (key or key_file) beside the client certificate');
  if (hasKey && !hasCert)
    issue(context, path, 'expected a client certificate (cert or cert_file) beside the client key');
  if (tls.min_version && tls.max_version && tls.min_version > tls.max_version) {
    issue(
      context,
      [...path, 'max_version'],
      `expected at least min_version ${tls.min_version}, got ${tls.max_version}`,
    );
  }
}

/** Whether a header is the client's own affair. */
export const isReservedHeader = (name: string): boolean => RESERVED_HEADERS.has(name.toLowerCase());

const RESERVED_HEADERS = new Set([
  'authorization',
  'host',
  'content-encoding',
  'content-length',
  'content-type',
  'user-agent',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'www-authenticate',
  'accept-encoding',
  'x-prometheus-remote-write-version',
  'x-prometheus-remote-read-version',
  'x-prometheus-scrape-timeout-seconds',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
]);

function tlsVersion() {
  return z.enum(['TLS10', 'TLS11', 'TLS12', 'TLS13']);
}

function checkProxy(
  keys: {
    proxy_url?: string;
    no_proxy?: string;
    proxy_from_environment: boolean;
    proxy_connect_header?: unknown;
  },
  path: readonly string[],
  context: z.RefinementCtx,
): void {
  if (keys.proxy_from_environment && keys.proxy_url) {
    issue(context, [...path, 'proxy_url'], 'expected no proxy_url beside proxy_from_environment');
  }
  if (keys.proxy_from_environment && keys.no_proxy) {
    issue(context, [...path, 'no_proxy'], 'expected no no_proxy beside proxy_from_environment');
  }
  if (keys.no_proxy && !keys.proxy_url && !keys.proxy_from_environment) {
    issue(context, [...path, 'no_proxy'], 'expected proxy_url beside no_proxy');
  }
  if (keys.proxy_connect_header && !keys.proxy_url && !keys.proxy_from_environment) {
    issue(
      context,
      [...path, 'proxy_connect_header'],
      'expected proxy_url or proxy_from_environment beside it',
    );
  }
}

function atMostOne(context: z.RefinementCtx, object: object, key: string, names: readonly string[]): void {
  const given = names.filter(
    (name) => Reflect.get(object, name) !== undefined && Reflect.get(object, name) !== '',
  );
  if (given.length > 1) issue(context, [key, given[1]!], `expected one of ${given.join(', ')}, got more`);
}

function issue(context: z.RefinementCtx, path: readonly string[], message: string): void {
  context.addIssue({ code: 'custom', path: [...path], message });
}
