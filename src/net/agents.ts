import { readFile } from 'node:fs/promises';
import type http from 'node:http';
import type { AgentOptions } from 'node:https';
import type { SecureVersion } from 'node:tls';
import type { TlsConfig } from '../config/http-client.ts';
import { builtin } from './builtin.ts';
import type { ProxyChoice } from './proxy.ts';
import { type ConnectHeaders, tunnelAgent } from './tunnel.ts';

const TLS_VERSIONS: Readonly<Record<string, SecureVersion>> = {
  TLS10: 'TLSv1',
  TLS11: 'TLSv1.1',
  TLS12: 'TLSv1.2',
  TLS13: 'TLSv1.3',
};

/** Connections of one client, kept open between requests unless it is told not to. */
export interface HttpAgents {
  /**
   * For a URL, with the client certificate only when `own`: a host redirected to does not see it.
   * @throws Error when a file cannot be read
   */
  of(url: URL, own: boolean): Promise<http.Agent>;
  close(): void;
}

interface Made {
  readonly options: string;
  readonly agent: http.Agent;
}

export function createAgents(deps: {
  readonly tls: TlsConfig;
  readonly proxyOf: ProxyChoice;
  /** For the proxy, when it is asked for a tunnel. */
  readonly connectHeaders: ConnectHeaders;
  /** A Unix socket that every request goes to. */
  readonly socketPath?: string;
  readonly keepAlive?: boolean;
}): HttpAgents {
  const { tls, connectHeaders, socketPath, keepAlive = true } = deps;
  const made = new Map<string, Made>();
  return {
    async of(url, own) {
      const isSecure = url.protocol === 'https:';
      const proxy = deps.proxyOf(url);
      const common = { keepAlive, ...(socketPath === undefined ? {} : { socketPath }) };
      const all = isSecure ? { ...common, ...(await tlsOptions(tls, own)) } : common;
      const kind = JSON.stringify([isSecure, isSecure && own, proxy]);
      const options = JSON.stringify(all);
      const known = made.get(kind);
      if (known?.options === options) return known.agent;
      // Files are read each time: a renewed certificate makes a new agent, and the old one's connections end with it.
      known?.agent.destroy();
      const agent = newAgent(isSecure, all, proxy, connectHeaders);
      made.set(kind, { options, agent });
      return agent;
    },
    close() {
      for (const { agent } of made.values()) agent.destroy();
    },
  };
}

function newAgent(
  isSecure: boolean,
  options: AgentOptions,
  proxy: string | undefined,
  connectHeaders: ConnectHeaders,
): http.Agent {
  if (proxy === undefined)
    return isSecure ? new builtin.https.Agent(options) : new builtin.http.Agent(options);
  const url = proxyUrl(proxy);
  return isSecure
    ? tunnelAgent(options, url, connectHeaders)
    : new builtin.http.Agent({ ...options, proxyEnv: { HTTP_PROXY: url.href } });
}

function proxyUrl(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  const shown = text.replace(/\/\/[^/@]*@/, '//');
  throw new Error(`expected a proxy of scheme http or https, got ${JSON.stringify(shown)}`);
}

/**
 * Node's options for a `tls_config`; files are read anew at each use. @param own whether the host is the one that was configured, which
 * alone is shown the client certificate and answers to `server_name`
 */
export async function tlsOptions(tls: TlsConfig, own: boolean): Promise<AgentOptions> {
  // A server that speaks HTTP/2 alone then says so, and not something that is no answer.
  const options: AgentOptions = {
    rejectUnauthorized: !tls.insecure_skip_verify,
    ALPNProtocols: ['http/1.1'],
  };
  const ca = await textOf(tls.ca, tls.ca_file);
  if (ca !== undefined) options.ca = ca;
  if (tls.min_version) options.minVersion = TLS_VERSIONS[tls.min_version];
  if (tls.max_version) options.maxVersion = TLS_VERSIONS[tls.max_version];
  if (!own) return options;
  if (tls.server_name !== undefined) options.servername = tls.server_name;
  const cert = await textOf(tls.cert, tls.cert_file);
  const key = await textOf(tls.key, tls.key_file);
  if (cert !== undefined) options.cert = cert;
  if (key !== undefined) options.key = key;
  return options;
}

async function textOf(text: string | undefined, file: string | undefined): Promise<string | undefined> {
  return text ?? (file === undefined ? undefined : await readFile(file, 'utf8'));
}
