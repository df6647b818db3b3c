import { expect, test } from 'vitest';
import { httpSdConfig } from '../../config/discovery/http.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { httpTarget } from '../../testing/http-target.ts';
import { runDiscoverer } from './discoverer.fixture.ts';
import { httpDiscoverer } from './http.ts';

function discover(url: string, keys: Record<string, unknown> = {}) {
  const clock = fakeClock();
  const config = httpSdConfig.parse({ url, refresh_interval: '30s', ...keys });
  const running = runDiscoverer(httpDiscoverer(config, { clock, environment: {}, version: '1.2.3' }));
  return { clock, running, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

test('a server is asked again and again; what it leaves out is gone; an error keeps what was', async () => {
  const answers: (string | number)[] = [
    '[{"targets":["a:1"],"labels":{"x":"y"}},{"targets":["b:1"]}]',
    '[{"targets":["a:2"]}]',
    500,
    '[{"targets":["a:2"]}]',
    '[{"targets":[1]}]',
    '[]',
  ];
  await using server = await httpTarget((_, response) => {
    const answer = answers.shift()!;
    if (typeof answer === 'number') response.writeHead(answer).end();
    else response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(answer);
  });
  const url = `http://${server.address}/sd`;
  await using sd = discover(url, { authorization: { credentials: 'token' } });
  await sd.running.until(() => sd.running.updates.length === 1);
  expect(sd.running.targets()).toEqual([
    { __address__: 'a:1', x: 'y', __meta_url: url },
    { __address__: 'b:1', __meta_url: url },
  ]);
  expect(server.requests[0]!.headers).toMatchObject({
    accept: 'application/json',
    authorization: 'Bearer token',
    'user-agent': 'belfry/1.2.3',
    'x-prometheus-refresh-interval-seconds': '30',
  });
  await sd.clock.advance('29s');
  expect(server.requests).toHaveLength(1);
  await sd.clock.advance('1s');
  await sd.running.until(() => sd.running.addresses().join() === 'a:2');
  await sd.clock.advance('30s');
  await sd.running.until(() => sd.running.problems.length === 1);
  expect(sd.running.addresses()).toEqual(['a:2']);
  await sd.clock.advance('30s');
  await sd.running.until(() => sd.running.problems.at(-1) === 'ok');
  // The same list again is no news.
  expect(sd.running.updates).toHaveLength(2);
  await sd.clock.advance('30s');
  await sd.running.until(() => sd.running.problems.length === 3);
  expect(sd.running.addresses()).toEqual(['a:2']);
  await sd.clock.advance('30s');
  await sd.running.until(() => sd.running.addresses().length === 0);
  expect(sd.running.problems).toEqual([
    'server returned HTTP status 500 Internal Server Error',
    'ok',
    '[0].targets[0]: expected an address, got 1',
    'ok',
  ]);
});

test.each([
  ['text/plain', '[]', 'expected content of type application/json, got "text/plain"'],
  ['application/json; charset=latin1', '[]', 'expected content of type application/json'],
  ['application/json', `[${' '.repeat(17 * 1024 * 1024)}]`, 'body size limit exceeded'],
])('an answer of type %s that cannot be taken', async (type, body, problem) => {
  await using server = await httpTarget((_, response) =>
    response.writeHead(200, { 'content-type': type }).end(body),
  );
  await using sd = discover(`http://${server.address}/`);
  await sd.running.until(() => sd.running.problems.length > 0);
  expect(sd.running.problems[0]).toContain(problem);
});

test('a server that hangs is given up when the next request is due', async () => {
  let hangs = true;
  await using server = await httpTarget((_, response) => {
    if (!hangs) response.writeHead(200, { 'content-type': 'application/json' }).end('[{"targets":["a"]}]');
  });
  await using sd = discover(`http://${server.address}/`);
  await sd.running.until(() => server.requests.length === 1);
  await sd.clock.advance('29s');
  hangs = false;
  await sd.clock.advance('1s');
  expect(sd.running.problems).toEqual(['no complete answer within 30000 ms (refresh_interval)']);
  await sd.clock.advance('30s');
  await sd.running.until(() => sd.running.addresses().length === 1);
});
