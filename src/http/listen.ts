import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { TlsServerConfig } from '../config/web.ts';
import type { HttpSurface } from './app.ts';

export interface ListenAddress {
  /** Empty: all addresses. */
  readonly host: string;
  readonly port: number;
}

export interface TlsFiles {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  readonly minVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  readonly ca?: string | Buffer | undefined;
  readonly requestCert: boolean;
  readonly rejectUnauthorized: boolean;
}

export interface HttpServer {
  /** The port in use, also when 0 was asked for. */
  readonly port: number;
  /** Stops accepting and cuts what is open. */
  close(): void;
}

/** Headers of a request may take this many bytes, and this long. */
const MAX_HEADER_BYTES = 32 * 1024;
const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 300_000;
/** An idle connection stays as long as upstream keeps it: dashboards come back to it, and need not race its end. */
const KEEP_ALIVE_MS = 300_000;

/** @throws UsageErrorLike Error naming the text when it is not `host:port` */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = match ? Number(match[3]) : Number.NaN;
  if (!match || port > 65_535) {
    throw new Error(`expected an address such as "127.0.0.1:9797" or ":9797", got ${JSON.stringify(text)}`);
  }
  return { host: match[1] ?? match[2] ?? '', port };
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/**
 * Starts serving.
 * @throws Error in plain words when the address cannot be had
 */
export async function listen(
  address: ListenAddress,
  { app, direct }: HttpSurface,
  tls?: TlsFiles,
): Promise<HttpServer> {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const viaApp = getRequestListener((request) => app.fetch(request), { overrideGlobalObjects: false });
  const listener = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    if (!direct(request, response)) void viaApp(request, response);
  };
  const server = tls
    ? https.createServer({ ...limits, ...tls }, listener)
    : http.createServer(limits, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(explain(address, error))));
    server.listen(address.port, address.host === '' ? undefined : address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function explain({ host, port }: ListenAddress, error: NodeJS.ErrnoException): string {
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `cannot listen on ${where}: the address is already in use; stop what uses it or choose another with --listen`;
    case 'EACCES':
      return `cannot listen on ${where}: not permitted; ports below 1024 need root or CAP_NET_BIND_SERVICE`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `cannot listen on ${where}: this host has no such address`;
    default:
      return `cannot listen on ${where}: ${error.message}`;
  }
}

/** Node's settings for a `tls_server_config`. @throws Error naming the file that cannot be read */
export function tlsOf(config: TlsServerConfig): TlsFiles {
  const pem = (text: string | undefined, file: string | undefined): string | Buffer | undefined =>
    text ?? (file === undefined ? undefined : fs.readFileSync(file));
  const clientAuth = config.client_auth_type;
  return {
    cert: pem(config.cert, config.cert_file)!,
    key: pem(config.key, config.key_file)!,
    ca: pem(config.client_ca, config.client_ca_file),
    minVersion: TLS_VERSIONS[config.min_version],
    requestCert: clientAuth !== 'NoClientCert',
    rejectUnauthorized: clientAuth === 'RequireAndVerifyClientCert',
  };
}

const TLS_VERSIONS = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;
