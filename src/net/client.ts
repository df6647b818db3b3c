import type http from 'node:http';
import type { Clock } from '../clock.ts';
import type { HttpClientConfig } from '../config/http-client.ts';
import { createAgents } from './agents.ts';
import { secretHeaders } from './auth.ts';
import { builtin } from './builtin.ts';
import { canonicalHeaders } from './header-names.ts';
import { createTokenSource, type PostForm, type TokenSource } from './oauth2.ts';
import { type Environment, proxyChoice } from './proxy.ts';

const MAX_REDIRECTS = 10;
const MAX_TOKEN_BYTES = 1 << 20;

export interface HttpGet {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends the request, and is thrown as its reason. */
  readonly signal: AbortSignal;
}

export interface HttpPost extends HttpGet {
  readonly body: Uint8Array | string;
}

export interface HttpSend extends HttpPost {
  readonly method: Method;
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH';

/** Makes requests the way one `http_config` says: those of a job, of a discovery, of a receiver. */
export interface HttpClient {
  /**
   * Resolves with the head of the answer; its body is the caller's to read or destroy.
   * @throws Error saying what went wrong
   */
  get(request: HttpGet): Promise<http.IncomingMessage>;
  /** The same with a body. Only redirects that keep the method are followed. */
  post(request: HttpPost): Promise<http.IncomingMessage>;
  /** Any method; redirects are followed as Go does, which asks with GET where the answer was 301 to 303. */
  send(request: HttpSend): Promise<http.IncomingMessage>;
  close(): void;
}

export interface HttpClientDeps {
  readonly clock: Clock;
  /** Names the proxies, if the configuration says so. */
  readonly environment: Environment;
  /** A Unix socket that requests go to, whatever the host of their URL. */
  readonly socketPath?: string;
  /** False: a connection for each request. What must not be said twice is never said again over a new one. */
  readonly keepAlive?: boolean;
}

/** Credentials stay with the host they were configured for. */
export function createHttpClient(config: HttpClientConfig, deps: HttpClientDeps): HttpClient {
  const agents = createAgents({
    tls: config.tls_config,
    proxyOf: proxyChoice(config, deps.environment),
    connectHeaders: config.proxy_connect_header ?? {},
    socketPath: deps.socketPath,
    keepAlive: deps.keepAlive,
  });
  const tokens = config.oauth2 && oauthTokens(config, deps);
  const send = async (
    request: HttpGet,
    given: Pick<RequestParts, 'method' | 'body'>,
    mayChangeMethod: boolean,
  ): Promise<http.IncomingMessage> => {
    let { method, body } = given;
    const secrets = await secretHeaders(config);
    if (tokens) secrets.authorization = await tokens.source.authorization(request.signal);
    // As in Go, what a request says of itself stands.
    if (Object.keys(request.headers).some((name) => name.toLowerCase() === 'authorization'))
      delete secrets.authorization;
    const home = new URL(request.url);
    let url = home;
    for (let redirects = 0; ; redirects++) {
      const isHome = url.origin === home.origin;
      const agent = await agents.of(url, isHome);
      const headers = isHome ? { ...request.headers, ...secrets } : withoutCredentials(request.headers);
      const response = await answer(url, { agent, headers, method, body }, request.signal);
      if (isHome && response.statusCode === 401) tokens?.source.forget();
      const location = redirectOf(response, method, mayChangeMethod);
      if (location === undefined || !config.follow_redirects) return response;
      response.destroy();
      if (redirects === MAX_REDIRECTS) throw new Error(`stopped after ${MAX_REDIRECTS} redirects`);
      const next = URL.parse(location, url.href);
      if (!next || (next.protocol !== 'http:' && next.protocol !== 'https:')) {
        throw new Error(
          `expected a redirect to an http or https URL, got ${JSON.stringify(location.slice(0, 200))}`,
        );
      }
      url = next;
      if ((response.statusCode ?? 0) < 307 && method !== 'GET') {
        method = 'GET';
        body = '';
      }
    }
  };
  return {
    get: (request) => send(request, { method: 'GET', body: '' }, false),
    post: (request) => send(request, { method: 'POST', body: request.body }, false),
    send: (request) => send(request, request, true),
    close() {
      agents.close();
      tokens?.close();
    },
  };
}

/** Tokens come over connections of their own: the token server has its own TLS settings and proxy. */
function oauthTokens(
  config: HttpClientConfig,
  deps: HttpClientDeps,
): { readonly source: TokenSource; close(): void } {
  const oauth2 = config.oauth2!;
  const agents = createAgents({
    tls: oauth2.tls_config,
    proxyOf: proxyChoice(oauth2, deps.environment),
    connectHeaders: oauth2.proxy_connect_header ?? {},
  });
  const post: PostForm = async ({ url: address, form, authorization }, signal) => {
    const url = URL.parse(address);
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
      throw new Error(`oauth2: expected a token_url of scheme http or https, got ${JSON.stringify(address)}`);
    }
    const body = form.toString();
    const headers = {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(Buffer.byteLength(body)),
      ...(authorization === '' ? {} : { authorization }),
    };
    const agent = await agents.of(url, true);
    const response = await answer(url, { agent, headers, method: 'POST', body }, signal);
    return { status: response.statusCode ?? 0, text: await smallText(response) };
  };
  const source = createTokenSource(oauth2, { clock: deps.clock, post });
  return { source, close: () => agents.close() };
}

