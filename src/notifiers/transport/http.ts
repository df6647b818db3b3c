import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import type { Clock } from '../../clock.ts';
import type { HttpClientConfig, TlsConfig } from '../../config/http-client.ts';
import type { HttpAnswer, HttpRequest } from '../kinds/exchange.ts';
import { connectThrough, proxyAuthorization, proxyFor } from './proxy.ts';
import { readSecretFile, withFileSecrets } from './secrets.ts';

/** Sends one request the way an `http_config` says, redirects included. Rejects when there is no answer. */
export type HttpTransport = (
  request: HttpRequest,
  config: HttpClientConfig,
  signal: AbortSignal,
) => Promise<HttpAnswer>;

export interface HttpTransportOptions {
  readonly clock: Clock;
  readonly userAgent: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const MAX_REDIRECTS = 10;
const MAX_BODY_BYTES = 65_536;

export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  const tokens = new Map<string, { token: string; until: number }>();

  const send: HttpTransport = async (request, config, signal) => {
    const credentials = await authorization(config, signal);
    const extra = await extraHeaders(config);
    let { method, url, body } = request;
    const origin = new URL(url).origin;
    for (let hops = 0; ; hops++) {
      const target = new URL(url);
      const trusted = target.origin === origin;
      const answer = await sendOnce(
        {
          method,
          url,
          body,
          headers: {
            'User-Agent': options.userAgent,
            ...(trusted ? extra : {}),
            ...(trusted && credentials ? { Authorization: credentials } : {}),
            ...(trusted ? request.headers : withoutCredentials(request.headers)),
          },
        },
        config,
        options.environment,
        signal,
      );
      const location = answer.headers.location;
      const redirects = [301, 302, 303, 307, 308].includes(answer.status) && location !== undefined;
      if (!redirects || !config.follow_redirects) return answer;
      if (hops >= MAX_REDIRECTS) throw new Error(`stopped after ${MAX_REDIRECTS} redirects`);
      url = new URL(location, url).href;
      if (answer.status < 307) {
        method = 'GET';
        body = '';
      }
    }
  };

  /** The Authorization header, whichever way it is configured. */
  async function authorization(config: HttpClientConfig, signal: AbortSignal): Promise<string | undefined> {
    if (config.basic_auth) {
      const { username = '', password = '' } = await withFileSecrets(config.basic_auth);
      return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    }
    if (config.authorization) {
      const { type, credentials = '' } = await withFileSecrets(config.authorization);
      return `${type} ${credentials}`;
    }
    return config.oauth2 && `Bearer ${await oauthToken(config, signal)}`;
  }

  async function oauthToken(config: HttpClientConfig, signal: AbortSignal): Promise<string> {
    const oauth2 = await withFileSecrets(config.oauth2!);
    if (oauth2.grant_type && oauth2.grant_type !== 'client_credentials') {
      throw new Error(`oauth2.grant_type: expected "client_credentials", got "${oauth2.grant_type}"`);
    }
    const key = createHash('sha256').update(JSON.stringify(oauth2)).digest('hex');
    const known = tokens.get(key);
    if (known && known.until > options.clock.now()) return known.token;
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...oauth2.endpoint_params });
    if (oauth2.scopes.length > 0) form.set('scope', oauth2.scopes.join(' '));
    const user = [oauth2.client_id ?? '', oauth2.client_secret ?? ''].map(encodeURIComponent).join(':');
    const answer = await send(
      {
        method: 'POST',
        url: oauth2.token_url ?? '',
        headers: {
          'Content-Type': 'application/x-www-form-urlencoded',
          Authorization: `Basic ${Buffer.from(user).toString('base64')}`,
        },
        body: form.toString(),
      },
      {
        ...config,
        ...oauth2,
        basic_auth: undefined,
        authorization: undefined,
        oauth2: undefined,
        http_headers: undefined,
      },
      signal,
    );
    if (answer.status !== 200)
      throw new Error(`oauth2: the token server answered with status ${answer.status}`);
    const said = JSON.parse(answer.body) as { access_token?: string; expires_in?: number };
    if (!said.access_token) throw new Error('oauth2: the token server sent no access_token');
    const lifeMs = ((said.expires_in ?? 3600) - 10) * 1000;
    tokens.set(key, { token: said.access_token, until: options.clock.now() + lifeMs });
    return said.access_token;
  }

  return send;
}

