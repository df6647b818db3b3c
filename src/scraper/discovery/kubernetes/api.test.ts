import { expect, test } from 'vitest';
import { httpTarget } from '../../../testing/http-target.ts';
import { plainHttp } from '../plain-http.ts';
import { kubernetesApi } from './api.ts';

const MIB = 1024 * 1024;

const apiOf = (address: string) =>
  kubernetesApi({ baseUrl: `http://${address}`, http: plainHttp, ownNamespace: '' }, {
    environment: {},
    version: '1.2.3',
  } as Parameters<typeof kubernetesApi>[1]);

async function watched(address: string): Promise<unknown[]> {
  const api = apiOf(address);
  const events: unknown[] = [];
  try {
    for await (const event of api.watch(
      '/pods',
      new URLSearchParams(),
      new AbortController().signal,
      () => {},
    ))
      events.push(event);
  } finally {
    api.close();
  }
  return events;
}

test('an event that does not end is cut', async () => {
  let sent = 0;
  await using server = await httpTarget((_, response) => {
    response.writeHead(200);
    const more = (): void => {
      for (; sent < 40 && !response.destroyed; sent++) {
        if (!response.write('x'.repeat(MIB))) return void response.once('drain', more);
      }
      if (sent === 40) response.end();
    };
    more();
  });
  await expect(watched(server.address)).rejects.toThrow('expected events of at most 16777216 characters');
  expect(sent).toBeLessThan(40);
});

test('events come line by line, however the bytes arrive', async () => {
  await using server = await httpTarget((_, response) => {
    response.writeHead(200);
    const bytes = Buffer.from('{"type":"ADDED","object":{"name":"ä"}}\n\n{"type":"DELETED"}\n{"cut');
    const at = bytes.indexOf(0xc3) + 1;
    response.write(bytes.subarray(0, at), () => response.end(bytes.subarray(at)));
  });
  expect(await watched(server.address)).toEqual([
    { type: 'ADDED', object: { name: 'ä' } },
    { type: 'DELETED' },
  ]);
});

test.each([
  ['its message', JSON.stringify({ kind: 'Status', message: 'pods is forbidden' }), 'pods is forbidden'],
  ['its status where the answer is no Status', '<html>', 'Forbidden'],
  ['its status where the answer is very long', JSON.stringify({ message: 'x'.repeat(MIB) }), 'Forbidden'],
])('a refusal is told by %s', async (_, body, said) => {
  await using server = await httpTarget((_, response) => response.writeHead(403).end(body));
  const api = apiOf(server.address);
  const listing = api.list('/pods', new URLSearchParams(), new AbortController().signal);
  await expect(listing).rejects.toMatchObject({
    status: 403,
    message: `the API server answered 403 ${said}`,
  });
  api.close();
});
