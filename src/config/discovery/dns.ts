import * as z from 'zod';
import { positiveDuration, text } from '../leaves.ts';

const DNS_TYPES = ['SRV', 'A', 'AAAA', 'MX', 'NS'] as const;
export type DnsType = (typeof DNS_TYPES)[number];

export const dnsSdConfig = z.lazy(() =>
  z
    .strictObject({
      names: z
        .array(text())
        .min(1, { error: 'expected at least one name, got an empty list' })
        .describe('Names to look up.'),
      type: recordType()
        .default('SRV')
        .describe(`Type of the records: ${DNS_TYPES.join(', ')}.`),
      port: z
        .number()
        .int()
        .min(0)
        .max(65_535)
        .default(0)
        .describe('Port of the targets; SRV records bring their own.'),
      refresh_interval: positiveDuration().prefault('30s').describe('Time between look-ups.'),
    })
    .superRefine((keys, context) => {
      if (keys.type === 'SRV' || keys.port !== 0) return;
      context.addIssue({
        code: 'custom',
        path: [],
        message: `expected a port for records of type ${keys.type}`,
      });
    }),
);
export type DnsSdConfig = z.output<typeof dnsSdConfig>;

function recordType() {
  return z
    .string()
    .meta({ type: DNS_TYPES.join(' | ') })
    .transform((value, context): DnsType => {
      const type = DNS_TYPES.find((known) => known === value.toUpperCase());
      if (type !== undefined) return type;
      context.issues.push({
        code: 'custom',
        message: `expected one of ${DNS_TYPES.join(', ')}, got ${JSON.stringify(value)}`,
        input: value,
      });
      return z.NEVER;
    });
}
