import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { testCertificate } from '../../../testing/certificate.ts';

type Json = Record<string, unknown>;

export interface KubernetesObject extends Json {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
}

interface Event {
  readonly version: number;
  readonly collection: string;
  readonly type: string;
  readonly object: KubernetesObject;
}

interface Watch {
  readonly collection: string;
  readonly namespace: string;
  readonly selector: string;
  readonly response: ServerResponse;
}

/** Answers list and watch over TLS to whoever has the token, as an API server does, as far as a client can tell. */
export class KubernetesApiServer {
  readonly certificate = testCertificate('kubernetes.default.svc');
  readonly token = 'service-account-token';
  /** `GET /api/v1/pods?…`, in turn. */
  readonly requests: string[] = [];
  /** Status with which requests are refused, by the collection's plural or its path. */
  readonly refused = new Map<string, number>();
  readonly #objects = new Map<string, Map<string, KubernetesObject>>();
  readonly #server: https.Server;
  #events: Event[] = [];
  #watches: Watch[] = [];
  #version = 100;
  #forgotten = 0;
  /** Whether an expired version is told by an event of the watch rather than by its status. */
  expiresLate = false;

  constructor() {
    const { key, cert } = this.certificate;
    this.#server = https.createServer({ key, cert }, (request, response) => this.#answer(request, response));
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  watchCount(): number {
    return this.#watches.length;
  }

  /** Adds or replaces an object of `pods`, `nodes` and so on. */
  put(collection: string, object: KubernetesObject): void {
    const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    const all = this.#objects.get(collection) ?? new Map<string, KubernetesObject>();
    this.#objects.set(collection, all);
    this.#tell(collection, all.has(key) ? 'MODIFIED' : 'ADDED', object, (stored) => all.set(key, stored));
  }

  remove(collection: string, name: string, namespace = ''): void {
    const all = this.#objects.get(collection)!;
    const key = `${namespace}/${name}`;
    const object = all.get(key)!;
    this.#tell(collection, 'DELETED', object, () => all.delete(key));
  }

  /** Tells the watches how far they are, without news. */
  bookmark(): void {
    const metadata = { resourceVersion: String(++this.#version), name: '' };
    for (const watch of this.#watches) send(watch.response, 'BOOKMARK', { metadata });
  }

  /** Versions up to now are known no more. */
  forget(): void {
    this.#forgotten = this.#version;
    this.#events = [];
  }

  /** Ends the watches: cleanly, or in the middle of an event. */
  endWatches(how: 'clean' | 'broken'): void {
    const watches = this.#watches;
    this.#watches = [];
    for (const { response } of watches) {
      if (how === 'clean') response.end();
      else response.write('{"type":"ADD', () => response.socket?.destroy());
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    this.certificate[Symbol.dispose]();
  }

  #tell(
    collection: string,
    type: string,
    object: KubernetesObject,
    store: (stored: KubernetesObject) => void,
  ): void {
    const version = ++this.#version;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    store(stored);
    const event = { version, collection, type, object: stored };
    this.#events.push(event);
    for (const watch of this.#watches) if (concerns(event, watch)) send(watch.response, type, stored);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, 'https://kubernetes');
    this.requests.push(decodeURIComponent(url.pathname + url.search));
    if (request.headers.authorization !== `Bearer ${this.token}`)
      return void refuse(response, 401, 'Unauthorized');
    const [, namespace = '', collection] =
      /^\/apis?\/.*?(?:\/namespaces\/([^/]+))?\/([a-z]+)$/.exec(url.pathname) ?? [];
    const refusal = this.refused.get(collection ?? '') ?? this.refused.get(url.pathname);
    if (refusal !== undefined) return void refuse(response, refusal, `${collection} is forbidden`);
    const scope = {
      collection: collection!,
      namespace,
      selector: url.searchParams.get('labelSelector') ?? '',
    };
    if (url.searchParams.get('watch'))
      this.#watch(scope, Number(url.searchParams.get('resourceVersion')), response);
    else this.#list(scope, url.searchParams, response);
  }

  #list(scope: Omit<Watch, 'response'>, query: URLSearchParams, response: ServerResponse): void {
    const all = [...(this.#objects.get(scope.collection)?.values() ?? [])].filter((object) =>
      concerns({ version: 0, type: '', collection: scope.collection, object }, scope),
    );
    const from = Number(query.get('continue') ?? 0);
    const limit = Number(query.get('limit') ?? all.length);
    const rest = from + limit < all.length ? { continue: String(from + limit) } : {};
    const body = {
      kind: 'List',
      metadata: { resourceVersion: String(this.#version), ...rest },
      items: all.slice(from, from + limit),
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  #watch(scope: Omit<Watch, 'response'>, version: number, response: ServerResponse): void {
    const isForgotten = version < this.#forgotten;
    const expired = { kind: 'Status', code: 410, message: 'too old resource version' };
    if (isForgotten && !this.expiresLate) return void refuse(response, 410, expired.message);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (isForgotten) {
      send(response, 'ERROR', expired);
      return void response.end();
    }
    const watch = { ...scope, response };
    for (const event of this.#events)
      if (event.version > version && concerns(event, watch)) send(response, event.type, event.object);
    this.#watches.push(watch);
    response.on('close', () => {
      this.#watches = this.#watches.filter((other) => other !== watch);
    });
  }
}

function concerns(event: Event, scope: Omit<Watch, 'response'>): boolean {
  const { metadata } = event.object;
  const [label, value] = scope.selector.split('=');
  const labels = (metadata.labels ?? {}) as Record<string, string>;
  return (
    event.collection === scope.collection &&
    (scope.namespace === '' || metadata.namespace === scope.namespace) &&
    (scope.selector === '' || labels[label!] === value)
  );
}

function send(response: ServerResponse, type: string, object: unknown): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}

function refuse(response: ServerResponse, code: number, message: string): void {
  const status = { kind: 'Status', code, message };
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(status));
}
