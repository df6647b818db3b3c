import net, { type Socket } from 'node:net';
import { PageAnswer } from './page-answer.ts';
import type { PageBuffers } from './page-buffers.ts';
import type { FetchedPage, PageRequest } from './page-client.ts';

/** Node sends nothing else either. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Somebody who sets these wants more than a plain request. */
const OWN_HEADERS = new Set([
  'host',
  'connection',
  'transfer-encoding',
  'content-length',
  'expect',
  'upgrade',
]);
/** Connections kept for one host while nothing is asked of them. */
const MAX_IDLE_PER_HOST = 4;

export type RequestHeaders = Readonly<Record<string, string | readonly string[]>>;

/**
 * Fetches plain pages over kept connections, at a third of what Node's own client costs: no stream, no message object, nothing
 * allocated per read. It knows plain TCP and plain answers only.
 */
export interface DirectPages {
  /**
   * Undefined when the answer is one for Node's own client, which then has to ask again.
   * @throws Error saying what went wrong; the connection is closed then
   */
  fetch(url: URL, headers: RequestHeaders, request: PageRequest): Promise<FetchedPage | undefined>;
  close(): void;
}

export function createDirectPages(buffers: PageBuffers): DirectPages {
  const idle = new Map<string, Connection[]>();
  const keep = (connection: Connection): void => {
    const kept = idle.get(connection.host);
    if (!kept) idle.set(connection.host, [connection]);
    else if (kept.length < MAX_IDLE_PER_HOST) kept.push(connection);
    else connection.destroy();
  };
  const forget = (connection: Connection): void => {
    const kept = idle.get(connection.host);
    const at = kept?.indexOf(connection) ?? -1;
    if (at < 0) return;
    kept!.splice(at, 1);
    if (kept!.length === 0) idle.delete(connection.host);
  };
  let isClosed = false;
  return {
    async fetch(url, headers, request) {
      const head = requestHead(url, headers);
      if (head === undefined) return undefined;
      for (;;) {
        const kept = idle.get(url.host)?.pop();
        const connection = kept ?? new Connection(url, buffers, forget);
        try {
          const page = await connection.fetch(head, request);
          if (connection.isReusable && !isClosed) keep(connection);
          else connection.destroy();
          return page;
        } catch (error) {
          connection.destroy();
          // The server closed it while it was kept: another one, in the end a new one, is tried.
          if (!(error instanceof StaleConnection)) throw error;
        }
      }
    },
    close() {
      isClosed = true;
      for (const kept of idle.values()) for (const connection of kept.splice(0)) connection.destroy();
      idle.clear();
    },
  };
}

class StaleConnection extends Error {}

interface Exchange {
  readonly answer: PageAnswer;
  readonly resolve: (page: FetchedPage | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** One connection to one host; one request at a time. */
class Connection {
  readonly host: string;
  isReusable = false;
  readonly #socket: Socket;
  readonly #buffers: PageBuffers;
  #exchange: Exchange | undefined;
  #failure: Error | undefined;
  #wasUsed = false;

  /** @param onGone called when the connection has ended */
  constructor(url: URL, buffers: PageBuffers, onGone: (connection: Connection) => void) {
    this.host = url.host;
    this.#buffers = buffers;
    const socket = net.connect({
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? 80 : Number(url.port),
      noDelay: true,
      onread: {
        // One buffer for all connections: what is read into it is copied before anything else is read.
        buffer: buffers.receive,
        callback: (length) => this.#read(length),
      },
    });
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#failure = error;
    });
    socket.on('close', () => {
      onGone(this);
      this.#end(this.#failure);
    });
  }

  fetch(head: string, request: PageRequest): Promise<FetchedPage | undefined> {
    const { signal } = request;
    if (signal.aborted) return Promise.reject(signal.reason);
    if (this.#socket.destroyed) return Promise.reject(new StaleConnection());
    this.isReusable = false;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#settle()?.reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      const done = (): void => signal.removeEventListener('abort', onAbort);
      this.#exchange = {
        answer: new PageAnswer(request.bodyLimitBytes, request.expectedBytes, this.#buffers),
        resolve(page) {
          done();
          resolve(page);
        },
        reject(error) {
          done();
          reject(error);
        },
      };
      this.#socket.write(head, 'latin1');
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(length: number): boolean {
    const exchange = this.#exchange;
    if (!exchange) {
      // Nothing was asked.
      this.#socket.destroy();
      return false;
    }
    const { answer } = exchange;
    try {
      switch (answer.push(this.#buffers.receive.subarray(0, length))) {
        case 'more':
          return true;
        case 'odd':
          this.#settle();
          exchange.resolve(undefined);
          return false;
        case 'done':
          this.#exchange = undefined;
          this.#wasUsed = true;
          this.isReusable = answer.keepsConnection;
          exchange.resolve({ body: answer.take(), contentType: answer.contentType });
          return true;
      }
    } catch (error) {
      this.#settle();
      exchange.reject(error);
      return false;
    }
  }

  /** Ends the exchange and the connection without a page; what is left is to tell. */
  #settle(): Exchange | undefined {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.answer.discard();
    this.#socket.destroy();
    return exchange;
  }

  #end(failure: Error | undefined): void {
    const exchange = this.#settle();
    if (!exchange) return;
    const { hasStarted } = exchange.answer;
    if (!hasStarted && this.#wasUsed) exchange.reject(new StaleConnection());
    else if (hasStarted) exchange.reject(new Error('the connection was closed in the middle of the page'));
    else exchange.reject(failure ?? new Error('socket hang up'));
  }
}

/** Undefined when a header cannot be sent. */
function requestHead(url: URL, headers: RequestHeaders): string | undefined {
  let head = `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nConnection: keep-alive\r\n`;
  for (const name of Object.keys(headers)) {
    if (!NAME.test(name) || OWN_HEADERS.has(name.toLowerCase())) return undefined;
    const value = headers[name]!;
    if (typeof value === 'string') {
      if (!SENDABLE.test(value)) return undefined;
      head += `${name}: ${value}\r\n`;
      continue;
    }
    for (const one of value) {
      if (!SENDABLE.test(one)) return undefined;
      head += `${name}: ${one}\r\n`;
    }
  }
  return `${head}\r\n`;
}
