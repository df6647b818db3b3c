import http from 'node:http';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { limitedBody } from './body-limit.ts';
import { listen } from './listen.ts';

/** Sends a body over a connection that is kept; the status, and over which of the connections. */
function post(agent: http.Agent, port: number, body: Buffer, isDeclared: boolean) {
  return new Promise<{ status: number; port: number | undefined }>((resolve, reject) => {
    const headers = isDeclared ? { 'content-length': body.length } : { 'transfer-encoding': 'chunked' };
    const request = http.request({ agent, port, host: '127.0.0.1', method: 'POST', headers }, (response) => {
      const { localPort } = request.socket!;
      response.resume().once('end', () => resolve({ status: response.statusCode!, port: localPort }));
    });
    request.once('error', reject);
    request.end(body);
  });
}

test('a body that is declared too large is refused, and the connection stays', async () => {
  const app = new Hono();
  app.post('/', limitedBody(1000), async (c) => c.text(`${(await c.req.text()).length}`));
  const server = await listen({ host: '127.0.0.1', port: 0 }, { app, direct: () => false });
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const send = (bytes: number, isDeclared = true) =>
    post(agent, server.port, Buffer.alloc(bytes, 97), isDeclared);
  const first = await send(1000);
  const refused = await send(500_000);
  expect([first.status, refused.status]).toEqual([200, 413]);
  // Longer than unread bodies are waited for.
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(await send(1)).toEqual({ status: 200, port: first.port });
  expect((await send(1000, false)).status).toBe(200);
  expect((await send(1001, false)).status).toBe(413);
  agent.destroy();
  server.close();
});
