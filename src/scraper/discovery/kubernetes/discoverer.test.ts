import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kubernetesSdConfig } from '../../../config/discovery/kubernetes.ts';
import { hasOpenssl } from '../../../testing/certificate.ts';
import { fakeClock } from '../../../testing/fake-clock.ts';
import { advanceUntil, runDiscoverer } from '../discoverer.fixture.ts';
import { KubernetesApiServer } from './api-server.fixture.ts';
import { kubernetesDiscoverer } from './discoverer.ts';
import { nodeObject, podObject, serviceObject } from './objects.fixture.ts';

/** A cluster, and the files and variables that a pod in it has. */
async function cluster() {
  const api = await new KubernetesApiServer().listen();
  const dir = mkdtempSync(join(tmpdir(), 'belfry-kubernetes-'));
  writeFileSync(join(dir, 'token'), `${api.token}\n`);
  writeFileSync(join(dir, 'ca.crt'), api.certificate.cert);
  writeFileSync(join(dir, 'namespace'), 'monitoring');
  return {
    api,
    dir,
    environment: { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(api.port) },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      rmSync(dir, { recursive: true });
    },
  };
}

function discover(from: { dir: string; environment: Record<string, string> }, keys: Record<string, unknown>) {
  const clock = fakeClock();
  const deps = { clock, version: '1.2.3', environment: from.environment, serviceAccountDir: from.dir };
  const running = runDiscoverer(kubernetesDiscoverer(kubernetesSdConfig.parse(keys), deps));
  return {
    clock,
    running,
    addresses: () => running.addresses().sort().join(' '),
    until: running.until,
    /** For what happens after a wait. */
    later: (holds: () => boolean) => advanceUntil(clock, '200ms', holds),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

const pod = (name: string, ip: string, more: object = {}) => podObject(name, { ip, ...more });

test.skipIf(!hasOpenssl)(
  'pods are listed page by page, then watched as they come, change and go',
  async () => {
    await using k8s = await cluster();
    for (let i = 0; i < 250; i++) k8s.api.put('pods', pod(`p${i}`, `10.2.${i >> 7}.${i & 127}`));
    await using sd = discover(k8s, { role: 'pod' });
    await sd.until(() => sd.running.groups.size === 250 && k8s.api.watchCount() === 1);
    expect(k8s.api.requests.slice(0, 3)).toEqual([
      '/api/v1/pods?limit=100',
      '/api/v1/pods?limit=100&continue=100',
      '/api/v1/pods?limit=100&continue=200',
    ]);
    expect(k8s.api.requests[3]).toMatch(
      /^\/api\/v1\/pods\?watch=1&resourceVersion=350&allowWatchBookmarks=true&timeoutSeconds=[3-6]\d\d$/,
    );
    const told = sd.running.updates.length;
    k8s.api.put('pods', pod('new', '10.3.0.1'));
    await sd.until(() => sd.running.groups.size === 251);
    k8s.api.put('pods', pod('new', '10.3.0.2'));
    await sd.until(
      () => sd.running.groups.get('pod/default/new')!.targets[0]!.__address__ === '10.3.0.2:8080',
    );
    k8s.api.remove('pods', 'new', 'default');
    await sd.until(() => sd.running.groups.size === 250);
    expect(sd.running.updates.slice(told).flat()).toHaveLength(3);
    expect(sd.running.problems).toEqual([]);
    expect(sd.clock.monotonic()).toBe(0);
  },
);

test.skipIf(!hasOpenssl)('what has no namespace is watched once, for however many namespaces', async () => {
  await using k8s = await cluster();
  const keys = { role: 'pod', attach_metadata: { node: true }, namespaces: { names: ['one', 'two'] } };
  await using sd = discover(k8s, keys);
  await sd.until(() => k8s.api.watchCount() === 3);
  const lists = k8s.api.requests.filter((request) => !request.includes('watch=1'));
  expect(lists.map((request) => request.split('?')[0]).sort()).toEqual([
    '/api/v1/namespaces/one/pods',
    '/api/v1/namespaces/two/pods',
    '/api/v1/nodes',
  ]);
});

test.skipIf(!hasOpenssl)('a watch that ends goes on where it was', async () => {
  await using k8s = await cluster();
  k8s.api.put('pods', pod('a', '10.1.0.1'));
  await using sd = discover(k8s, { role: 'pod' });
  await sd.until(() => k8s.api.watchCount() === 1);
  k8s.api.put('pods', pod('b', '10.1.0.2'));
  await sd.until(() => sd.running.groups.size === 2);
  for (const how of ['clean', 'broken'] as const) {
    k8s.api.endWatches(how);
    k8s.api.put('pods', pod(how, '10.1.0.3'));
    await sd.later(() => sd.running.groups.has(`pod/default/${how}`));
  }
  const lists = k8s.api.requests.filter((request) => !request.includes('watch=1'));
  expect(lists).toHaveLength(1);
  const versions = k8s.api.requests.map((request) => /resourceVersion=(\d+)/.exec(request)?.[1]);
  expect(versions.filter(Boolean)).toEqual(['101', '102', '103']);
  expect(sd.running.groups.size).toBe(4);
  // An end is ordinary; a broken connection is told, and its end too.
  expect(sd.running.problems).toHaveLength(2);
  expect(sd.running.problems[1]).toBe('ok');
});

test.skipIf(!hasOpenssl)('a watch that was long enough goes on at once', async () => {
  await using k8s = await cluster();
  k8s.api.put('pods', pod('a', '10.1.0.1'));
  await using sd = discover(k8s, { role: 'pod' });
  await sd.until(() => k8s.api.watchCount() === 1);
  await sd.clock.advance('5m');
  k8s.api.endWatches('clean');
  await sd.until(() => k8s.api.requests.length === 3);
  expect(sd.clock.monotonic()).toBe(300_000);
});

test.skipIf(!hasOpenssl).each([false, true])(
  'a version that is forgotten begins with a new list; told late: %s',
  async (expiresLate) => {
    await using k8s = await cluster();
    k8s.api.expiresLate = expiresLate;
    k8s.api.put('pods', pod('a', '10.1.0.1'));
    k8s.api.put('pods', pod('b', '10.1.0.2'));
    await using sd = discover(k8s, { role: 'pod' });
    await sd.until(() => k8s.api.watchCount() === 1);
    k8s.api.endWatches('clean');
    k8s.api.remove('pods', 'a', 'default');
    k8s.api.put('pods', pod('c', '10.1.0.3'));
    k8s.api.forget();
    await sd.later(() => sd.addresses() === '10.1.0.2:8080 10.1.0.3:8080');
    expect(k8s.api.requests.filter((request) => !request.includes('watch=1'))).toHaveLength(2);
    expect(sd.running.problems).toEqual([]);
  },
);

test.skipIf(!hasOpenssl)('a bookmark spares the new list', async () => {
  await using k8s = await cluster();
  k8s.api.put('pods', pod('a', '10.1.0.1'));
  await using sd = discover(k8s, { role: 'pod' });
  await sd.until(() => k8s.api.watchCount() === 1);
  k8s.api.put('nodes', nodeObject('other'));
  k8s.api.bookmark();
  k8s.api.forget();
  // What comes after the bookmark shows that the bookmark has come.
  k8s.api.put('pods', pod('b', '10.1.0.2'));
  await sd.until(() => sd.running.groups.size === 2);
  k8s.api.endWatches('clean');
  await sd.later(() => k8s.api.watchCount() === 1);
  expect(k8s.api.requests.filter((request) => !request.includes('watch=1'))).toHaveLength(1);
});

test.skipIf(!hasOpenssl)(
  'an API server that is away, refuses or hangs leaves the targets as they are',
  async () => {
    await using k8s = await cluster();
    k8s.api.put('pods', pod('a', '10.1.0.1'));
    k8s.api.refused.set('pods', 403);
    await using sd = discover(k8s, { role: 'pod' });
    await sd.until(() => sd.running.problems.length === 1);
    expect(sd.running.problems[0]).toBe('/api/v1/pods: the API server answered 403 pods is forbidden');
    k8s.api.refused.clear();
    await sd.later(() => sd.running.groups.size === 1);
    await sd.until(() => sd.running.problems.at(-1) === 'ok');
    k8s.api.refused.set('pods', 500);
    k8s.api.endWatches('clean');
    await sd.later(() => sd.running.problems.length === 3);
    expect(sd.addresses()).toBe('10.1.0.1:8080');
    k8s.api.refused.clear();
    await sd.later(() => k8s.api.watchCount() === 1);
    const before = k8s.api.requests.length;
    // A watch is at most ten minutes long; one that does not end then is cut.
    await sd.clock.advance('11m');
    await sd.later(() => k8s.api.requests.length > before);
  },
);

test.skipIf(!hasOpenssl)('an API server that refuses is asked less and less often', async () => {
  await using k8s = await cluster();
  k8s.api.refused.set('pods', 500);
  await using sd = discover(k8s, { role: 'pod' });
  await sd.until(() => k8s.api.requests.length === 1);
  for (const [tries, leastMs] of [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000].entries()) {
    const before = sd.clock.monotonic();
    await sd.later(() => k8s.api.requests.length === tries + 2);
    expect(sd.clock.monotonic() - before).toBeGreaterThanOrEqual(leastMs);
  }
});

test.skipIf(!hasOpenssl)('namespaces, own one included, and selectors', async () => {
  await using k8s = await cluster();
  k8s.api.put('pods', pod('a', '10.1.0.1', { namespace: 'monitoring', labels: { app: 'x' } }));
  k8s.api.put('pods', pod('b', '10.1.0.2', { namespace: 'shop', labels: { app: 'x' } }));
  k8s.api.put('pods', pod('c', '10.1.0.3', { namespace: 'shop', labels: { app: 'y' } }));
  k8s.api.put('pods', pod('d', '10.1.0.4', { namespace: 'other', labels: { app: 'x' } }));
  await using sd = discover(k8s, {
    role: 'pod',
    namespaces: { own_namespace: true, names: ['shop'] },
    selectors: [{ role: 'pod', label: 'app=x', field: 'status.phase=Running' }],
  });
  await sd.until(() => sd.running.groups.size === 2);
  expect([...sd.running.groups.keys()].sort()).toEqual(['pod/monitoring/a', 'pod/shop/b']);
  expect(k8s.api.requests.filter((request) => !request.includes('watch')).sort()).toEqual([
    '/api/v1/namespaces/monitoring/pods?labelSelector=app=x&fieldSelector=status.phase=Running&limit=100',
    '/api/v1/namespaces/shop/pods?labelSelector=app=x&fieldSelector=status.phase=Running&limit=100',
  ]);
});

test.skipIf(!hasOpenssl)('a namespace that may not be read does not hold up the others', async () => {
  await using k8s = await cluster();
  k8s.api.put('pods', pod('a', '10.1.0.1', { namespace: 'open' }));
  k8s.api.refused.set('/api/v1/namespaces/shut/pods', 403);
  await using sd = discover(k8s, { role: 'pod', namespaces: { names: ['shut', 'open'] } });
  await sd.until(() => sd.running.groups.size === 1 && sd.running.problems.length === 1);
  expect(sd.running.problems[0]).toContain('/api/v1/namespaces/shut/pods: ');
});

test.skipIf(!hasOpenssl)('nothing is told before all that is needed is known', async () => {
  await using k8s = await cluster();
  const endpoints = (namespace: string) => ({
    metadata: { name: 'web', namespace },
    subsets: [{ addresses: [{ ip: '10.1.0.1' }], ports: [{ port: 80 }] }],
  });
  k8s.api.put('endpoints', endpoints('default'));
  k8s.api.put('services', serviceObject('web'));
  k8s.api.refused.set('nodes', 403);
  await using sd = discover(k8s, { role: 'endpoints', attach_metadata: { node: true } });
  await sd.until(() => sd.running.problems.length === 1);
  expect(sd.running.updates).toEqual([]);
  k8s.api.refused.clear();
  await sd.later(() => sd.running.groups.size === 1);
  expect(sd.running.targets()[0]).toMatchObject({ __meta_kubernetes_service_name: 'web' });
});

test.skipIf(!hasOpenssl)('what is attached is watched too', async () => {
  await using k8s = await cluster();
  const owner = { kind: 'ReplicaSet', name: 'web-1', controller: true };
  k8s.api.put('pods', pod('a', '10.1.0.1', { owners: [owner] }));
  k8s.api.put('nodes', nodeObject('node-1', { zone: 'a' }));
  await using sd = discover(k8s, { role: 'pod', attach_metadata: { node: true, deployment: true } });
  const label = (name: string) => sd.running.targets()[0]?.[`__meta_kubernetes_${name}`];
  await sd.until(() => label('node_label_zone') === 'a');
  k8s.api.put('nodes', nodeObject('node-1', { zone: 'b' }));
  await sd.until(() => label('node_label_zone') === 'b');
  expect(label('pod_deployment_name')).toBeUndefined();
  await sd.until(() => k8s.api.watchCount() === 3);
  k8s.api.put('replicasets', {
    metadata: {
      name: 'web-1',
      namespace: 'default',
      ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true }],
    },
  });
  await sd.until(() => label('pod_deployment_name') === 'web');
  k8s.api.remove('nodes', 'node-1');
  await sd.until(() => sd.running.groups.size === 0);
});

