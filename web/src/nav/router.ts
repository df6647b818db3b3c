import { computed, type ReadonlySignal, signal } from '@preact/signals';

export type QueryChange = Readonly<Record<string, string | undefined>>;

/** Where the page is. The URL is the only copy of this state; paths are given without the server's prefix. */
export interface Router {
  readonly path: ReadonlySignal<string>;
  readonly query: ReadonlySignal<URLSearchParams>;
  /** Goes to `/path?query`; `replace` leaves no step in the history. */
  go(to: string, options?: { replace?: boolean }): void;
  /** Changes some parameters of this place; undefined removes one. */
  setQuery(change: QueryChange, options?: { replace?: boolean }): void;
  /** The address of a path for an `href`, with the server's prefix. */
  href(to: string): string;
}

/** @param base path of the page's root, with a slash at both ends */
export function createRouter(window: Window, base: string): Router {
  const read = (): URL => new URL(window.location.href);
  const location = signal(read());
  const href = (to: string): string => base + to.replace(/^\//, '');

  const go: Router['go'] = (to, options) => {
    const address = href(to);
    if (options?.replace) window.history.replaceState(null, '', address);
    else window.history.pushState(null, '', address);
    location.value = read();
  };
  const redirectOldLinks = (): void => {
    const target = alertmanagerLink(read().hash);
    if (target !== undefined) go(target, { replace: true });
  };

  window.addEventListener('popstate', () => {
    location.value = read();
    redirectOldLinks();
  });
  window.addEventListener('hashchange', redirectOldLinks);
  window.document.addEventListener('click', (event) => {
    const target = localLink(event, base);
    if (target === undefined) return;
    event.preventDefault();
    const samePage = target.pathname === location.value.pathname;
    window.history.pushState(null, '', target);
    location.value = read();
    if (!samePage) window.scrollTo(0, 0);
  });
  redirectOldLinks();

  const path = computed(() => `/${location.value.pathname.slice(base.length).replace(/\/+$/, '')}`);
  return {
    path,
    query: computed(() => location.value.searchParams),
    go,
    setQuery(change, options) {
      const query = new URLSearchParams(location.value.search);
      for (const [name, value] of Object.entries(change)) {
        if (value === undefined) query.delete(name);
        else query.set(name, value);
      }
      const text = query.toString();
      go(text === '' ? path.value : `${path.value}?${text}`, options);
    },
    href,
  };
}

/** Alertmanager's links, which stand in notifications already sent: `#/alerts?…`, `#/silences/<id>`, `#/status`. */
export function alertmanagerLink(hash: string): string | undefined {
  const match = /^#\/(alerts|silences|status)(?:\/([^?]*))?(?:\?(.*))?$/.exec(hash);
  if (!match) return undefined;
  const [, page, rest, query] = match;
  if (page === 'status') return '/status';
  const params = new URLSearchParams(query ?? '');
  if (page === 'silences') {
    params.set('show', 'silences');
    if (rest !== undefined && rest !== '' && rest !== 'new') params.set('silence', decodeURIComponent(rest));
  }
  const text = params.toString();
  return text === '' ? '/alerts' : `/alerts?${text}`;
}

/** The address of a plain click on a link into the page itself. */
function localLink(event: MouseEvent, base: string): URL | undefined {
  if (event.defaultPrevented || event.button !== 0) return undefined;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return undefined;
  const anchor = (event.target as Element | null)?.closest?.('a[href]');
  if (!(anchor instanceof HTMLAnchorElement)) return undefined;
  if ((anchor.target !== '' && anchor.target !== '_self') || anchor.hasAttribute('download'))
    return undefined;
  const url = new URL(anchor.href);
  const isOurs = url.origin === window.location.origin && url.pathname.startsWith(base);
  const isPage = !/^(api|metrics|federate|status-page|-)(\/|$)/.test(url.pathname.slice(base.length));
  return isOurs && isPage ? url : undefined;
}
