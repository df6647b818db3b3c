import * as z from 'zod';
import { filePath, hostPort, noEffect, positiveDuration, regex, secret, text, url } from './leaves.ts';

const CLIENT_AUTH = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;

/** Go's names of the ciphers that can be chosen, which are those up to TLS 1.2, with OpenSSL's. */
export const CIPHER_SUITES: Readonly<Record<string, string>> = {
  TLS_RSA_WITH_AES_128_CBC_SHA: 'AES128-SHA',
  TLS_RSA_WITH_AES_256_CBC_SHA: 'AES256-SHA',
  TLS_RSA_WITH_AES_128_CBC_SHA256: 'AES128-SHA256',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256: 'ECDHE-ECDSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256: 'ECDHE-RSA-AES128-SHA256',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
};

/** Go's names of curves with OpenSSL's. */
export const CURVES: Readonly<Record<string, string>> = {
  CurveP256: 'P-256',
  CurveP384: 'P-384',
  CurveP521: 'P-521',
  X25519: 'X25519',
  X25519MLKEM768: 'X25519MLKEM768',
};

const oneOf = (known: Readonly<Record<string, string>>) =>
  text().refine((name) => Object.hasOwn(known, name), {
    error: (issue) => `expected one of ${Object.keys(known).join(', ')}, got ${JSON.stringify(issue.input)}`,
  });

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
    cipher_suites: z.array(oneOf(CIPHER_SUITES)).default([]).describe('Ciphers allowed up to TLS 1.2.'),
    prefer_server_cipher_suites: z.boolean().default(true).meta(noEffect('the order is always ours.')),
    curve_preferences: z.array(oneOf(CURVES)).default([]).describe('Curves, most wanted first.'),
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

/** Those upstream lets one set. */
const SETTABLE_HEADERS = [
  'Strict-Transport-Security',
  'X-Content-Type-Options',
  'X-Frame-Options',
  'X-XSS-Protection',
  'Content-Security-Policy',
];

const httpServerConfig = z.strictObject({
  http2: z.boolean().default(true).meta(noEffect('HTTP/1.1 is served.')),
  headers: z
    .record(
      text().refine((name) => SETTABLE_HEADERS.some((one) => one.toLowerCase() === name.toLowerCase()), {
        error: `expected one of ${SETTABLE_HEADERS.join(', ')}`,
      }),
      text().regex(/^[\t\x20-\x7e]*$/, { error: 'expected one line of plain text' }),
    )
    .default({})
    .describe(`Headers of every answer; of ${SETTABLE_HEADERS.join(', ')}.`),
});

/** scrypt of at most 128 MiB (`N·r·128` bytes), or bcrypt. */
export const PASSWORD_HASH =
  /^(\$2[abxy]?\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}|\$scrypt\$ln=1[0-7],r=[1-8],p=[1-4]\$[A-Za-z0-9+/]{16,88}\$[A-Za-z0-9+/]{43,88})$/;

const passwordHash = () =>
  secret().regex(PASSWORD_HASH, {
    error: 'expected a hash of scrypt or bcrypt, as `belfry hash-password` prints it',
  });

const user = z
  .strictObject({
    role: z
      .enum(['viewer', 'responder', 'admin'])
      .default('viewer')
      .describe('A viewer looks, a responder also silences, an admin does everything.'),
    password_hash: passwordHash().optional().describe('Hash, as `belfry hash-password` prints it.'),
    password_hash_file: filePath().optional().describe('File with the hash.'),
  })
  .superRefine((given, context) => {
    const hashes = [given.password_hash, given.password_hash_file].filter((one) => one !== undefined);
    if (hashes.length === 1) return;
    const message = `expected one of password_hash, password_hash_file, got ${hashes.length === 0 ? 'none' : 'both'}`;
    context.addIssue({ code: 'custom', path: [], message });
  });
export type WebUser = z.output<typeof user>;

const userName = () =>
  text().regex(/^[^:\p{Cc}]{1,100}$/u, { error: 'expected a name without a colon, at most 100 characters' });

/** The keys of upstream's web config files; also a kind of file of its own for `check`. */
const webFileShape = {
  tls_server_config: tlsServerConfig.optional().describe('Serves HTTPS.'),
  http_server_config: httpServerConfig.prefault({}).describe('HTTP answers.'),
  basic_auth_users: z
    .record(userName(), passwordHash())
    .default({})
    .describe('Admins: names and hashes of bcrypt or scrypt.'),
};
export const webFile = z.strictObject(webFileShape);
export type WebFile = z.output<typeof webFile>;

const webKeys = z.strictObject({
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
  users: z.record(userName(), user).default({}).describe('Who may log in, and what they may do.'),
  session_idle_timeout: positiveDuration()
    .prefault('7d')
    .describe('A login ends when it was not used for this long,'),
  session_max_age: positiveDuration().prefault('30d').describe('and at the latest after this.'),
  cors_origin: regex()
    .optional()
    .describe(
      "Pages of these origins (regular expression, whole) may read; as upstream's `--web.cors.origin`.",
    ),
  ...webFileShape,
});

export const webConfig = webKeys.superRefine((web, context) => {
  for (const name of Object.keys(web.users)) {
    if (!Object.hasOwn(web.basic_auth_users, name)) continue;
    const message = `expected a name once, got ${JSON.stringify(name)} under basic_auth_users too`;
    context.addIssue({ code: 'custom', path: ['users', name], message });
  }
});
export type WebConfig = z.output<typeof webConfig>;
