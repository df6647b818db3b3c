import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesSdConfig } from '../../../config/discovery/kubernetes.ts';
import type { HttpClientConfig } from '../../../config/http-client.ts';
import type { Environment } from '../../../net/proxy.ts';
import { joinHostPort } from '../meta-labels.ts';
import { plainHttp } from '../plain-http.ts';
import { parseKubeconfig } from './kubeconfig.ts';

/** Where Kubernetes puts the files of a pod's service account. */
export const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/** How to reach a cluster's API server. */
export interface ClusterAccess {
  /** Without a slash at the end. */
  readonly baseUrl: string;
  readonly http: HttpClientConfig;
  /** The namespace Belfry runs in; empty unless it was asked for. */
  readonly ownNamespace: string;
}

/**
 * From `api_server`, `kubeconfig_file` or the pod's service account.
 * @throws Error when there is none of them, or a file cannot be read
 */
export async function clusterAccess(
  config: KubernetesSdConfig,
  deps: { readonly environment: Environment; readonly serviceAccountDir: string },
): Promise<ClusterAccess> {
  const { api_server: server, kubeconfig_file: kubeconfig } = config;
  if (server) return { baseUrl: server.replace(/\/+$/, ''), http: config, ownNamespace: '' };
  if (kubeconfig) return parseKubeconfig(await readFile(kubeconfig, 'utf8'), kubeconfig);
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = deps.environment;
  if (!host || !port) {
    throw new Error(
      'expected to run in a Kubernetes cluster, got no KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT; elsewhere give api_server or kubeconfig_file',
    );
  }
  const file = (name: string): string => join(deps.serviceAccountDir, name);
  const wantsOwn = config.namespaces.own_namespace;
  return {
    baseUrl: `https://${joinHostPort(host, port)}`,
    http: {
      ...plainHttp,
      tls_config: { ca_file: file('ca.crt'), insecure_skip_verify: false },
      authorization: { type: 'Bearer', credentials_file: file('token') },
    },
    ownNamespace: wantsOwn ? (await readFile(file('namespace'), 'utf8')).trim() : '',
  };
}
