import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { HttpClientConfig } from '../../../config/http-client.ts';
import { type Json, mapping, text } from '../json.ts';
import { plainHttp } from '../plain-http.ts';
import type { ClusterAccess } from './access.ts';

/** Where the current context of a kubeconfig leads, and as whom. @throws Error saying what is missing or not supported */
export function parseKubeconfig(yaml: string, file: string): ClusterAccess {
  const document = parseDocument(yaml, { prettyErrors: false });
  const [fault] = document.errors;
  if (fault) throw new Error(`${file}: not valid YAML: ${fault.message}`);
  const root = mapping(document.toJS({ maxAliasCount: 100 }));
  const named = (list: unknown, name: string, key: string): Json => {
    const found = Array.isArray(list) ? list.map(mapping).find((item) => item.name === name) : undefined;
    if (!found) throw new Error(`${file}: expected a ${key} named ${JSON.stringify(name)}, got none`);
    return mapping(found[key]);
  };
  const current = text(root['current-context']);
  if (current === '') throw new Error(`${file}: expected a current-context, got none`);
  const context = named(root.contexts, current, 'context');
  const cluster = named(root.clusters, text(context.cluster), 'cluster');
  const userName = text(context.user);
  const user = userName === '' ? {} : named(root.users, userName, 'user');
  for (const unserved of ['exec', 'auth-provider']) {
    if (user[unserved] !== undefined)
      throw new Error(
        `${file}: users with ${unserved} are not supported; use a token or a client certificate`,
      );
  }
  const server = text(cluster.server);
  if (!/^https?:$/.test(URL.parse(server)?.protocol ?? ''))
    throw new Error(`${file}: expected a cluster with a server, got ${JSON.stringify(server)}`);
  return {
    baseUrl: server.replace(/\/+$/, ''),
    http: httpOf(cluster, user, dirname(file)),
    ownNamespace: '',
  };
}

function httpOf(cluster: Json, user: Json, folder: string): HttpClientConfig {
  const path = (value: unknown): string | undefined =>
    text(value) === '' ? undefined : resolve(folder, text(value));
  const data = (value: unknown): string | undefined =>
    text(value) === '' ? undefined : Buffer.from(text(value), 'base64').toString('utf8');
  const [ca, cert, key] = [
    data(cluster['certificate-authority-data']),
    data(user['client-certificate-data']),
    data(user['client-key-data']),
  ];
  const token = text(user.token);
  const tokenFile = path(user.tokenFile);
  return {
    ...plainHttp,
    tls_config: {
      ca,
      cert,
      key,
      ca_file: ca === undefined ? path(cluster['certificate-authority']) : undefined,
      cert_file: cert === undefined ? path(user['client-certificate']) : undefined,
      key_file: key === undefined ? path(user['client-key']) : undefined,
      server_name: text(cluster['tls-server-name']) || undefined,
      insecure_skip_verify: cluster['insecure-skip-tls-verify'] === true,
    },
    ...(text(cluster['proxy-url']) === '' ? {} : { proxy_url: text(cluster['proxy-url']) }),
    ...(tokenFile === undefined && token === ''
      ? {}
      : {
          authorization: {
            type: 'Bearer',
            ...(tokenFile === undefined ? { credentials: token } : { credentials_file: tokenFile }),
          },
        }),
    ...(text(user.username) === ''
      ? {}
      : { basic_auth: { username: text(user.username), password: text(user.password) } }),
  };
}
