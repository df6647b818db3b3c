import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dockerSdConfig } from '../../config/discovery/docker.ts';
import { fakeClock } from '../../testing/fake-clock.ts';
import { httpTarget } from '../../testing/http-target.ts';
import { runDiscoverer } from './discoverer.fixture.ts';
import { dockerDiscoverer } from './docker.ts';

const container = (name: string, ip: string) => ({
  Id: name,
  Names: [`/${name}`],
  Image: 'exporter:1',
  HostConfig: { NetworkMode: 'bridge' },
  NetworkSettings: { Networks: { bridge: { NetworkID: 'n1', IPAddress: ip, GlobalIPv6Address: '' } } },
  Ports: [{ Type: 'tcp', PrivatePort: 9100 }],
});

/** What the API knows, and what it was asked. */
function dockerApi() {
  const containers = [container('a', '172.17.0.2')];
  const asked: string[] = [];
  const answer: http.RequestListener = (request, response) => {
    const url = new URL(request.url!, 'http://docker');
    asked.push(decodeURIComponent(url.pathname + url.search));
    const lists: Record<string, unknown> = {
      '/containers/json': containers,
      '/networks': [{ Id: 'n1', Name: 'bridge', Scope: 'local' }],
    };
    const list = lists[url.pathname];
    response
      .writeHead(list ? 200 : 404, { 'content-type': 'application/json' })
      .end(JSON.stringify(list ?? {}));
  };
  return { containers, asked, answer };
}

function discover(keys: Record<string, unknown>) {
  const clock = fakeClock();
  const config = dockerSdConfig.parse(keys);
  const running = runDiscoverer(dockerDiscoverer(config, { clock, environment: {}, version: '1.2.3' }));
  return { clock, running, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

test('containers are found over the Unix socket, and come and go', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'belfry-docker-'));
  const socketPath = join(dir, 'docker.sock');
  const api = dockerApi();
  const server = http.createServer(api.answer).listen(socketPath);
  await once(server, 'listening');
  {
    const filters = [
      { name: 'label', values: ['prometheus-job', 'x=y'] },
      { name: 'status', values: ['running'] },
    ];
    await using sd = discover({ host: `unix://${socketPath}`, filters });
    await sd.running.until(() => sd.running.updates.length === 1);
    expect(sd.running.targets()).toMatchObject([
      {
        __address__: '172.17.0.2:9100',
        __meta_docker_container_name: '/a',
        __meta_docker_network_name: 'bridge',
      },
    ]);
    expect(api.asked).toEqual([
      '/containers/json?filters={"label":{"prometheus-job":true,"x=y":true},"status":{"running":true}}',
      '/networks',
    ]);
    api.containers.splice(0, 1, container('b', '172.17.0.3'), container('c', '172.17.0.4'));
    await sd.clock.advance('1m');
    await sd.running.until(() => sd.running.addresses().join() === '172.17.0.3:9100,172.17.0.4:9100');
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    await sd.clock.advance('1m');
    await sd.running.until(() => sd.running.problems.length === 1);
    expect(sd.running.problems[0]).toContain(socketPath);
    expect(sd.running.addresses()).toHaveLength(2);
    api.containers.length = 0;
    server.listen(socketPath);
    await once(server, 'listening');
    await sd.clock.advance('1m');
    await sd.running.until(() => sd.running.addresses().length === 0);
  }
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true });
});

test.each(['tcp', 'http'])('a daemon that listens on %s', async (scheme) => {
  const api = dockerApi();
  await using server = await httpTarget(api.answer);
  await using sd = discover({
    host: `${scheme}://${server.address}`,
    basic_auth: { username: 'u', password: 'p' },
  });
  await sd.running.until(() => sd.running.addresses().length === 1);
  expect(api.asked).toEqual(['/containers/json', '/networks']);
  // As upstream has it, HTTP settings are for the HTTP schemes.
  const sent = server.requests[0]!.headers.authorization;
  expect(sent).toBe(scheme === 'http' ? `Basic ${btoa('u:p')}` : undefined);
});

