import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Takes the path under which everything is served off a request's address, as upstream's `--web.route-prefix`; the root leads there.
 * @param prefix empty or `/path`
 * @returns false when the request is answered
 */
export function takePrefix(prefix: string, request: IncomingMessage, response: ServerResponse): boolean {
  if (prefix === '') return true;
  const url = request.url ?? '/';
  if (url.startsWith(`${prefix}/`)) {
    request.url = url.slice(prefix.length);
    return true;
  }
  if (url === '/' || url === prefix) response.writeHead(302, { location: `${prefix}/` }).end();
  else response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('not found\n');
  return false;
}
