import { BlockList, isIP } from 'node:net';
import type { HttpClientConfig } from '../config/http-client.ts';

type ProxyConfig = Pick<HttpClientConfig, 'proxy_url' | 'no_proxy' | 'proxy_from_environment'>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** Which proxy a request goes through; undefined is none. */
export type ProxyChoice = (url: URL) => string | undefined;

/**
 * As upstream chooses: a `proxy_url` alone is for everything; with `no_proxy`, and with proxies from the environment, what is
 * excepted and this host itself are asked directly.
 */
export function proxyChoice(config: ProxyConfig, environment: Environment): ProxyChoice {
  if (config.proxy_from_environment) {
    const variable = (name: string): string | undefined =>
      environment[name] || environment[name.toLowerCase()] || undefined;
    const isExcepted = exceptions(variable('NO_PROXY') ?? '');
    return (url) => {
      if (isExcepted(url)) return undefined;
      return variable(url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY');
    };
  }
  const { proxy_url: proxy } = config;
  if (!proxy) return () => undefined;
  if (!config.no_proxy) return () => proxy;
  const isExcepted = exceptions(config.no_proxy);
  return (url) => (isExcepted(url) ? undefined : proxy);
}

/** Reads `no_proxy`: addresses, networks, domains with their subdomains, `.domain` for subdomains only, each with a port or not. */
function exceptions(list: string): (url: URL) => boolean {
  const networks = new BlockList();
  const rules: ((host: string, port: string) => boolean)[] = [];
  for (const entry of list.toLowerCase().split(',')) {
    const text = entry.trim();
    if (text === '') continue;
    const network = /^([0-9a-f.:]+)\/(\d+)$/.exec(text);
    if (text === '*') rules.push(() => true);
    else if (network && isIP(network[1]!) !== 0) {
      networks.addSubnet(network[1]!, Number(network[2]), isIP(network[1]!) === 6 ? 'ipv6' : 'ipv4');
    } else rules.push(hostRule(text));
  }
  return (url) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const version = isIP(host);
    if (host === 'localhost' || host === '::1' || (version === 4 && host.startsWith('127.'))) return true;
    if (version !== 0 && networks.check(host, version === 6 ? 'ipv6' : 'ipv4')) return true;
    const port = url.port || (url.protocol === 'https:' ? '443' : '80');
    return rules.some((matches) => matches(host, port));
  };
}

function hostRule(text: string): (host: string, port: string) => boolean {
  const withPort = /^(.*[^:]):(\d+)$/.exec(isIP(text) === 6 ? '' : text);
  const name = (withPort ? withPort[1]! : text).replace(/^\[|\]$/g, '').replace(/^\*\./, '.');
  const domain = name.startsWith('.') ? name : `.${name}`;
  return (host, port) => (host === name || host.endsWith(domain)) && (!withPort || port === withPort[2]);
}
