import * as z from 'zod';
import { filePath, secret, text } from './leaves.ts';
import { oneOf } from './one-of.ts';

/** Who signs requests to AWS, and for which region. */
export const sigv4Config = z.lazy(() =>
  z
    .strictObject({
      region: text().default('').describe('Region; `AWS_REGION` or the profile unless given.'),
      access_key: text().default('').describe('Access key; `AWS_ACCESS_KEY_ID` or the profile unless given.'),
      secret_key: secret()
        .optional()
        .describe('Secret key; `AWS_SECRET_ACCESS_KEY` or the profile unless given.'),
      secret_key_file: filePath().optional().describe('File holding it.'),
      profile: text().default('').describe('Profile of the shared credentials file.'),
      role_arn: text().default('').describe('Role to assume.'),
      external_id: text().default('').describe('External id for assuming the role.'),
      use_fips_sts_endpoint: z.boolean().default(false).describe('Asks the FIPS endpoint for the role.'),
      service_name: text()
        .default('')
        .describe(
          'Service that remote write and requests to Alertmanagers are for; `aps` unless given. Messages to SNS are for `sns`.',
        ),
    })
    .superRefine((keys, context) => {
      oneOf(keys, ['secret_key', 'secret_key_file'], context);
      const hasSecret = Boolean(keys.secret_key || keys.secret_key_file);
      if (hasSecret === (keys.access_key !== '')) return;
      context.addIssue({
        code: 'custom',
        path: [],
        message: 'expected both access_key and secret_key, or neither',
      });
    }),
);

/** `session_token` comes with credentials of the environment. */
export type Sigv4Config = z.output<typeof sigv4Config> & { readonly session_token?: string };
