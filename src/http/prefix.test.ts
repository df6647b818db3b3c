import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { filesIn } from '../program-files.ts';
import { assetRoutes } from './assets.ts';
import type { DirectHandler } from './direct.ts';
import { listen } from './listen.ts';

test('under a route prefix everything is there and nothing is elsewhere; the root leads to it', async () => {
  const app = new Hono();
  app.all('*', async (c) => c.text(`${c.req.method} ${c.req.path} ${await c.req.text()}`));
  const direct: DirectHandler = (request, response) => {
    const isTaken = request.url === '/direct';
    if (isTaken) response.end('direct');
    return isTaken;
  };
  const server = await listen({ host: '127.0.0.1', port: 0 }, { app, direct, prefix: '/monitor' });
  const ask = async (pathname: string, init?: RequestInit) => {
    const url = `http://127.0.0.1:${server.port}${pathname}`;
    const answer = await fetch(url, { ...init, redirect: 'manual' });
    return [answer.status, answer.headers.get('location') ?? (await answer.text())];
  };
  try {
    expect(await ask('/monitor/api/v1/query?query=up')).toEqual([200, 'GET /api/v1/query ']);
    expect(await ask('/monitor/x', { method: 'POST', body: 'query=up' })).toEqual([200, 'POST /x query=up']);
    expect(await ask('/monitor/direct')).toEqual([200, 'direct']);
    expect(await ask('/')).toEqual([302, '/monitor/']);
    expect(await ask('/monitor')).toEqual([302, '/monitor/']);
    expect(await ask('/api/v1/query')).toEqual([404, 'not found\n']);
    expect(await ask('/monitors/x')).toEqual([404, 'not found\n']);
  } finally {
    server.close();
  }
});

test('the page names its files under the prefix', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-prefix-'));
  fs.writeFileSync(
    path.join(folder, 'index.html'),
    '<script src="/assets/a.js"></script><link href="/x.svg">',
  );
  const app = assetRoutes(filesIn(folder), () => '/monitor');
  expect(await (await app.request('/alerts')).text()).toBe(
    '<script src="/monitor/assets/a.js"></script><link href="/monitor/x.svg">',
  );
  fs.rmSync(folder, { recursive: true });
});
