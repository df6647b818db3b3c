import { Counter, Gauge, type Registry } from 'prom-client';
import type { PartitionSums } from './protocol.ts';
import type { Store, StoreStats } from './store.ts';

/** Registers the store's own metrics; each scrape reads the store's counters once per metric. */
export function registerStoreMetrics(registry: Registry, store: Store): void {
  const counter = (name: string, help: string, read: (stats: StoreStats) => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read(store.stats()));
      },
    });
  };
  const gauge = (name: string, help: string, read: (stats: StoreStats) => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read(store.stats()));
      },
    });
  };
  counter(
    'belfry_tsdb_samples_appended_total',
    'Samples appended, staleness markers not counted.',
    (s) => s.samplesAppended,
  );
  gauge('belfry_tsdb_series', 'Series in the index of the head.', (s) => s.series);
  gauge(
    'belfry_tsdb_head_bytes',
    'Memory taken by samples that are in no partition yet.',
    (s) => s.headBytes,
  );
  counter(
    'belfry_tsdb_lost_scrapes_total',
    'Scrapes given up unstored because the disk could not be written and memory was spent.',
    (s) => s.lostRows,
  );
  counter(
    'belfry_tsdb_behind_scrapes_total',
    'Scrapes stored although the clock was set back and later samples are there already.',
    (s) => s.behindScrapes,
  );
  counter('belfry_tsdb_log_rows_total', 'Rows written to the log.', (s) => s.log.rowsWritten);
  counter('belfry_tsdb_log_written_bytes_total', 'Bytes written to the log.', (s) => s.log.bytesWritten);
  counter('belfry_tsdb_log_failures_total', 'Attempts to write the log that failed.', (s) => s.log.failures);
  gauge('belfry_tsdb_log_rows', 'Rows of the log that a replay would read.', (s) => s.log.rows);
  gauge('belfry_tsdb_log_bytes', 'Size of log.db.', (s) => s.log.bytes);
  counter('belfry_tsdb_flushes_total', 'Flushes of the head to partitions.', (s) => s.flush.flushes);
  counter('belfry_tsdb_flush_failures_total', 'Flushes that failed.', (s) => s.flush.failures);
  counter(
    'belfry_tsdb_flush_seconds_total',
    'Time the background worker took for flushes.',
    (s) => s.flush.totalDurationMs / 1000,
  );
  counter('belfry_tsdb_flushed_samples_total', 'Samples flushed to partitions.', (s) => s.flush.samples);
  counter('belfry_tsdb_seals_total', 'Days sealed.', (s) => s.upkeep.seals);
  counter('belfry_tsdb_seal_failures_total', 'Days that could not be sealed.', (s) => s.upkeep.sealFailures);
  counter(
    'belfry_tsdb_seal_seconds_total',
    'Time the background worker took for sealing days.',
    (s) => s.upkeep.sealMs / 1000,
  );
  counter('belfry_tsdb_deleted_samples_total', 'Samples deleted on request.', (s) => s.upkeep.deletedSamples);
  gauge(
    'belfry_tsdb_replay_seconds',
    'How long the replay of the log took at start.',
    (s) => s.replay.durationMs / 1000,
  );
  gauge(
    'belfry_tsdb_degraded',
    '1 while samples are in memory only, because the disk cannot be written.',
    () => (store.degraded() === undefined ? 0 : 1),
  );
  counter('belfry_tsdb_exemplars_appended_total', 'Exemplars kept.', (s) => s.exemplars.appended);
  counter(
    'belfry_tsdb_out_of_order_exemplars_total',
    'Exemplars older than the last one of their series, which were left out.',
    (s) => s.exemplars.outOfOrder,
  );
  counter(
    'belfry_tsdb_too_long_exemplars_total',
    'Exemplars with labels of more than 128 characters, which were left out.',
    (s) => s.exemplars.tooLong,
  );
  gauge('belfry_tsdb_exemplars', 'Exemplars in memory.', (s) => s.exemplars.kept);
  gauge('belfry_tsdb_max_exemplars', 'Exemplars that are kept at most.', (s) => s.exemplars.capacity);
  gauge('belfry_tsdb_series_with_exemplars', 'Series that have exemplars.', (s) => s.exemplars.series);
  gauge(
    'belfry_tsdb_oldest_exemplar_timestamp_seconds',
    'Time of the exemplar that goes next, Unix seconds; 0 when there is none.',
    (s) => s.exemplars.oldest / 1000,
  );
  new Counter({
    name: 'belfry_tsdb_rejected_samples_total',
    help: 'Samples with their own timestamps that were not stored, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [reason, count] of Object.entries(store.stats().rejected)) this.inc({ reason }, count);
    },
  });
  const labelled = (name: string, help: string, label: string, read: (stats: StoreStats) => object): void => {
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(read(store.stats()))) this.set({ [label]: value }, count);
      },
    });
  };
  const files = ({ upkeep }: StoreStats, what: keyof PartitionSums) => ({
    hot: upkeep.files.hot[what],
    sealed: upkeep.files.sealed[what],
  });
  labelled('belfry_tsdb_partitions', 'Partition files.', 'kind', (s) => files(s, 'count'));
  labelled('belfry_tsdb_chunks', 'Chunks of the partitions: blocks of up to 32 series.', 'kind', (s) =>
    files(s, 'chunks'),
  );
  labelled(
    'belfry_tsdb_partition_bytes',
    'Size of the partition files, write-ahead logs included.',
    'kind',
    (s) => files(s, 'bytes'),
  );
  new Counter({
    name: 'belfry_tsdb_removed_days_total',
    help: 'Days removed by retention, by reason.',
    labelNames: ['reason'],
    registers: [registry],
    collect() {
      this.reset();
      const { removedByTime, removedBySize } = store.stats().upkeep;
      this.inc({ reason: 'time' }, removedByTime);
      this.inc({ reason: 'size' }, removedBySize);
    },
  });
}
