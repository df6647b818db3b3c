import * as z from 'zod';
import { filePath, hostPort, noEffect, secret, text, url } from './leaves.ts';

const CLIENT_AUTH = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;

const tlsVersion = () => z.enum(['TLS10', 'TLS11', 'TLS12', 'TLS13']);

/** As in upstream's web config files. */
export const tlsServerConfig = z
  .strictObject({
    cert_file: filePath().optional().describe('Certificate, PEM file.'),
    key_file: filePath().optional().describe('Key, PEM file.'),
    cert: text().optional().describe('Certificate, PEM text.'),
    key: secret().optional().describe('Key, PEM text.'),
    client_ca_file: filePath().optional().describe('CA of client certificates, PEM file.'),
    client_ca: text().optional().describe('CA of client certificates, PEM text.'),
    client_auth_type: z.enum(CLIENT_AUTH).default('NoClientCert').describe('What is asked of clients.'),
    client_allowed_sans: z
      .array(text())
      .default([])
      .describe('Names one of which a client certificate must carry.'),
    min_version: tlsVersion().default('TLS12').describe('Oldest TLS version accepted.'),
    max_version: tlsVersion().default('TLS13').describe('Newest TLS version accepted.'),
    cipher_suites: z.array(text()).default([]).describe('Ciphers allowed up to TLS 1.2.'),
    prefer_server_cipher_suites: z.boolean().default(true).meta(noEffect('the order is always ours.')),
    curve_preferences: z.array(text()).default([]).describe('Curves, most wanted first.'),
  })
  .superRefine((tls, context) => {
    for (const name of ['cert', 'key'] as const) {
      const given = [name, `${name}_file`].filter((key) => Reflect.get(tls, key));
      if (given.length === 1) continue;
      const message =
        given.length === 0
          ? `expected ${name}_file, got none`
          : `expected one of ${given.join(', ')}, got both`;
      context.addIssue({ code: 'custom', path: given.slice(1), message });
    }
    if (tls.client_ca && tls.client_ca_file) {
      context.addIssue({
        code: 'custom',
        path: ['client_ca'],
        message: 'expected at most one of client_ca, client_ca_file',
      });
    }
    const needsCa =
      tls.client_auth_type === 'RequireAndVerifyClientCert' ||
      tls.client_auth_type === 'VerifyClientCertIfGiven';
    if (needsCa && !tls.client_ca && !tls.client_ca_file) {
      context.addIssue({
        code: 'custom',
        path: [],
        message: `expected client_ca_file for client_auth_type ${tls.client_auth_type}`,
      });
    }
    if (tls.client_auth_type === 'NoClientCert' && (tls.client_ca || tls.client_ca_file)) {
      context.addIssue({ code: 'custom', path: [], message: 'expected a client_auth_type beside client_ca' });
    }
  });
export type TlsServerConfig = z.output<typeof tlsServerConfig>;

const httpServerConfig = z.strictObject({
  http2: z.boolean().default(true).meta(noEffect('HTTP/1.1 is served.')),
  headers: z.record(text(), text()).default({}).describe('Headers added to every answer.'),
});

const bcryptHash = () =>
  secret().regex(/^\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}$/, {
    error: 'expected a bcrypt hash, as `belfry hash-password` prints it',
  });

/** The keys of upstream's web config files; also a kind of file of its own for `check`. */
export const webFileShape = {
  tls_server_config: tlsServerConfig.optional().describe('Serves HTTPS.'),
  http_server_config: httpServerConfig.prefault({}).describe('HTTP answers.'),
  basic_auth_users: z.record(text(), bcryptHash()).default({}).describe('User names and bcrypt hashes.'),
};
export const webFile = z.strictObject(webFileShape);

export const webConfig = z.strictObject({
  listen: hostPort('127.0.0.1:9797')
    .optional()
    .describe('Address to listen on, `host:port`; `127.0.0.1:9797` unless given here or by --listen.'),
  external_url: url()
    .optional()
    .describe('Address under which people reach this site; `http://<hostname>:<port>` unless given.'),
  allow_anonymous: z
    .boolean()
    .default(false)
    .describe('Serves everybody on an address other than loopback without users.'),
  ...webFileShape,
});
export type WebConfig = z.output<typeof webConfig>;
