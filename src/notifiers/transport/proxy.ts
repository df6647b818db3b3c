import http from 'node:http';
import https from 'node:https';
import { BlockList, isIP, type Socket } from 'node:net';
import type { HttpClientConfig } from '../../config/http-client.ts';

type ProxyConfig = Pick<
  HttpClientConfig,
  'proxy_url' | 'no_proxy' | 'proxy_from_environment' | 'proxy_connect_header'
>;

/** The proxy that requests to `url` go through, as Go chooses it. */
export function proxyFor(
  url: URL,
  config: ProxyConfig,
  environment: Readonly<Record<string, string | undefined>>,
): URL | undefined {
  if (config.proxy_url) {
    if (config.no_proxy && bypasses(url, config.no_proxy)) return undefined;
    return proxyUrl(config.proxy_url);
  }
  if (!config.proxy_from_environment) return undefined;
  const either = (name: string): string => environment[name] || environment[name.toLowerCase()] || '';
  const text = either(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (text === '' || bypasses(url, either('NO_PROXY'))) return undefined;
  return proxyUrl(text.includes('://') ? text : `http://${text}`);
}

function proxyUrl(text: string): URL {
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new Error(`proxy_url: expected a proxy of scheme http or https, got ${url.protocol.slice(0, -1)}`);
  }
  return url;
}

/** Whether a list of exceptions (hosts, domains, addresses, networks, `*`) names the host; loopback always is one. */
function bypasses(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || /^127\./.test(host) || host === '::1') return true;
  return list
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
    .some((entry) => entry === '*' || matchesException(host, port, entry));
}

function matchesException(host: string, port: string, entry: string): boolean {
  const [network, bits] = entry.split('/');
  if (bits !== undefined && isIP(network!) !== 0) {
    if (isIP(host) !== isIP(network!)) return false;
    const family = isIP(host) === 4 ? 'ipv4' : 'ipv6';
    const block = new BlockList();
    block.addSubnet(network!, Number(bits), family);
    return block.check(host, family);
  }
  const withPort = isIP(entry) === 0 ? /^(.*):(\d+)$/.exec(entry) : null;
  if (withPort && withPort[2] !== port) return false;
  const name = (withPort ? withPort[1]! : entry).replace(/^\*/, '');
  if (name.startsWith('.')) return host.endsWith(name);
  return host === name || host.endsWith(`.${name}`);
}

export function proxyAuthorization(proxy: URL): string | undefined {
  if (proxy.username === '') return undefined;
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Basic ${Buffer.from(user).toString('base64')}`;
}

/** Opens a tunnel to the target's host and port; the proxy resolves the name. */
export function connectThrough(
  proxy: URL,
  target: URL,
  config: ProxyConfig,
  signal: AbortSignal,
): Promise<Socket> {
  const authority = `${target.hostname}:${target.port || '443'}`;
  const headers: Record<string, string | string[]> = { Host: authority };
  const credentials = proxyAuthorization(proxy);
  if (credentials) headers['Proxy-Authorization'] = credentials;
  for (const [name, values] of Object.entries(config.proxy_connect_header ?? {})) headers[name] = values;
  const secure = proxy.protocol === 'https:';
  const options = {
    hostname: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: proxy.port || (secure ? 443 : 80),
    method: 'CONNECT',
    path: authority,
    headers,
    signal,
    agent: false as const,
  };
  return new Promise((resolve, reject) => {
    const request = secure ? https.request(options) : http.request(options);
    request.on('error', reject);
    request.on('connect', (response, socket: Socket) => {
      if (response.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`the proxy refused the connection with status ${response.statusCode}`));
    });
    request.on('response', (response) => {
      response.resume();
      reject(new Error(`the proxy refused the connection with status ${response.statusCode}`));
    });
    request.end();
  });
}
