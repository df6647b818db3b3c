import http from 'node:http';
import type https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { builtin } from '../net/builtin.ts';
import type { HttpSurface } from './app.ts';
import { takePrefix } from './prefix.ts';
import type { TlsSettings } from './tls.ts';

export interface ListenAddress {
  /** Empty: all addresses. */
  readonly host: string;
  readonly port: number;
}

export interface HttpServer {
  /** The port in use, also when 0 was asked for. */
  readonly port: number;
  /** Set when HTTPS is served. */
  readonly secure: https.Server | undefined;
  /** Stops accepting and cuts what is open. */
  close(): void;
}

/** Headers of a request may take this many bytes, and this long. */
const MAX_HEADER_BYTES = 32 * 1024;
const HEADERS_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 300_000;
/** An idle connection stays as long as upstream keeps it: dashboards come back to it, and need not race its end. */
const KEEP_ALIVE_MS = 300_000;
/** A client that takes nothing of its answer for so long is cut: the answer takes memory. */
const STALLED_MS = 30_000;

/** @throws Error naming the text when it is not `host:port` */
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
  { app, direct, prefix = '' }: HttpSurface & { readonly prefix?: string },
  tls?: TlsSettings,
  stalledMs = STALLED_MS,
): Promise<HttpServer> {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  // It brings the web's Request and Response with it, the largest module of Node's: only for somebody who needs them.
  let viaApp: Promise<http.RequestListener> | undefined;
  const loadApp = async (): Promise<http.RequestListener> => {
    const { getRequestListener } = await import('@hono/node-server');
    return getRequestListener((request, env) => app.fetch(request, env), { overrideGlobalObjects: false });
  };
  const busy = new Set<Socket>();
  const listener = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const { socket } = request;
    busy.add(socket);
    response.once('close', () => busy.delete(socket));
    if (!takePrefix(prefix, request, response) || direct(request, response)) return;
    viaApp ??= loadApp();
    void viaApp.then((answer) => answer(request, response));
  };
  const secure = tls && secureServer(limits, tls, listener);
  const server = secure ?? http.createServer(limits, listener);
  server.timeout = stalledMs;
  server.on('timeout', (socket: Socket) => {
    // Nothing to send: the answer is being made, or its next event awaited.
    if (busy.has(socket) && socket.writableLength === 0) socket.setTimeout(stalledMs);
    else socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new Error(explain(address, error))));
    server.listen(address.port, address.host === '' ? undefined : address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    secure,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function secureServer(limits: object, tls: TlsSettings, listener: http.RequestListener): https.Server {
  const { context, requestCert, rejectUnauthorized, refusal } = tls;
  const server = builtin.https.createServer(
    { ...limits, ...context, requestCert, rejectUnauthorized },
    listener,
  );
  // Before the server's own, which begins to read requests.
  server.prependListener('secureConnection', (socket) => {
    if (refusal(socket) !== undefined) socket.destroy();
  });
  return server;
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
