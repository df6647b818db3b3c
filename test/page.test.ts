import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { startAppliance, temporaryFolder } from './harness/appliance.ts';

test('the page and its files come out of the executable, compressed; addresses of the page lead to it, others nowhere', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder('page');
  stack.defer(() => fs.rmSync(folder, { recursive: true, force: true }));
  const config = path.join(folder, 'belfry.yaml');
  fs.writeFileSync(config, '');
  const belfry = await startAppliance(stack, { config, data: path.join(folder, 'data') });
  const index = await (await fetch(`${belfry.url}/`)).text();
  const files = [...index.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]!);
  expect(files.length).toBeGreaterThan(2);
  for (const file of files) expect([file, (await fetch(belfry.url + file)).status]).toEqual([file, 200]);
  const script = files.find((file) => file.startsWith('/assets/') && file.endsWith('.js'))!;
  const packed = await fetch(belfry.url + script, { headers: { 'accept-encoding': 'br' } });
  expect(packed.headers.get('content-encoding')).toBe('br');
  expect(packed.headers.get('cache-control')).toContain('immutable');
  for (const address of ['/alerts', '/d/uid/slug', '/nothing.js']) {
    expect([address, await (await fetch(belfry.url + address)).text()]).toEqual([address, index]);
  }
  expect((await fetch(`${belfry.url}/assets/nothing.js`)).status).toBe(404);
});
