import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { httpTarget, rawTarget, sendPage } from '../testing/http-target.ts';
import {
  createDirectPages,
  type DirectRequest,
  directRequest,
  type PageAsk,
  type RequestHeaders,
} from './direct-pages.ts';
import { PageBuffers } from './page-buffers.ts';

const request = (signal = new AbortController().signal): PageAsk => ({
  bodyLimitBytes: 5_000_000,
  expectedBytes: 0,
  signal,
});
const to = (url: string, headers: RequestHeaders = {}): DirectRequest =>
  directRequest(new URL(url), headers)!;

test('pages of several targets at once are kept apart, whatever their sizes', async () => {
  const page = (i: number, n: number): string => `metric_${i} ${n}\n`.repeat(1 + i * 2000);
  const targets = await Promise.all(
    Array.from({ length: 8 }, (_, i) => {
      let n = 0;
      return httpTarget((asked, response) => {
        const text = page(i, n++);
        if (asked.url === '/chunked') response.writeHead(200).write(text.slice(0, 10));
        else response.writeHead(200, { 'content-length': text.length });
        response.end(asked.url === '/chunked' ? text.slice(10) : text);
      });
    }),
  );
  const direct = createDirectPages(new PageBuffers());
  for (let n = 0; n < 6; n++) {
    const pages = await Promise.all(
      targets.map(({ address }) =>
        direct.fetch(to(`http://${address}/${n % 2 ? 'chunked' : ''}`), request()),
      ),
    );
    for (const [i, found] of pages.entries()) expect(Buffer.from(found!.body).toString()).toBe(page(i, n));
  }
  for (const target of targets) {
    expect(target.connections()).toBe(1);
    await target[Symbol.asyncDispose]();
  }
  direct.close();
});

test('requests to one host at the same time have connections of their own', async () => {
  const held: (() => void)[] = [];
  await using target = await httpTarget((asked, response) => {
    held.push(() => sendPage(response, `${asked.url}\n`));
    if (held.length === 3) for (const answer of held.splice(0).reverse()) answer();
  });
  const direct = createDirectPages(new PageBuffers());
  const pages = await Promise.all(
    ['/a', '/b', '/c'].map((path) => direct.fetch(to(`http://${target.address}${path}`), request())),
  );
  expect(pages.map((page) => Buffer.from(page!.body).toString())).toEqual(['/a\n', '/b\n', '/c\n']);
  expect(target.connections()).toBe(3);
  direct.close();
});

test('what a server says unasked ends the connection, and is not the next answer', async () => {
  const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfake\n';
  const sockets: Socket[] = [];
  await using target = await rawTarget((socket) => {
    sockets.push(socket);
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n');
  });
  const direct = createDirectPages(new PageBuffers());
  for (let n = 1; n <= 3; n++) {
    const page = await direct.fetch(to(`http://${target.address}/`), request());
    expect(Buffer.from(page!.body).toString()).toBe('a 1\n');
    expect(sockets).toHaveLength(n);
    const ended = once(sockets.at(-1)!, 'close');
    sockets.at(-1)!.write(poison);
    await ended;
  }
  direct.close();
});

test('an answer that comes together with another is nobody’s page', async () => {
  const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n';
  await using target = await rawTarget((socket) => void socket.write(answer + answer));
  const direct = createDirectPages(new PageBuffers());
  expect(await direct.fetch(to(`http://${target.address}/`), request())).toBeUndefined();
  direct.close();
});

test('headers that cannot be sent as they are go to the full client', () => {
  const url = new URL('http://127.0.0.1:1/');
  for (const headers of [
    { 'x-key': 'a\r\nx: b' },
    { 'x-key': 'a\0' },
    { 'x-key': 'ä€' },
    { 'x key': 'a' },
    { 'x-key:': 'a' },
    { 'x-list': ['a', 'b\n'] },
    { Host: 'elsewhere' },
    { 'Transfer-Encoding': 'chunked' },
  ]) {
    expect(directRequest(url, headers as unknown as RequestHeaders)).toBeUndefined();
  }
});

test('an aborted request ends its connection; the next one is not disturbed', async () => {
  let isHeld = true;
  const reached = Promise.withResolvers<void>();
  await using target = await httpTarget((_, response) => {
    if (!isHeld) return sendPage(response, 'a 1\n');
    response.writeHead(200, { 'content-length': 100 });
    response.write('half');
    reached.resolve();
  });
  const direct = createDirectPages(new PageBuffers());
  const url = to(`http://${target.address}/`);
  const cut = new AbortController();
  const page = direct.fetch(url, request(cut.signal));
  await reached.promise;
  cut.abort(new Error('too late'));
  await expect(page).rejects.toThrow('too late');
  await expect(direct.fetch(url, request(cut.signal))).rejects.toThrow('too late');
  isHeld = false;
  expect(Buffer.from((await direct.fetch(url, request()))!.body).toString()).toBe('a 1\n');
  direct.close();
});

test('an odd answer is nobody’s page', async () => {
  await using target = await rawTarget((socket) => void socket.end('HTTP/1.0 200 OK\r\n\r\na 1\n'));
  const direct = createDirectPages(new PageBuffers());
  expect(await direct.fetch(to(`http://${target.address}/`), request())).toBeUndefined();
  direct.close();
});

test('nothing stays open after close, nor what is asked later', async () => {
  await using target = await httpTarget((_, response) => sendPage(response, 'a 1\n'));
  const direct = createDirectPages(new PageBuffers());
  const url = to(`http://${target.address}/`);
  await direct.fetch(url, request());
  const ended = once(target.requests[0]!.socket, 'close');
  direct.close();
  await ended;
  const page = direct.fetch(url, request());
  await page;
  if (!target.requests[1]!.socket.destroyed) await once(target.requests[1]!.socket, 'close');
});
