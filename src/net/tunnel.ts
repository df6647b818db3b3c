import type https from 'node:https';
import type { Socket } from 'node:net';
import type tls from 'node:tls';
import { builtin } from './builtin.ts';

/** Headers of the request that opens a tunnel. */
export type ConnectHeaders = Readonly<Record<string, readonly string[]>>;

const TUNNEL_TIMEOUT_MS = 30_000;

/** An agent whose TLS connections go through a proxy, which resolves the names. */
export function tunnelAgent(
  options: https.AgentOptions,
  proxy: URL,
  connectHeaders: ConnectHeaders,
): https.Agent {
  const agent = new builtin.https.Agent(options);
  agent.createConnection = (target, callback) => {
    const host = String(target.host ?? target.hostname ?? '');
    const authority = `${host.includes(':') ? `[${host}]` : host}:${target.port ?? 443}`;
    const made = (error: Error | null, socket?: tls.TLSSocket): void =>
      (callback as (error: Error | null, socket?: tls.TLSSocket) => void)(error, socket);
    openTunnel(proxy, authority, connectHeaders).then(
      (socket) => made(null, builtin.tls.connect({ ...(target as tls.ConnectionOptions), socket })),
      (error: Error) => made(error),
    );
    return undefined;
  };
  return agent;
}

function proxyAuthorization(proxy: URL): string | undefined {
  if (proxy.username === '') return undefined;
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Basic ${Buffer.from(user).toString('base64')}`;
}

function openTunnel(proxy: URL, authority: string, connectHeaders: ConnectHeaders): Promise<Socket> {
  const headers: Record<string, string | string[]> = { Host: authority };
  const credentials = proxyAuthorization(proxy);
  if (credentials !== undefined) headers['Proxy-Authorization'] = credentials;
  for (const [name, values] of Object.entries(connectHeaders)) headers[name] = [...values];
  const isSecure = proxy.protocol === 'https:';
  const options: https.RequestOptions = {
    hostname: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (isSecure ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    headers,
    agent: false,
    timeout: TUNNEL_TIMEOUT_MS,
  };
  return new Promise((resolve, reject) => {
    const refused = (status: number | undefined): Error =>
      new Error(`the proxy refused the connection with status ${status}`);
    const request = (isSecure ? builtin.https : builtin.http).request(options);
    request.on('error', (error) => reject(new Error(`cannot reach the proxy: ${error.message}`)));
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TUNNEL_TIMEOUT_MS} ms`)));
    request.on('connect', (response, socket: Socket) => {
      if (response.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(refused(response.statusCode));
    });
    request.on('response', (response) => {
      response.destroy();
      reject(refused(response.statusCode));
    });
    request.end();
  });
}