test('outside a cluster the job says so, and looks again', async () => {
  await using sd = discover({ dir: '/nowhere', environment: {} }, { role: 'pod' });
  await sd.until(() => sd.running.problems.length === 1);
  expect(sd.running.problems[0]).toBe(
    'expected to run in a Kubernetes cluster, got no KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT; elsewhere give api_server or kubeconfig_file',
  );
});

test.skipIf(!hasOpenssl)('api_server with its own credentials', async () => {
  await using k8s = await cluster();
  k8s.api.put('pods', pod('a', '10.1.0.1'));
  const keys = {
    role: 'pod',
    api_server: `${k8s.api.url}/`,
    authorization: { credentials: k8s.api.token },
    tls_config: { ca_file: k8s.api.certificate.certFile },
  };
  await using sd = discover({ dir: '/nowhere', environment: {} }, keys);
  await sd.until(() => sd.running.groups.size === 1);
});

test.skipIf(!hasOpenssl)('a token that is renewed is read anew', async () => {
  await using k8s = await cluster();
  k8s.api.put('pods', pod('a', '10.1.0.1'));
  writeFileSync(join(k8s.dir, 'token'), 'old');
  await using sd = discover(k8s, { role: 'pod' });
  await sd.until(() => sd.running.problems.length === 1);
  expect(sd.running.problems[0]).toContain('401 Unauthorized');
  writeFileSync(join(k8s.dir, 'token'), k8s.api.token);
  await sd.later(() => sd.running.groups.size === 1);
});

test.skipIf(!hasOpenssl)('kubeconfig', async () => {
  await using k8s = await cluster();
  k8s.api.put('pods', pod('a', '10.1.0.1'));
  const file = join(k8s.dir, 'kubeconfig');
  const ca = Buffer.from(k8s.api.certificate.cert).toString('base64');
  const kubeconfig = {
    'current-context': 'prod',
    contexts: [
      { name: 'test', context: { cluster: 'x', user: 'y' } },
      { name: 'prod', context: { cluster: 'c', user: 'u' } },
    ],
    clusters: [{ name: 'c', cluster: { server: k8s.api.url, 'certificate-authority-data': ca } }],
    users: [{ name: 'u', user: { tokenFile: 'token' } }],
  };
  writeFileSync(file, JSON.stringify(kubeconfig));
  await using sd = discover({ dir: '/nowhere', environment: {} }, { role: 'pod', kubeconfig_file: file });
  await sd.until(() => sd.running.groups.size === 1);
});
