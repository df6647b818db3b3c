import { type Clock, sleep } from '../../../clock.ts';
import type { KubernetesSdConfig } from '../../../config/discovery/kubernetes.ts';
import type { HttpClientDeps } from '../../../net/client.ts';
import type { Discoverer, DiscoverySink } from '../discoverer.ts';
import { type ClusterAccess, clusterAccess } from './access.ts';
import { type KubernetesApi, kubernetesApi } from './api.ts';
import { ClusterView } from './cluster-view.ts';
import { groupTeller } from './group-teller.ts';
import { type ResourceSink, watchResource } from './resource-watch.ts';
import { collectionPath, jsonKey, type Kind, resources } from './resources.ts';
import { watchedKinds } from './roles.ts';

/** Between two looks for a cluster that was not there. */
const NO_ACCESS_MS = 30_000;

/** Objects of a Kubernetes cluster, listed once and watched from then on. */
export function kubernetesDiscoverer(
  config: KubernetesSdConfig,
  deps: HttpClientDeps & { readonly version: string; readonly serviceAccountDir: string },
): Discoverer {
  return {
    async run(sink, signal) {
      const access = await findAccess(config, deps, sink, signal);
      if (!access) return;
      const api = kubernetesApi(access, deps);
      const namespaces = namespacesOf(config, access);
      try {
        await watchCluster({ config, api, clock: deps.clock, namespaces, sink, signal });
      } finally {
        api.close();
      }
    },
  };
}

async function findAccess(
  config: KubernetesSdConfig,
  deps: Parameters<typeof kubernetesDiscoverer>[1],
  sink: DiscoverySink,
  signal: AbortSignal,
): Promise<ClusterAccess | undefined> {
  while (!signal.aborted) {
    try {
      return await clusterAccess(config, deps);
    } catch (error) {
      sink.problem((error as Error).message);
      await sleep(deps.clock, NO_ACCESS_MS, signal).catch(() => {});
    }
  }
  return undefined;
}

/** The empty one stands for all. */
function namespacesOf(
  { namespaces }: KubernetesSdConfig,
  { ownNamespace }: ClusterAccess,
): readonly string[] {
  const names = new Set(namespaces.names);
  if (ownNamespace !== '') names.add(ownNamespace);
  return names.size > 0 ? [...names] : [''];
}

async function watchCluster(deps: {
  readonly config: KubernetesSdConfig;
  readonly api: KubernetesApi;
  readonly clock: Clock;
  readonly namespaces: readonly string[];
  readonly sink: DiscoverySink;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { config, api, clock, namespaces, sink, signal } = deps;
  const view = new ClusterView(config.role, config.attach_metadata);
  const { needed, extra } = watchedKinds(config.role, config.attach_metadata);
  const known = new Set<string>();
  const problems = new Map<string, string>();
  const scopeOf = (kind: Kind, namespace: string): string => (resources[kind].isNamespaced ? namespace : '');
  const isReady = (namespace: string): boolean => {
    const scope = namespaces.includes('') ? '' : namespace;
    return needed.every((kind) => known.has(collectionPath(kind, scopeOf(kind, scope))));
  };
  // Nodes have no namespace; the others' are those looked at.
  const isAnyReady = (): boolean => namespaces.some(isReady);

  const teller = groupTeller({
    clock,
    signal,
    changes: () => view.changes(isReady),
    update(groups) {
      if (isAnyReady()) sink.update(groups);
    },
  });
  const sinkOf = (kind: Kind, namespace: string, path: string): ResourceSink => ({
    listed(keys) {
      view.keepOnly(kind, namespace, keys);
      known.add(path);
      teller.tell();
    },
    put(object) {
      view.put(kind, object);
      teller.tell();
    },
    remove(object) {
      view.remove(kind, jsonKey(object));
      teller.tell();
    },
    problem(what) {
      if (what === undefined) problems.delete(path);
      else problems.set(path, `${path}: ${what}`);
      if (problems.size > 0) sink.problem([...problems.values()].join('; '));
      else if (isAnyReady()) sink.problem(undefined);
    },
  });

  const watches = new Map<string, Promise<void>>();
  for (const kind of [...needed, ...extra]) {
    for (const namespace of namespaces) {
      const scope = scopeOf(kind, namespace);
      const path = collectionPath(kind, scope);
      if (watches.has(path)) continue;
      const resource = { api, clock, path, selectors: selectorsOf(config, kind), signal };
      watches.set(path, watchResource({ ...resource, sink: sinkOf(kind, scope, path) }));
    }
  }
  await Promise.race([Promise.all(watches.values()), teller.broken]);
}

function selectorsOf({ selectors }: KubernetesSdConfig, kind: Kind): Record<string, string> {
  const own = selectors.find(({ role }) => role === kind);
  return {
    ...(own?.label ? { labelSelector: own.label } : {}),
    ...(own?.field ? { fieldSelector: own.field } : {}),
  };
}
