/** Where to go after login: the address that led here, when it is one of ours. @param base the page's root, with a slash at its end */
export function safeNext(here: Pick<Location, 'search' | 'hash'>, base: URL): string {
  const wanted = new URLSearchParams(here.search).get('next') ?? '';
  // One slash and a path; two would be another host, a backslash is a slash to browsers.
  const isOurs = /^\/(?![/\\])/.test(wanted) && new URL(wanted, base).origin === base.origin;
  const path = isOurs ? wanted.replace(/^\//, '') : '';
  const url = new URL(path, base);
  if (/\/login$/.test(url.pathname)) return base.href + here.hash;
  return url.href + here.hash;
}

/** The login page's address that leads back to `here`. */
export function loginAddress(here: Pick<Location, 'pathname' | 'search' | 'hash'>, base: URL): string {
  const path = `/${here.pathname.slice(base.pathname.length)}`;
  const url = new URL('login', base);
  if (path !== '/' || here.search !== '') url.searchParams.set('next', path + here.search);
  return url.href + here.hash;
}
