import * as z from 'zod';
import { count, duration, noEffect, size } from './leaves.ts';

const retention = z.strictObject({
  time: duration().optional().describe('Age up to which samples are kept; `15d` when no limit is given.'),
  size: size().optional().describe('Bytes up to which samples are kept; the oldest days go first.'),
  percentage: z
    .number()
    .min(0)
    .max(100)
    .optional()
    .describe('The same as a share of the file system, in percent.'),
});

const tsdb = z.strictObject({
  retention: retention.prefault({}).describe('How long samples are kept.'),
  out_of_order_time_window: duration()
    .optional()
    .meta(noEffect('samples of any age within retention are taken.')),
  stale_series_compaction_threshold: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .meta(noEffect('the store compacts by itself.')),
  chunk_encoding: z
    .strictObject({ floats: z.enum(['xor', 'xor2']).optional().describe('Encoding.') })
    .optional()
    .meta(noEffect('the storage format is our own.')),
});

/** As upstream; memory is taken as exemplars come, 13 MB for so many. */
const DEFAULT_MAX_EXEMPLARS = 100_000;

export const storageConfig = z.strictObject({
  tsdb: tsdb.prefault({}).describe('The store of samples.'),
  exemplars: z
    .strictObject({
      max_exemplars: count()
        .default(DEFAULT_MAX_EXEMPLARS)
        .describe(
          'Exemplars kept in memory, of all series together; each takes about 130 bytes. 0 keeps none.',
        ),
    })
    .prefault({})
    .describe('Exemplars: the latest are kept, and outlive a restart.'),
});

const DEFAULT_RETENTION_MS = 15 * 86_400_000;

/** Limits of the store; undefined is no such limit. */
export interface StorageConfig {
  readonly tsdb: {
    readonly retention: {
      /** Milliseconds. */
      readonly time?: number;
      /** Bytes. */
      readonly size?: number;
      /** 0…100. */
      readonly percentage?: number;
    };
  };
  readonly exemplars: { readonly max_exemplars: number };
}

/** Zero counts as not given; 15 days when there is no limit at all. */
export function completeStorage(keys: z.output<typeof storageConfig>): StorageConfig {
  const { time, size: bytes, percentage } = keys.tsdb.retention;
  const isLimited = Boolean(time || bytes || percentage);
  return {
    tsdb: {
      retention: {
        time: isLimited ? time || undefined : DEFAULT_RETENTION_MS,
        size: bytes || undefined,
        percentage: percentage || undefined,
      },
    },
    exemplars: keys.exemplars,
  };
}
