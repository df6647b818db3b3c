import * as z from 'zod';
import type { GlobalConfig } from '../global.ts';
import type { HttpClientConfig } from '../http-client.ts';
import { filePath, goDuration, secret, template } from '../leaves.ts';
import { oneOf } from '../one-of.ts';
import { httpIntegration } from './integration.ts';

export const pushoverConfig = z.lazy(() =>
  z
    .strictObject({
      ...httpIntegration(true),
      user_key: secret().optional().describe('Key of the user or group.'),
      user_key_file: filePath().optional().describe('File holding it.'),
      token: secret().optional().describe('Token of the application.'),
      token_file: filePath().optional().describe('File holding it.'),
      title: template().default('{{ template "pushover.default.title" . }}').describe('Title.'),
      message: template().default('{{ template "pushover.default.message" . }}').describe('Text.'),
      url: template().default('{{ template "pushover.default.url" . }}').describe('Link.'),
      url_title: template().default('').describe('Title of the link.'),
      device: template().default('').describe('Devices, comma-separated; all unless given.'),
      sound: template().default('').describe("Sound; the user's unless given."),
      priority: template()
        .default('{{ if eq .Status "firing" }}2{{ else }}0{{ end }}')
        .describe('-2 to 2; 2 repeats until acknowledged.'),
      retry: goDuration().prefault('1m').describe('How often a message of priority 2 is repeated.'),
      expire: goDuration().prefault('1h').describe('For how long it is repeated.'),
      ttl: goDuration().prefault('0s').describe('After this time the message is deleted; 0 is never.'),
      html: z.boolean().default(false).describe('The text is HTML.'),
      monospace: z.boolean().default(false).describe('The text is shown in a monospaced font.'),
    })
    .superRefine((keys, context) => {
      oneOf(keys, ['user_key', 'user_key_file'], context, { required: true });
      oneOf(keys, ['token', 'token_file'], context, { required: true });
      if (keys.html && keys.monospace) {
        context.addIssue({
          code: 'custom',
          path: ['monospace'],
          message: 'expected at most one of html and monospace, got both',
        });
      }
    }),
);
export type PushoverKeys = z.output<typeof pushoverConfig>;

export interface PushoverConfig extends PushoverKeys {
  readonly http_config: HttpClientConfig;
}

export function completePushover(keys: PushoverKeys, global: GlobalConfig): PushoverConfig {
  return { ...keys, http_config: keys.http_config ?? global.http_config };
}
