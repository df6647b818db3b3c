import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { HttpClientConfig } from '../config/http-client.ts';
import { hasSecretHeaders, secretHeaders } from '../net/auth.ts';
import { createHttpClient, type HttpClientDeps } from '../net/client.ts';
import { proxyChoice } from '../net/proxy.ts';
import { createDirectPages, type DirectRequest, directRequest, type PageAsk } from './direct-pages.ts';
import { BodyLimitError, PageBody } from './page-body.ts';
import type { PageBuffers } from './page-buffers.ts';

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
  /**
   * Prepares what is asked for again and again.
   * @throws Error, by the function it gives, saying what went wrong; the connection is closed then
   */
  page(place: PagePlace): (ask: PageAsk) => Promise<FetchedPage>;
  /** @throws Error saying what went wrong; the connection is closed then */
  fetch(request: PageRequest): Promise<FetchedPage>;
  close(): void;
}

export type PagePlace = Pick<PageRequest, 'url' | 'headers' | 'compressed'>;

/** Requests to a host that go through Node's client at once, after an answer that only it can read. */
const INDIRECT_REQUESTS = 100;

/** What gzip may add to a page that cannot be made smaller. */
const PACKING_BYTES = 64 * 1024;

/**
 * The body is written into one of `buffers`, and counted while it is read and again while it is unpacked. Where plain HTTP is all that
 * is needed, the cheaper direct connections are used; what they cannot read is asked for again by Node's client.
 */
export function createPageClient(
  config: HttpClientConfig,
  buffers: PageBuffers,
  deps: HttpClientDeps,
): PageClient {
  const client = createHttpClient(config, deps);
  const direct = createDirectPages(buffers);
  const proxyOf = proxyChoice(config, deps.environment);
  const indirect = new Map<string, number>();
  const isDirect = (host: string): boolean => {
    const left = indirect.get(host);
    if (left === undefined) return true;
    if (left > 1) indirect.set(host, left - 1);
    else indirect.delete(host);
    return false;
  };
  const canBeDirect = ({ compressed }: PagePlace, url: URL): boolean =>
    !compressed &&
    !config.oauth2 &&
    deps.socketPath === undefined &&
    url.protocol === 'http:' &&
    url.username === '' &&
    url.password === '' &&
    proxyOf(url) === undefined;

  const page = (place: PagePlace): ((ask: PageAsk) => Promise<FetchedPage>) => {
    const { url: address, compressed } = place;
    const url = URL.parse(address);
    const headers = { ...place.headers, 'accept-encoding': compressed ? 'gzip' : 'identity' };
    const fetchIndirect = async (ask: PageAsk): Promise<FetchedPage> =>
      readPage(await client.get({ url: address, headers, signal: ask.signal }), ask, buffers);
    if (!url || !canBeDirect(place, url)) return fetchIndirect;

    const fetchDirect = async (request: DirectRequest, ask: PageAsk): Promise<FetchedPage> => {
      const found = await direct.fetch(request, ask);
      if (found) return found;
      indirect.set(url.host, INDIRECT_REQUESTS);
      return fetchIndirect(ask);
    };
    if (!hasSecretHeaders(config)) {
      const request = directRequest(url, headers);
      if (!request) return fetchIndirect;
      return (ask) => (isDirect(url.host) ? fetchDirect(request, ask) : fetchIndirect(ask));
    }
    return async (ask) => {
      if (!isDirect(url.host)) return fetchIndirect(ask);
      const request = directRequest(url, { ...headers, ...(await secretHeaders(config)) });
      return request ? fetchDirect(request, ask) : fetchIndirect(ask);
    };
  };
  return {
    page,
    fetch: (request) => page(request)(request),
    close() {
      client.close();
      direct.close();
    },
  };
}

/** Reads an answer of status 200 to its end, into one of `buffers`. */
export function readPage(
  response: IncomingMessage,
  request: PageAsk,
  buffers: PageBuffers,
): Promise<FetchedPage> {
  return new Promise((resolve, reject) => {
    const { signal, bodyLimitBytes } = request;
    const encoding = response.headers['content-encoding']?.toLowerCase() ?? '';
    const packed = encoding === 'gzip';
    const gunzip = packed ? createGunzip() : undefined;
    let body: PageBody | undefined;
    const fail = (error: unknown): void => {
      body?.discard();
      body = undefined;
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
    if (encoding !== '' && !packed && encoding !== 'identity') {
      return fail(
        new Error(
          `expected a page that is plain or packed with gzip, got Content-Encoding ${JSON.stringify(encoding)}`,
        ),
      );
    }
    const declared = Number(response.headers['content-length'] ?? 0);
    const packedLimitBytes = bodyLimitBytes + (packed ? PACKING_BYTES : 0);
    if (declared >= packedLimitBytes) return fail(new BodyLimitError(bodyLimitBytes));
    try {
      body = new PageBody(
        bodyLimitBytes,
        request.expectedBytes,
        buffers,
        packed || declared === 0 ? undefined : declared,
      );
    } catch (error) {
      return fail(error);
    }

    const take = (chunk: Uint8Array): void => {
      try {
        body?.append(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const done = (): void => {
      signal.removeEventListener('abort', onAbort);
      if (!body) return;
      resolve({ body: body.take(), contentType: response.headers['content-type'] ?? '' });
    };
    response.on('error', (error: NodeJS.ErrnoException) =>
      fail(
        error.code === 'ECONNRESET'
          ? new Error('unexpected EOF: the connection was closed in the middle of the page')
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
      if (packedBytes >= packedLimitBytes) fail(new BodyLimitError(bodyLimitBytes));
    });
    gunzip.on('data', take);
    gunzip.on('end', done);
    gunzip.on('error', (error) => fail(new Error(`cannot unpack the page: ${error.message}`)));
    response.pipe(gunzip);
  });
}
