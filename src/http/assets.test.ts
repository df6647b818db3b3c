import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { filesIn } from '../program-files.ts';
import { assetRoutes } from './assets.ts';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'belfry-assets-'));
afterAll(() => fs.rmSync(folder, { recursive: true }));
fs.mkdirSync(path.join(folder, 'web/assets'), { recursive: true });
fs.writeFileSync(path.join(folder, 'secret.txt'), 'secret');
fs.writeFileSync(path.join(folder, 'web/index.html'), '<!doctype html>page');
fs.writeFileSync(path.join(folder, 'web/assets/main-abc.js'), 'code()');
fs.writeFileSync(path.join(folder, 'web/assets/main-abc.js.br'), 'packed');
const app = assetRoutes(filesIn(path.join(folder, 'web')));

test.each(['/', '/alerts', '/d/uid/slug', '/graph?g0.expr=up', '/%zz'])('%s is the page', async (address) => {
  const response = await app.request(address);
  expect(response.status).toBe(200);
  expect(await response.text()).toContain('page');
  expect(response.headers.get('cache-control')).toBe('no-cache');
});

test('a hashed file is cached for ever, compressed for who takes it, and not sent twice', async () => {
  const plain = await app.request('/assets/main-abc.js');
  expect(await plain.text()).toBe('code()');
  expect(plain.headers.get('cache-control')).toContain('immutable');
  const packed = await app.request('/assets/main-abc.js', { headers: { 'accept-encoding': 'gzip, br' } });
  expect(packed.headers.get('content-encoding')).toBe('br');
  expect(await packed.text()).toBe('packed');
  const etag = plain.headers.get('etag')!;
  expect((await app.request('/assets/main-abc.js', { headers: { 'if-none-match': etag } })).status).toBe(304);
});

test.each(['/assets/none.js', '/assets/..%2f..%2fsecret.txt', '/assets/main-abc.js.br'])(
  '%s is not there',
  async (address) => {
    expect((await app.request(address)).status).toBe(404);
  },
);

test.each(['/../secret.txt', '/..%2fsecret.txt', '//secret.txt'])(
  '%s leads nowhere out of the folder',
  async (address) => {
    expect(await (await app.request(address)).text()).not.toContain('secret');
  },
);
