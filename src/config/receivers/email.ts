import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import { type TlsConfig, tlsConfig } from '../http-client.ts';
import { filePath, hostPort, secret, template, text } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { sendResolvedKey } from './integration.ts';

const threading = z.lazy(() =>
  z
    .strictObject({
      enabled: z.boolean().default(false).describe('Puts the mails of a group into one thread.'),
      thread_by_date: text().default('').describe('`none` or `daily`: a new thread each day.'),
    })
    .refine(({ enabled, thread_by_date }) => !enabled || ['none', 'daily'].includes(thread_by_date), {
      path: ['thread_by_date'],
      error: 'expected "none" or "daily"',
    }),
);

export const emailConfig = z.lazy(() =>
  z
    .strictObject({
      ...sendResolvedKey(false),
      to: text().optional().describe('Addresses, comma-separated; may be a template. Required.'),
      from: text().optional().describe('Sender; `global.smtp_from` unless given.'),
      hello: text().optional().describe('Name given to the server; `global.smtp_hello` unless given.'),
      smarthost: hostPort('mail.example.org:587')
        .optional()
        .describe('Mail server; `global.smtp_smarthost` unless given.'),
      auth_username: text().optional().describe('User; `global.smtp_auth_username` unless given.'),
      auth_password: secret().optional().describe('Password; `global.smtp_auth_password` unless given.'),
      auth_password_file: filePath().optional().describe('File holding it.'),
      auth_secret: secret()
        .optional()
        .describe('Secret for CRAM-MD5; `global.smtp_auth_secret` unless given.'),
      auth_secret_file: filePath().optional().describe('File holding it.'),
      auth_identity: text().optional().describe('Identity; `global.smtp_auth_identity` unless given.'),
      headers: z
        .record(text(), template())
        .default({})
        .describe('Headers; `Subject`, `To` and `From` replace the usual ones.'),
      html: template().default('{{ template "email.default.html" . }}').describe('HTML part.'),
      text: template().default('').describe('Plain text part.'),
      require_tls: z
        .boolean()
        .optional()
        .describe('Sends nothing before STARTTLS; `global.smtp_require_tls` unless given.'),
      tls_config: tlsConfig.optional().describe('TLS; `global.smtp_tls_config` unless given.'),
      force_implicit_tls: z
        .boolean()
        .optional()
        .describe('TLS from the first byte; with port 465 unless given.'),
      threading: threading.prefault({}).describe('Mail threads.'),
    })
    .superRefine((keys, context) => {
      if (!keys.to)
        context.addIssue({
          code: 'custom',
          path: [],
          message: 'expected to, the address to send to, got none',
        });
      oneOf(keys, ['auth_password', 'auth_password_file'], context);
      oneOf(keys, ['auth_secret', 'auth_secret_file'], context);
      const seen = new Set<string>();
      for (const header of Object.keys(keys.headers)) {
        const name = header.toLowerCase();
        if (seen.has(name)) {
          context.addIssue({
            code: 'custom',
            path: ['headers', header],
            message: `expected each header once, got ${header} again`,
          });
        }
        if (keys.threading.enabled && (name === 'references' || name === 'in-reply-to')) {
          context.addIssue({
            code: 'custom',
            path: ['headers', header],
            message: `expected no header ${header} beside threading`,
          });
        }
        seen.add(name);
      }
    }),
);
export type EmailKeys = z.output<typeof emailConfig>;

/** With the keys of `global.smtp_*` filled in. `smarthost` is `host:port`. */
export interface EmailConfig extends EmailKeys {
  readonly to: string;
  readonly from: string;
  readonly hello: string;
  readonly smarthost: string;
  readonly require_tls: boolean;
  readonly tls_config: TlsConfig;
}

/** `from` and `smarthost` are empty when neither is given; check-routes.ts reports it. */
export function completeEmail(keys: EmailKeys, global: GlobalConfig): EmailConfig {
  const ownPassword = keys.auth_password || keys.auth_password_file;
  const ownSecret = keys.auth_secret || keys.auth_secret_file;
  return {
    ...keys,
    to: keys.to ?? '',
    from: keys.from || global.smtp_from || '',
    hello: keys.hello || global.smtp_hello,
    smarthost: keys.smarthost || global.smtp_smarthost || '',
    auth_username: keys.auth_username || global.smtp_auth_username,
    auth_password: ownPassword ? keys.auth_password : global.smtp_auth_password,
    auth_password_file: ownPassword ? keys.auth_password_file : global.smtp_auth_password_file,
    auth_secret: ownSecret ? keys.auth_secret : global.smtp_auth_secret,
    auth_secret_file: ownSecret ? keys.auth_secret_file : global.smtp_auth_secret_file,
    auth_identity: keys.auth_identity || global.smtp_auth_identity,
    require_tls: keys.require_tls ?? global.smtp_require_tls,
    force_implicit_tls: keys.force_implicit_tls ?? global.smtp_force_implicit_tls,
    tls_config: keys.tls_config ?? global.smtp_tls_config,
  };
}
