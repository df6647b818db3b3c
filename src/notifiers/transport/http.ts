import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { HttpClientConfig } from '../../config/http-client.ts';
import { createHttpClient, type HttpClient } from '../../net/client.ts';
import type { Environment } from '../../net/proxy.ts';
import type { HttpAnswer, HttpRequest } from '../kinds/exchange.ts';

/** Sends one request the way an `http_config` says, redirects included. Rejects when there is no answer. */
export type HttpTransport = (
  request: HttpRequest,
  config: HttpClientConfig,
  signal: AbortSignal,
) => Promise<HttpAnswer>;

export interface HttpTransportOptions {
  readonly clock: Clock;
  readonly userAgent: string;
  readonly environment: Environment;
}

const MAX_BODY_BYTES = 65_536;

export function createHttpTransport(options: HttpTransportOptions): HttpTransport {
  const { clock, environment, userAgent } = options;
  /** One per `http_config`, as long as somebody has it: it holds no connections, but a token perhaps. */
  const clients = new WeakMap<HttpClientConfig, HttpClient>();
  const clientOf = (config: HttpClientConfig): HttpClient => {
    const known = clients.get(config);
    if (known) return known;
    // A message sent again because a kept connection broke could be there twice.
    const client = createHttpClient(config, { clock, environment, keepAlive: false });
    clients.set(config, client);
    return client;
  };
  return async ({ method, url, headers, body }, config, signal) => {
    const response = await clientOf(config).send({
      method,
      url,
      headers: { 'User-Agent': userAgent, ...headers },
      body,
      signal,
    });
    const answered: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers)) answered[name] = String(value);
    return { status: response.statusCode ?? 0, headers: answered, body: await beginning(response) };
  };
}

/** The rest of a longer body costs the connection. */
async function beginning(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString();
}
