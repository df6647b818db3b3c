import http from 'node:http';
import net from 'node:net';
import { Hono } from 'hono';
import { afterEach, expect, test } from 'vitest';
import { type HttpServer, listen } from './listen.ts';

const PAGE = 'x'.repeat(64 * 1024 * 1024);
let server: HttpServer;
let isClosed = false;

/** Serves large pages, and small ones after a while. */
async function start(stalledMs?: number): Promise<void> {
  const direct = (request: http.IncomingMessage, response: http.ServerResponse): boolean => {
    if (request.url === '/slow') setTimeout(() => response.end('done'), 3 * stalledMs!);
    else if (request.url === '/patience') response.end(String(request.socket.timeout));
    else {
      response.end(PAGE);
      response.once('close', () => {
        isClosed = true;
      });
    }
    return true;
  };
  server = await listen({ host: '127.0.0.1', port: 0 }, { app: new Hono(), direct }, undefined, stalledMs);
}
afterEach(() => server.close());

test('a client that takes nothing of its answer is cut', async () => {
  await start(700);
  const socket = net.connect(server.port, '127.0.0.1').pause();
  socket.on('error', () => {});
  socket.write('GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await expect.poll(() => isClosed, { timeout: 20_000 }).toBe(true);
  expect(socket.destroyed).toBe(false);
  socket.destroy();
});

test('unless told otherwise, after half a minute', async () => {
  await start();
  expect(await (await fetch(`http://127.0.0.1:${server.port}/patience`)).text()).toBe('30000');
});

test('one that waits for an answer that takes long is not', async () => {
  await start(700);
  const text = await (await fetch(`http://127.0.0.1:${server.port}/slow`)).text();
  expect(text).toBe('done');
});

test('nor is one that takes it slowly', async () => {
  const stalledMs = 1500;
  await start(stalledMs);
  const begun = performance.now();
  const got = await new Promise<number>((resolve, reject) => {
    let bytes = 0;
    const request = http.get({ port: server.port, host: '127.0.0.1', path: '/large' }, (response) => {
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (performance.now() - begun > 2 * stalledMs) return;
        response.pause();
        setTimeout(() => response.resume(), 25);
      });
      response.once('end', () => resolve(bytes));
      response.once('error', reject);
    });
    request.once('error', reject);
  });
  expect(got).toBe(PAGE.length);
  expect(performance.now() - begun).toBeGreaterThan(2 * stalledMs);
});