const LATE = /^no complete answer within 60000 ms/;

/** A daemon whose answers go wrong once it is told to, and what is then said of it. */
const FAILURES: Readonly<Record<string, { answer?: (response: http.ServerResponse) => void; says: RegExp }>> =
  {
    'an object in place of a list': {
      answer: (response) => response.end('{"message":"no"}'),
      says: /^expected a list from tcp:.*\/containers\/json, got \{"message":"no"\}$/,
    },
    'a page of HTML': {
      answer: (response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'),
      says: /^expected JSON from tcp:.*\/containers\/json, got "<html>Sign in<\/html>"$/,
    },
    'half a list': { answer: (response) => response.end('[{"Id":"a"'), says: /^expected JSON from tcp:/ },
    'an error': {
      answer: (response) => response.writeHead(500).end('{"message":"server error"}'),
      says: /HTTP status 500/,
    },
    'no right to ask': { answer: (response) => response.writeHead(403).end(), says: /HTTP status 403/ },
    'a connection that is cut': {
      answer: (response) => response.destroy(),
      says: /socket hang up|ECONNRESET|EOF/,
    },
    'no answer in time': { answer: () => {}, says: LATE },
    'an answer that stops in the middle': {
      answer: (response) => response.writeHead(200).write('['),
      says: LATE,
    },
  };

test.each(Object.entries(FAILURES))('%s leaves the targets as they are', async (_, { answer, says }) => {
  const api = dockerApi();
  let isWell = true;
  await using server = await httpTarget((request, response) => {
    if (isWell) api.answer(request, response);
    else answer!(response);
  });
  await using sd = discover({ host: `tcp://${server.address}` });
  await sd.running.until(() => sd.running.addresses().length === 1);
  isWell = false;
  await sd.clock.advance('1m');
  await sd.running.until(() => server.requests.length > 2);
  // When the next question is due, the time of this one is up.
  if (says === LATE) await sd.clock.advance('1m');
  await sd.running.until(() => sd.running.problems.length === 1);
  expect(sd.running.problems[0]).toMatch(says);
  expect(sd.running.addresses()).toEqual(['172.17.0.2:9100']);
  isWell = true;
  api.containers.push(container('b', '172.17.0.3'));
  await sd.clock.advance('2m');
  await sd.running.until(() => sd.running.addresses().length === 2);
  expect(sd.running.problems.at(-1)).toBe('ok');
});

test('a daemon that is not there, by its socket or its port', async () => {
  const missing = join(tmpdir(), 'belfry-no-such-docker.sock');
  for (const [host, says] of [
    [`unix://${missing}`, /connect ENOENT .*belfry-no-such-docker\.sock|no such file or directory/],
    ['tcp://127.0.0.1:1', /ECONNREFUSED 127\.0\.0\.1:1$/],
  ] as const) {
    await using sd = discover({ host });
    await sd.running.until(() => sd.running.problems.length === 1);
    expect(sd.running.problems[0]).toMatch(says);
    expect(sd.running.updates).toEqual([]);
  }
});

test('a network that went while it was asked for its containers has no labels; its container is a target', async () => {
  const api = dockerApi();
  api.containers.push({
    ...container('gone', '172.18.0.9'),
    NetworkSettings: {
      Networks: { gone: { NetworkID: 'n9', IPAddress: '172.18.0.9', GlobalIPv6Address: '' } },
    } as never,
  });
  await using server = await httpTarget(api.answer);
  await using sd = discover({ host: `tcp://${server.address}` });
  await sd.running.until(() => sd.running.addresses().length === 2);
  const names = sd.running.targets().map(({ __meta_docker_network_name: name }) => name);
  expect(names).toEqual(['bridge', undefined]);
});