/** Of a message's own headers those that tell nothing secret; keys and signatures stay with the host they are for. */
function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.has(name.toLowerCase())));
}

const HARMLESS = new Set(['content-type', 'accept', 'accept-language']);

async function extraHeaders(config: HttpClientConfig): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, header] of Object.entries(config.http_headers ?? {})) {
    const files = await Promise.all(header.files.map((file) => readSecretFile(name, file)));
    headers[name] = [...header.values, ...header.secrets, ...files].join(', ');
  }
  return headers;
}

async function sendOnce(
  request: HttpRequest,
  config: HttpClientConfig,
  environment: HttpTransportOptions['environment'],
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const url = new URL(request.url);
  const proxy = proxyFor(url, config, environment);
  const secure = url.protocol === 'https:';
  const headers: Record<string, string> = { Host: url.host, ...request.headers };
  if (request.body !== '') headers['Content-Length'] = String(Buffer.byteLength(request.body));
  const userinfo = url.username !== '' && !headers.Authorization;
  if (userinfo) {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.Authorization = `Basic ${Buffer.from(user).toString('base64')}`;
  }
  const common = { method: request.method, headers, signal, agent: false as const };
  if (!secure && proxy) {
    const through = proxyAuthorization(proxy);
    if (through) headers['Proxy-Authorization'] = through;
    url.username = '';
    url.password = '';
    const target = { ...common, ...address(proxy), path: url.href.replace(/#.*$/, '') };
    return answerTo(proxy.protocol === 'https:' ? https.request(target) : http.request(target), request.body);
  }
  const target = { ...common, ...address(url), path: url.pathname + url.search };
  if (!secure) return answerTo(http.request(target), request.body);
  const tlsOptions = { ...(await tlsOptionsOf(config.tls_config)), ...serverName(config.tls_config, url) };
  if (!proxy) return answerTo(https.request({ ...target, ...tlsOptions }), request.body);
  const socket = await connectThrough(proxy, url, config, signal);
  // Node asks for our socket only when there is no agent at all.
  const createConnection = (): Duplex => tls.connect({ ...tlsOptions, socket });
  return answerTo(https.request({ ...target, agent: undefined, createConnection }), request.body);
}

function address(url: URL): { hostname: string; port: number } {
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'), port };
}

function serverName(config: TlsConfig, url: URL): { servername?: string } {
  if (config.server_name) return { servername: config.server_name };
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return /^[\d.]+$|:/.test(host) ? {} : { servername: host };
}

const TLS_VERSIONS = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;

/** Node's options for a `tls_config`; files are read anew at each use. */
export async function tlsOptionsOf(config: TlsConfig): Promise<tls.ConnectionOptions> {
  const pem = async (text: string | undefined, file: string | undefined): Promise<string | undefined> =>
    text || (file ? await readFile(file, 'utf8') : undefined);
  const [ca, cert, key] = await Promise.all([
    pem(config.ca, config.ca_file),
    pem(config.cert, config.cert_file),
    pem(config.key, config.key_file),
  ]);
  return {
    ca,
    cert,
    key,
    rejectUnauthorized: !config.insecure_skip_verify,
    minVersion: config.min_version ? TLS_VERSIONS[config.min_version] : undefined,
    maxVersion: config.max_version ? TLS_VERSIONS[config.max_version] : undefined,
  };
}

function answerTo(request: http.ClientRequest, body: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = (): void => {
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries(response.headers)) headers[name] = String(value);
        const text = Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString();
        resolve({ status: response.statusCode ?? 0, headers, body: text });
      };
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        if (size < MAX_BODY_BYTES) chunks.push(chunk);
        size += chunk.length;
        if (size < MAX_BODY_BYTES) return;
        finish();
        response.destroy();
      });
      response.on('end', finish);
    });
    request.end(body);
  });
}
