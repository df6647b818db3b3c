import fc from 'fast-check';
import { test } from 'vitest';
import { KUBERNETES_ROLES } from '../../config/discovery/kubernetes.ts';
import { fuzzCases } from '../../testing/fuzz-cases.ts';
import { dockerTargets } from './docker-targets.ts';
import { parseGroupsJson, parseGroupsYaml } from './group-list.ts';
import { mapping } from './json.ts';
import { ClusterView } from './kubernetes/cluster-view.ts';
import { podObject, serviceObject } from './kubernetes/objects.fixture.ts';

/** Copies JSON with some of its parts exchanged for anything. */
function damaged(original: unknown): fc.Arbitrary<unknown> {
  const anything = fc.jsonValue({ maxDepth: 1 });
  const kept = Array.isArray(original)
    ? fc.tuple(...original.map(damaged))
    : typeof original === 'object' && original !== null
      ? fc.record(Object.fromEntries(Object.entries(original).map(([key, value]) => [key, damaged(value)])), {
          requiredKeys: [],
        })
      : fc.constant(original);
  return fc.oneof(
    { weight: 12, arbitrary: kept as fc.Arbitrary<unknown> },
    { weight: 1, arbitrary: anything },
  );
}

/** Everything in a group is a text. */
function requireTexts(groups: Iterable<{ targets: readonly object[]; labels: object }>): void {
  for (const { targets, labels } of groups) {
    for (const value of [...targets, labels].flatMap((record) => Object.values(record))) {
      if (typeof value !== 'string') throw new Error(`expected texts only, got ${JSON.stringify(value)}`);
    }
  }
}

test('lists of targets give groups of texts or an error, never anything else', () => {
  const list = [{ targets: ['a:1', 'b:2'], labels: { a: 'b', c: 'd' } }, { targets: [] }];
  fc.assert(
    fc.property(fc.oneof(damaged(list), fc.jsonValue()), (value) => {
      for (const parse of [parseGroupsJson, parseGroupsYaml]) {
        try {
          requireTexts(parse(JSON.stringify(value), String, {}));
        } catch (error) {
          // The place may hold a label's name, which is anything.
          if (!/^(\[\d+\].*: )?expected (?!texts only)/s.test((error as Error).message)) throw error;
        }
      }
    }),
    { numRuns: fuzzCases(100, 0.25) },
  );
});

test('objects of a cluster that are not as expected give groups of texts', () => {
  const pod = podObject('a', { labels: { x: 'y' }, owners: [{ kind: 'Job', name: 'j', controller: true }] });
  const endpoints = {
    metadata: { name: 'web', namespace: 'default' },
    subsets: [
      {
        addresses: [{ ip: '1.1.1.1', targetRef: { kind: 'Pod', name: 'a', namespace: 'default' } }],
        ports: [{ port: 8080 }],
      },
    ],
  };
  const objects = [pod, endpoints, serviceObject('web')];
  const attach = { node: false, namespace: true, deployment: true, job: true, cronjob: true };
  fc.assert(
    fc.property(fc.oneof(...objects.map(damaged)), fc.constantFrom(...KUBERNETES_ROLES), (object, role) => {
      const view = new ClusterView(role, attach);
      for (const other of [...objects, object]) {
        for (const kind of ['pod', 'service', role] as const) view.put(kind, mapping(other));
      }
      requireTexts(view.changes(() => true));
    }),
    { numRuns: fuzzCases(100, 0.25) },
  );
});

test('containers that are not as expected give targets of texts', () => {
  const container = {
    Id: 'a',
    Names: ['/a'],
    Labels: { x: 'y' },
    HostConfig: { NetworkMode: 'bridge' },
    NetworkSettings: { Networks: { bridge: { NetworkID: 'n', IPAddress: '1.1.1.1' } } },
    Ports: [{ Type: 'tcp', PrivatePort: 1, PublicPort: 2, IP: '0.0.0.0' }],
  };
  const network = { Id: 'n', Name: 'bridge', Labels: { x: 'y' } };
  const settings = { port: 80, host_networking_host: 'localhost', match_first_network: true };
  fc.assert(
    fc.property(damaged([container]), damaged([network]), (containers, networks) => {
      const targets = dockerTargets([containers].flat(), [networks].flat(), settings);
      requireTexts([{ targets, labels: {} }]);
    }),
    { numRuns: fuzzCases(100, 0.25) },
  );
});
