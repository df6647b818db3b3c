import * as z from 'zod';
import {
  checkHttpClient,
  completeHttpClient,
  type HttpClientConfig,
  httpClientShape,
  isReservedHeader,
} from './http-client.ts';
import { duration, noEffect, positiveDuration, secret, text, url } from './leaves.ts';
import { type RelabelConfig, relabelConfig } from './relabel.ts';
import { type Sigv4Config, sigv4Config } from './sigv4.ts';

/** A section without which the endpoint cannot be used: requests would be refused, and every refusal costs samples. */
const unsupported = (what: string) => ({
  description: `Not supported: ${what}; nothing is sent to an endpoint that has it.`,
  warning: `not supported: ${what}; nothing is sent to this endpoint`,
});

const cloudLogin = () => z.record(text(), z.unknown()).optional();

const positive = () => z.number().int().min(1);

const queueConfig = z.lazy(() =>
  z
    .strictObject({
      capacity: positive().default(10_000).describe('Samples of a source that are read at once to catch up.'),
      max_shards: positive().default(50).describe('Most requests at once.'),
      min_shards: positive().default(1).describe('Requests at once to begin with.'),
      max_samples_per_send: positive().default(2000).describe('Most samples in a request.'),
      batch_send_deadline: positiveDuration()
        .prefault('5s')
        .describe('Longest time a sample waits for a full request.'),
      min_backoff: positiveDuration()
        .prefault('30ms')
        .describe('First wait before a request is tried again.'),
      max_backoff: positiveDuration()
        .prefault('5s')
        .describe('Longest wait before a request is tried again.'),
      retry_on_http_429: z
        .boolean()
        .default(true)
        .describe('Tries again when the receiver wants fewer requests; otherwise such samples are dropped.'),
      sample_age_limit: duration().prefault('0s').describe('Older samples are dropped; 0 keeps all.'),
    })
    .superRefine((queue, context) => {
      if (queue.min_shards > queue.max_shards) {
        const message = `expected at most max_shards ${queue.max_shards}, got ${queue.min_shards}`;
        context.addIssue({ code: 'custom', path: ['min_shards'], message });
      }
      if (queue.max_backoff < queue.min_backoff) {
        const message = 'expected at least min_backoff, got less';
        context.addIssue({ code: 'custom', path: ['max_backoff'], message });
      }
    }),
);

const metadataConfig = z.lazy(() =>
  z.strictObject({
    send: z.boolean().default(true).describe('Sends types, units and help texts too.'),
    send_interval: positiveDuration().prefault('1m').describe('How often; with 2.0 they ride along instead.'),
    max_samples_per_send: positive().default(2000).describe('Most metrics in a request.'),
  }),
);

const MESSAGES = ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request'] as const;

/** Ways to say who sends. */
const CLOUD_LOGINS = ['sigv4', 'azuread', 'google_iam'] as const;
const WAYS_IN = [
  'basic_auth',
  'authorization',
  'bearer_token',
  'bearer_token_file',
  'oauth2',
  ...CLOUD_LOGINS,
] as const;

const endpoint = z.lazy(() =>
  z
    .strictObject({
      url: url().describe('Address of the receiver. Required.'),
      name: text()
        .optional()
        .describe('Name in metrics; the place in the queue is kept under it. The address unless given.'),
      remote_timeout: positiveDuration().prefault('30s').describe('Longest time a request may take.'),
      headers: z
        .record(text(), secret())
        .default({})
        .describe('More request headers, such as the tenant’s name.'),
      write_relabel_configs: z
        .array(relabelConfig)
        .default([])
        .describe('Steps that change or drop series on their way out; external labels are there already.'),
      protobuf_message: z
        .enum(MESSAGES)
        .default('prometheus.WriteRequest')
        .describe('Message of remote write 1.0 or 2.0.'),
      send_exemplars: z.boolean().default(false).describe('Sends exemplars too, as they come.'),
      send_native_histograms: z.boolean().default(false).describe('Sends native histograms too.'),
      round_robin_dns: z
        .boolean()
        .optional()
        .meta(noEffect('addresses are taken in the order the resolver gives.')),
      failed_request_logging: z
        .boolean()
        .optional()
        .meta(noEffect('a failure is logged once and then once a minute.')),
      queue_config: queueConfig.prefault({}).describe('Size and pace of requests.'),
      metadata_config: metadataConfig.prefault({}).describe('What is sent about metrics.'),
      sigv4: sigv4Config
        .optional()
        .describe('Signs the requests for AWS. Not with the other ways to authenticate.'),
      azuread: cloudLogin().meta(unsupported('Azure AD')),
      google_iam: cloudLogin().meta(unsupported('Google IAM')),
      ...httpClientShape,
    })
    .superRefine((keys, context) => {
      checkHttpClient(keys, context);
      const ways = WAYS_IN.filter((way) => keys[way] !== undefined);
      const ofCloud = CLOUD_LOGINS.find((way) => keys[way] !== undefined);
      if (ofCloud && ways.length > 1) {
        const message = `expected one way to authenticate, got ${ways.join(' and ')}`;
        context.addIssue({ code: 'custom', path: [ofCloud], message });
      }
      for (const header of Object.keys(keys.headers)) {
        if (!isReservedHeader(header)) continue;
        const message = `expected another header: ${header} is set by the client itself`;
        context.addIssue({ code: 'custom', path: ['headers', header], message });
      }
    }),
);

export const remoteWrite = z.array(endpoint).superRefine((list, context) => {
  const seen = new Set<string>();
  list.forEach(({ name }, index) => {
    if (name && seen.has(name)) {
      const message = `expected each name once, got ${JSON.stringify(name)} again`;
      context.addIssue({ code: 'custom', path: [index, 'name'], message });
    }
    if (name) seen.add(name);
  });
});

/** A receiver of remote write. Durations in ms. */
export interface RemoteWriteConfig extends HttpClientConfig {
  readonly url: string;
  readonly name?: string;
  readonly remote_timeout: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly write_relabel_configs: readonly RelabelConfig[];
  readonly protobuf_message: (typeof MESSAGES)[number];
  readonly send_exemplars: boolean;
  readonly send_native_histograms: boolean;
  readonly queue_config: z.output<typeof queueConfig>;
  readonly metadata_config: z.output<typeof metadataConfig>;
  readonly sigv4?: Sigv4Config;
}

/** The endpoints that can be sent to. */
export function completeRemoteWrite(list: z.output<typeof remoteWrite>): RemoteWriteConfig[] {
  return list
    .filter(({ azuread, google_iam }) => !azuread && !google_iam)
    .map((keys) => completeHttpClient(keys));
}
