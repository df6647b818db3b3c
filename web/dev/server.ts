import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { createFakeApi, type FakeApi, type Scenario } from './fake-api.ts';

/** The policy the page must live with: nothing inline, nothing from elsewhere. */
const CONTENT_SECURITY_POLICY =
  "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.map': 'application/json',
};

export interface FakeServer {
  readonly url: string;
  readonly api: FakeApi;
  close(): Promise<void>;
}

/** Anything with a `fetch` of its own, such as a Hono app; asked first for paths under /api/. */
export interface FetchApp {
  fetch(request: Request): Response | Promise<Response>;
}

/** Serves the built page from `webDir` with made-up data behind it. For development and for the browser test; not shipped. */
export async function startFakeServer(options: {
  webDir: string;
  scenario: Scenario;
  port?: number;
  extra?: FetchApp;
}): Promise<FakeServer> {
  const api = createFakeApi(options.scenario, Date.now);
  const server: Server = createServer((request, response) => {
    void respond(request, response, api, options).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    api,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  api: FakeApi,
  { webDir, extra }: { webDir: string; extra?: FetchApp },
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname.startsWith('/api/')) {
    const body = await readBody(request);
    if (url.pathname === '/api/batch') {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.end(batchAnswer(api, body));
      return;
    }
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded');
    const query = isForm ? new URLSearchParams(body) : url.searchParams;
    const answer = api.answer(request.method ?? 'GET', url.pathname, query, body);
    if (answer) {
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
      return;
    }
    const given = extra
      ? await extra.fetch(
          new Request(url, {
            method: request.method,
            headers: { 'if-none-match': request.headers['if-none-match'] ?? '' },
            ...(body ? { body } : {}),
          }),
        )
      : undefined;
    response.writeHead(given?.status ?? 404, {
      'content-type': given?.headers.get('content-type') ?? 'text/plain',
      etag: given?.headers.get('etag') ?? '',
    });
    response.end(given ? await given.text() : 'not found');
    return;
  }
  const file = normalize(url.pathname);
  const isAsset = extname(file) !== '' && !file.startsWith('/d/');
  const content = await readFile(join(webDir, isAsset ? file : 'index.html')).catch(() => undefined);
  if (!content) {
    response.writeHead(404).end('not found');
    return;
  }
  response.writeHead(200, {
    'content-type': TYPES[isAsset ? extname(file) : '.html'] ?? 'application/octet-stream',
    'content-security-policy': CONTENT_SECURITY_POLICY,
  });
  response.end(content);
}

/** A line for each query of a batch, as `src/http/batch.ts` answers. */
function batchAnswer(api: FakeApi, body: string): string {
  const { queries } = JSON.parse(body) as { queries: Record<string, string | number>[] };
  return queries
    .map((wanted, i) => {
      const query = new URLSearchParams(
        Object.entries(wanted).map(([name, value]): [string, string] => [name, String(value)]),
      );
      const path = 'step' in wanted ? '/api/v1/query_range' : '/api/v1/query';
      const answer = api.answer('GET', path, query, '')!;
      return `${JSON.stringify({ i, status: answer.status, answer: answer.body })}\n`;
    })
    .join('');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
