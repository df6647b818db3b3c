import * as z from 'zod';
import { checkHttpClient, httpClientShape, isReservedHeader, tlsConfig } from './http-client.ts';
import { count, duration, filePath, labelMap, text, verbatim } from './leaves.ts';

/**
 * Sections of upstream's that change nothing here. They are read, so that a file can be taken as it is, and refused where
 * upstream refuses them.
 */
const headers = () => z.record(text(), text()).default({});

const remoteReadItem = z.lazy(() =>
  z
    .strictObject({
      url: address(),
      remote_timeout: duration().optional(),
      chunked_read_limit: count().optional(),
      headers: headers(),
      read_recent: z.boolean().optional(),
      name: text().optional(),
      required_matchers: labelMap().optional(),
      filter_external_labels: z.boolean().optional(),
      ...httpClientShape,
    })
    .superRefine((keys, context) => {
      checkHttpClient(keys, context);
      checkHeaders(keys.headers, context);
    }),
);

export const remoteRead = z.array(remoteReadItem).superRefine(checkNames);

/** Both upstreams' keys; Alertmanager's headers are mappings. */
export const tracing = z.lazy(() =>
  z
    .strictObject({
      client_type: z.enum(['http', 'grpc']).optional(),
      endpoint: text().min(1, { error: 'expected an endpoint, got nothing' }),
      sampling_fraction: z.number().optional(),
      insecure: z.boolean().optional(),
      tls_config: tlsConfig.optional(),
      headers: z.record(text(), z.unknown()).default({}),
      compression: z.enum(['gzip', '']).optional(),
      timeout: duration().optional(),
    })
    .superRefine((keys, context) => checkHeaders(keys.headers, context)),
);

export const otlp = z.lazy(() =>
  z
    .strictObject({
      promote_all_resource_attributes: z.boolean().optional(),
      promote_resource_attributes: attributes(),
      ignore_resource_attributes: attributes(),
      translation_strategy: z
        .enum([
          'UnderscoreEscapingWithSuffixes',
          'UnderscoreEscapingWithoutSuffixes',
          'NoUTF8EscapingWithSuffixes',
          'NoTranslation',
          '',
        ])
        .optional(),
      keep_identifying_resource_attributes: z.boolean().optional(),
      convert_histograms_to_nhcb: z.boolean().optional(),
      promote_scope_metadata: z.boolean().optional(),
      label_name_underscore_sanitization: z.boolean().optional(),
      label_name_preserve_multiple_underscores: z.boolean().optional(),
    })
    .superRefine((keys, context) => {
      const all = keys.promote_all_resource_attributes;
      if (all && keys.promote_resource_attributes.length > 0) {
        context.addIssue({
          code: 'custom',
          path: ['promote_resource_attributes'],
          message: 'expected none of them beside promote_all_resource_attributes',
        });
      }
      if (!all && keys.ignore_resource_attributes.length > 0) {
        context.addIssue({
          code: 'custom',
          path: ['ignore_resource_attributes'],
          message: 'expected promote_all_resource_attributes beside them',
        });
      }
    }),
);

export const runtime = z.lazy(() => z.strictObject({ gogc: z.number().int().optional() }));

export const eventRecorder = z.lazy(() =>
  z.strictObject({
    file_outputs: z.array(z.strictObject({ path: filePath() })).optional(),
    webhook_outputs: z.array(z.record(text(), z.unknown())).optional(),
    kafka_outputs: z.array(z.record(text(), z.unknown())).optional(),
    stdout_outputs: z.array(z.record(text(), z.unknown())).optional(),
  }),
);

function address() {
  return text().refine((value) => value !== '', { error: 'expected an address, got nothing' });
}

function attributes() {
  return z
    .array(
      verbatim().refine((name) => name.trim() !== '', { error: 'expected an attribute, got an empty one' }),
    )
    .refine((names) => new Set(names).size === names.length, { error: 'expected each attribute once' })
    .default([]);
}

function checkHeaders(given: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const header of Object.keys(given)) {
    if (!isReservedHeader(header)) continue;
    const message = `expected another header: ${header} is set by the client itself`;
    context.addIssue({ code: 'custom', path: ['headers', header], message });
  }
}

function checkNames(list: readonly { readonly name?: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  list.forEach(({ name }, index) => {
    if (name && seen.has(name)) {
      const message = `expected each name once, got ${JSON.stringify(name)} again`;
      context.addIssue({ code: 'custom', path: [index, 'name'], message });
    }
    if (name) seen.add(name);
  });
}
