import { type Clock, sleep } from '../../../clock.ts';
import { expectList, type Json, mapping, text } from '../json.ts';
import { ApiRefusal, type KubernetesApi } from './api.ts';
import { Backoff } from './backoff.ts';
import { jsonKey } from './resources.ts';

export interface ResourceSink {
  put(object: Json): void;
  /** All objects have been put, and those with other keys are gone. */
  listed(keys: ReadonlySet<string>): void;
  remove(object: Json): void;
  /** Why nothing new is known, or undefined when all is well again. */
  problem(what: string | undefined): void;
}

/** Objects per page of a list: a page is parsed in one go. */
const PAGE_OBJECTS = 100;
/** The server ends a watch after so long, plus up to as much again; that it hung is noticed then at the latest. */
const WATCH_SECONDS = 300;
const GRACE_SECONDS = 30;
/** A watch that ends sooner is not begun again at once. */
const SHORT_WATCH_MS = 1000;
const GONE = 410;

/**
 * Keeps up with a collection: lists it, then watches from the list's version on; a watch that ends goes on where it was, and one whose
 * version the server has forgotten begins with a new list. Ends when `signal` is aborted.
 */
export async function watchResource(deps: {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly path: string;
  readonly selectors: Readonly<Record<string, string>>;
  readonly sink: ResourceSink;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { clock, sink, signal } = deps;
  const backoff = new Backoff();
  let version: string | undefined;
  while (!signal.aborted) {
    const began = clock.monotonic();
    try {
      if (version === undefined) {
        version = await listAll(deps);
        if (signal.aborted) return;
      }
      version = await watchFrom(version, deps, (seen) => {
        version = seen;
      });
      if (clock.monotonic() - began >= SHORT_WATCH_MS) {
        backoff.reset();
        continue;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiRefusal) version = undefined;
      const isForgotten = error instanceof ApiRefusal && error.status === GONE;
      if (!isForgotten) sink.problem((error as Error).message);
    }
    await sleep(clock, backoff.next(), signal).catch(() => {});
  }
}

type Collection = Parameters<typeof watchResource>[0];

/** Resolves with the version of the list. Objects are handed on page by page. */
async function listAll(collection: Collection): Promise<string> {
  const { api, path, selectors, sink, signal } = collection;
  const keys = new Set<string>();
  let next = '';
  for (;;) {
    const query = new URLSearchParams({ ...selectors, limit: String(PAGE_OBJECTS) });
    if (next !== '') query.set('continue', next);
    const page = await api.list(path, query, signal);
    if (signal.aborted) return '';
    // Go writes an empty list so.
    const items = page.items === null ? [] : expectList(page.items, path);
    for (const object of items.map(mapping)) {
      keys.add(jsonKey(object));
      sink.put(object);
    }
    const meta = mapping(page.metadata);
    next = text(meta.continue);
    if (next !== '') continue;
    sink.listed(keys);
    return text(meta.resourceVersion);
  }
}

/** Resolves with the last version seen when the server ends the watch. @throws ApiRefusal when it has forgotten the version */
async function watchFrom(
  from: string,
  collection: Collection,
  onVersion: (version: string) => void,
): Promise<string> {
  const { api, clock, path, selectors, sink, signal } = collection;
  const seconds = Math.round(WATCH_SECONDS * (1 + Math.random()));
  const query = new URLSearchParams({
    ...selectors,
    watch: '1',
    resourceVersion: from,
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(seconds),
  });
  const cut = new AbortController();
  const onAbort = (): void => cut.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const hung = new Error('the API server did not end the watch when it should have');
  const deadline = clock.after((seconds + GRACE_SECONDS) * 1000, () => cut.abort(hung));
  let version = from;
  try {
    for await (const event of api.watch(path, query, cut.signal, () => sink.problem(undefined))) {
      if (signal.aborted) break;
      const { type, object } = mapping(event);
      const subject = mapping(object);
      if (type === 'ERROR') throw refusalOf(subject);
      if (type === 'ADDED' || type === 'MODIFIED') sink.put(subject);
      else if (type === 'DELETED') sink.remove(subject);
      version = text(mapping(subject.metadata).resourceVersion) || version;
      onVersion(version);
    }
    return version;
  } finally {
    deadline.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

function refusalOf(status: Json): ApiRefusal {
  const code = typeof status.code === 'number' ? status.code : 0;
  return new ApiRefusal(code, `the API server ended the watch: ${text(status.message) || code}`);
}
