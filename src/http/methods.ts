import type { Hono } from 'hono';

/** Methods under which an app knows a path, catch-alls not counted; none when it does not know the path. */
export function methodsOf(app: Hono, path: string): string[] {
  const methods = new Set<string>();
  for (const route of app.routes) {
    if (route.method === 'ALL' || route.path.includes('*')) continue;
    if (matchesPath(route.path, path)) methods.add(route.method);
  }
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods].sort();
}

/** Whether a route's path (`/label/:name/values`) is that of a request. */
function matchesPath(route: string, path: string): boolean {
  const wanted = route.split('/');
  const given = path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, i) => (part.startsWith(':') ? given[i] !== '' : part === given[i]))
  );
}

export function methodNotAllowed(methods: readonly string[]): Response {
  return new Response('Method Not Allowed\n', {
    status: 405,
    headers: { allow: methods.join(', '), 'content-type': 'text/plain; charset=utf-8' },
  });
}
