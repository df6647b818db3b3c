import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'vitest';
import { unlimited } from '../../model/queryable.ts';
import { exporterMix } from '../../testing/exporter-mix.ts';
import { PARTITION_MS } from '../partition.ts';
import { type AppendBatch, openHotPartition } from './hot.ts';
import { openPartitionReader } from './reader.ts';
import { DAY, entry, scratchDirectory, sealAll } from './testing.ts';

const SERIES = 320;
const SOURCES = 5;
const ROWS = 5760;
const PER_FLUSH = 32;
const SAMPLES = SERIES * ROWS;

/** A day at 15 s of five targets with 64 series each, the scrapes a few ms late now and then. */
function dayOfBatches(): AppendBatch[] {
  const mix = exporterMix(SERIES, ROWS);
  const series = mix.map(({ name }, i) =>
    entry(i + 1, 1 + (i % SOURCES), { __name__: name, instance: `h${i % SOURCES}:9100`, i: `${i}` }),
  );
  return Array.from({ length: ROWS / PER_FLUSH }, (_, flush) => ({
    series: flush === 0 ? series : [],
    own: [],
    blocks: Array.from({ length: SOURCES }, (_, s) => ({
      source: series[s]!.source,
      timestamps: Float64Array.from({ length: PER_FLUSH }, (_, row) => {
        const scrape = flush * PER_FLUSH + row;
        return DAY + scrape * 15_000 + 700 * s + ((scrape * 7919) % 50 === 0 ? 12 : 0);
      }),
      columns: mix.flatMap(({ values }, i) =>
        i % SOURCES === s
          ? [{ ref: series[i]!.ref, values: values.subarray(flush * PER_FLUSH, (flush + 1) * PER_FLUSH) }]
          : [],
      ),
    })),
  }));
}

test(`a day of ${SERIES} series at 15 s (${SAMPLES} samples)`, async ({ bench }) => {
  const batches = dayOfBatches();
  const write = (directory: string): string => {
    const file = join(directory, '20260102.hot.db');
    const writer = openHotPartition(file, { addon: undefined, day: DAY });
    for (const one of batches) {
      writer.append(one);
      writer.mergeStep(DAY);
    }
    while (writer.mergeStep(DAY + 2 * PARTITION_MS));
    writer.checkpoint();
    writer.close();
    return file;
  };
  const kept = scratchDirectory();
  const started = process.cpuUsage();
  const hotBytes = statSync(write(kept.path)).size;
  const written = process.cpuUsage(started);
  const sealed = sealAll(kept.path);
  const all = process.cpuUsage(started);
  const nsPerSample = ({ user, system }: NodeJS.CpuUsage): string =>
    (((user + system) * 1000) / SAMPLES).toFixed(0);
  console.log(
    `hot ${(hotBytes / SAMPLES).toFixed(3)}, sealed ${(sealed.bytes / SAMPLES).toFixed(3)} bytes a sample, all in`,
  );
  console.log(
    `append and merge ${nsPerSample(written)}, with seal ${nsPerSample(all)} ns CPU a sample, cold`,
  );
  const reader = openPartitionReader(sealed.file!, { addon: undefined });
  const hour = { from: DAY, to: DAY + 3_600_000 };

  await bench.compare(
    bench('read the day', () => {
      reader.begin();
      reader.read(reader.match([]), reader.range, unlimited);
      reader.end();
    }),
    bench('read an hour of one metric', () => {
      reader.begin();
      reader.read(reader.match([{ name: '__name__', op: '=', value: 'busy_total' }]), hour, unlimited);
      reader.end();
    }),
  );
  reader.close();
  kept.remove();
});