interface RequestParts {
  readonly agent: http.Agent;
  readonly headers: Record<string, string | string[]>;
  readonly method: Method;
  readonly body: Uint8Array | string;
}

/** Resolves with the head of the answer. A kept connection that the server closed meanwhile is tried once more on a new one. */
async function answer(url: URL, parts: RequestParts, signal: AbortSignal): Promise<http.IncomingMessage> {
  const attempt = (): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { request: send } = url.protocol === 'https:' ? builtin.https : builtin.http;
      const { agent, method } = parts;
      const request = send(url, { agent, headers: canonicalHeaders(parts.headers), method, signal });
      request.on('response', resolve);
      request.on('error', (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        if (signal.aborted) reject(signal.reason);
        else reject(stale ? new StaleConnection() : speaksHttp2Only(error) ? new Http2OnlyError() : error);
      });
      request.end(parts.body);
    });
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
    }
  }
}

class StaleConnection extends Error {}

/** Whoever waits for an answer is to know that none can come. */
class Http2OnlyError extends Error {
  constructor() {
    super('the server speaks HTTP/2 only; requests are HTTP/1.1');
    this.name = 'Http2OnlyError';
  }
}

const SETTINGS_FRAME = 4;

/** Whether a server refused HTTP/1.1 when TLS began, or answered with the frame that HTTP/2 begins with. */
function speaksHttp2Only({
  code,
  message,
  rawPacket,
}: NodeJS.ErrnoException & { rawPacket?: Buffer }): boolean {
  if (message.includes('alert no application protocol')) return true;
  return (
    code === 'HPE_INVALID_CONSTANT' &&
    rawPacket !== undefined &&
    rawPacket.length >= 9 &&
    rawPacket[0] === 0 &&
    rawPacket[3] === SETTINGS_FRAME &&
    rawPacket.readUInt32BE(5) === 0
  );
}

/** Of a request's own headers those that tell nothing secret; keys and signatures stay with the host they are for. */
function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => HARMLESS.test(name.toLowerCase())));
}

const HARMLESS = /^(accept(-language|-encoding)?|content-(type|encoding|length)|user-agent|x-prometheus-.*)$/;

function redirectOf(
  response: http.IncomingMessage,
  method: RequestParts['method'],
  mayChangeMethod: boolean,
): string | undefined {
  const status = response.statusCode ?? 0;
  const keepsMethod = status === 307 || status === 308;
  const redirects = keepsMethod || ((method === 'GET' || mayChangeMethod) && status >= 301 && status <= 303);
  return redirects ? response.headers.location : undefined;
}

async function smallText(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_TOKEN_BYTES)
      throw new Error(`oauth2: expected an answer of at most ${MAX_TOKEN_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
