import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { createGunzip } from 'node:zlib';
import type { HttpClientConfig } from '../config/http-client.ts';
import { createAgents } from './http-agents.ts';
import { secretHeaders } from './http-auth.ts';
import { proxyChoice } from './http-proxy.ts';
import { BodyLimitError, PageBody } from './page-body.ts';
import type { PageBuffers } from './page-buffers.ts';

const MAX_REDIRECTS = 10;

export interface FetchedPage {
  readonly body: Uint8Array;
  readonly contentType: string;
}

export interface PageRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Asks for a compressed page. */
  readonly compressed: boolean;
  /** Most bytes read, unpacked or not. */
  readonly bodyLimitBytes: number;
  /** How long the page may be, from experience; 0 without any. */
  readonly expectedBytes: number;
  /** Ends the request, and is thrown as its reason. */
  readonly signal: AbortSignal;
}

/** Fetches the pages of one job. */
export interface PageClient {
  /** @throws Error saying what went wrong; the connection is closed then */
  fetch(request: PageRequest): Promise<FetchedPage>;
  close(): void;
}

/**
 * The body is written into one of `buffers`, and counted while it is read and again while it is unpacked. Credentials stay with the
 * host they were configured for.
 */
export function createPageClient(config: HttpClientConfig, buffers: PageBuffers): PageClient {
  const agents = createAgents(config.tls_config, proxyChoice(config, process.env));
  return {
    async fetch(request) {
      refuseUnserved(config);
      const secrets = await secretHeaders(config);
      const home = new URL(request.url);
      let url = home;
      for (let redirects = 0; ; redirects++) {
        const isHome = url.origin === home.origin;
        const agent = await agents.of(url, isHome);
        const headers = { ...request.headers, ...(isHome ? secrets : {}) };
        headers['accept-encoding'] = request.compressed ? 'gzip' : 'identity';
        const response = await answer(url, { agent, headers }, request.signal);
        const location = redirectOf(response);
        if (location === undefined || !config.follow_redirects)
          return await readPage(response, request, buffers);
        response.destroy();
        if (redirects === MAX_REDIRECTS) throw new Error(`stopped after ${MAX_REDIRECTS} redirects`);
        const next = URL.parse(location, url.href);
        if (!next || (next.protocol !== 'http:' && next.protocol !== 'https:')) {
          throw new Error(
            `expected a redirect to an http or https URL, got ${JSON.stringify(location.slice(0, 200))}`,
          );
        }
        url = next;
      }
    },
    close: () => agents.close(),
  };
}

/** Going on without these would ask the wrong server or ask it as nobody. */
function refuseUnserved(config: HttpClientConfig): void {
  if (config.oauth2) throw new Error('oauth2 is not supported for scraping');
  if (config.proxy_connect_header) throw new Error('proxy_connect_header is not supported for scraping');
}

interface RequestParts {
  readonly agent: http.Agent;
  readonly headers: Record<string, string | string[]>;
}

/** Resolves with the head of the answer. A kept connection that the server closed meanwhile is tried once more on a new one. */
async function answer(url: URL, parts: RequestParts, signal: AbortSignal): Promise<IncomingMessage> {
  const attempt = (): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? https.request : http.request;
      const request = send(url, { agent: parts.agent, headers: parts.headers, signal });
      request.on('response', resolve);
      request.on('error', (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(signal.aborted ? signal.reason : stale ? new StaleConnection() : error);
      });
      request.end();
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

function redirectOf(response: IncomingMessage): string | undefined {
  const status = response.statusCode ?? 0;
  const redirects = status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
  return redirects ? response.headers.location : undefined;
}

function readPage(
  response: IncomingMessage,
  request: PageRequest,
  buffers: PageBuffers,
): Promise<FetchedPage> {
  return new Promise((resolve, reject) => {
    const { signal, bodyLimitBytes } = request;
    const packed = response.headers['content-encoding']?.toLowerCase() === 'gzip';
    const gunzip = packed ? createGunzip() : undefined;
    const fail = (error: unknown): void => {
      signal.removeEventListener('abort', onAbort);
      gunzip?.destroy();
      response.destroy();
      reject(signal.aborted ? signal.reason : error);
    };
    const onAbort = (): void => fail(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });

    if (response.statusCode !== 200) {
      return fail(
        new Error(
          `server returned HTTP status ${response.statusCode} ${response.statusMessage ?? ''}`.trim(),
        ),
      );
    }
    const encoding = response.headers['content-encoding'];
    if (encoding && !packed && encoding !== 'identity') {
      return fail(
        new Error(
          `expected a page that is plain or packed with gzip, got Content-Encoding ${JSON.stringify(encoding)}`,
        ),
      );
    }
    const announced = Number(response.headers['content-length'] ?? 0);
    if (announced > bodyLimitBytes) return fail(new BodyLimitError(bodyLimitBytes));
    const body = new PageBody(
      bodyLimitBytes,
      packed ? request.expectedBytes : announced || request.expectedBytes,
      buffers,
    );

    const take = (chunk: Uint8Array): void => {
      try {
        body.append(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const done = (): void => {
      signal.removeEventListener('abort', onAbort);
      resolve({ body: body.take(), contentType: response.headers['content-type'] ?? '' });
    };
    response.on('error', (error: NodeJS.ErrnoException) =>
      fail(
        error.code === 'ECONNRESET'
          ? new Error('the connection was closed in the middle of the page')
          : error,
      ),
    );
    if (!gunzip) {
      response.on('data', take);
      response.on('end', done);
      return;
    }
    let packedBytes = 0;
    response.on('data', (chunk: Uint8Array) => {
      packedBytes += chunk.length;
      if (packedBytes > bodyLimitBytes) fail(new BodyLimitError(bodyLimitBytes));
    });
    gunzip.on('data', take);
    gunzip.on('end', done);
    gunzip.on('error', (error) => fail(new Error(`cannot unpack the page: ${error.message}`)));
    response.pipe(gunzip);
  });
}
