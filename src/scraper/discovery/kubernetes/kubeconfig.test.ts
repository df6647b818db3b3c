import { expect, test } from 'vitest';
import { parseKubeconfig } from './kubeconfig.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

const config = (cluster: string, user: string, context = 'here'): string => `
current-context: ${context}
contexts:
  - {name: here, context: {cluster: c, user: u}}
  - {name: nobody, context: {cluster: c}}
  - {name: lost, context: {cluster: gone, user: u}}
clusters:
  - {name: c, cluster: ${cluster}}
users:
  - {name: u, user: ${user}}
`;

test('certificates in the file, and files beside it', () => {
  const inside = parseKubeconfig(
    config(
      `{server: 'https://a:6443/', certificate-authority-data: ${base64('ca')}, tls-server-name: kubernetes, proxy-url: 'http://proxy:1'}`,
      `{client-certificate-data: ${base64('cert')}, client-key-data: ${base64('key')}}`,
    ),
    '/etc/kube/config',
  );
  expect(inside).toMatchObject({
    baseUrl: 'https://a:6443',
    http: {
      tls_config: {
        ca: 'ca',
        cert: 'cert',
        key: 'key',
        server_name: 'kubernetes',
        insecure_skip_verify: false,
      },
      proxy_url: 'http://proxy:1',
    },
  });
  const beside = parseKubeconfig(
    config(
      "{server: 'https://a', certificate-authority: pki/ca.crt, insecure-skip-tls-verify: true}",
      '{client-certificate: /abs/c.crt, client-key: c.key, username: me, password: secret}',
    ),
    '/etc/kube/config',
  );
  expect(beside.http).toMatchObject({
    tls_config: {
      ca_file: '/etc/kube/pki/ca.crt',
      cert_file: '/abs/c.crt',
      key_file: '/etc/kube/c.key',
      insecure_skip_verify: true,
    },
    basic_auth: { username: 'me', password: 'secret' },
  });
});

test('a token, a file with one, or nobody', () => {
  const of = (user: string, context?: string) =>
    parseKubeconfig(config("{server: 'http://a'}", user, context), '/k').http.authorization;
  expect(of('{token: t}')).toEqual({ type: 'Bearer', credentials: 't' });
  expect(of('{token: t, tokenFile: f}')).toEqual({ type: 'Bearer', credentials_file: '/f' });
  expect(of('{token: t}', 'nobody')).toBeUndefined();
});

test.each([
  ['{', '/k: not valid YAML'],
  ['clusters: []', '/k: expected a current-context, got none'],
  [config('{}', '{}', 'elsewhere'), '/k: expected a context named "elsewhere", got none'],
  [config('{}', '{}', 'lost'), '/k: expected a cluster named "gone", got none'],
  [config('{server: a}', '{}'), '/k: expected a cluster with a server, got "a"'],
  [
    config("{server: 'https://a'}", '{exec: {command: aws}}'),
    '/k: users with exec are not supported; use a token or a client certificate',
  ],
])('%j is refused', (text, problem) => {
  expect(() => parseKubeconfig(text, '/k')).toThrow(problem);
});
