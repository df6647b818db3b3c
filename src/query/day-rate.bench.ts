import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { parseExpr } from '../promql/parse.ts';
import { exporterMix } from '../testing/exporter-mix.ts';
import { createHeadShared } from '../tsdb/head/layout.ts';
import { createIndexShared } from '../tsdb/index/layout.ts';
import { openQueryable } from '../tsdb/open-queryable.ts';
import { type AppendBatch, openHotPartition } from '../tsdb/partition/hot.ts';
import { DAY, entry, scratchDirectory, sealAll } from '../tsdb/partition/testing.ts';
import { PARTITION_MS } from '../tsdb/partition.ts';
import { keptMemory } from './kept-memory.ts';
import { newControl, type QueryLimits, type QueryTask } from './protocol.ts';
import { answerQuery } from './service.ts';

/** A dashboard's worst: the rate of a thousand counters over a sealed day, each column read and decoded. */
const SERIES = 1000;
const ROWS = 5760;
const PER_FLUSH = 960;
const limits: QueryLimits = {
  maxSamples: 5e7,
  maxBytes: 512 * 1024 * 1024,
  maxResultBytes: 256 * 1024 * 1024,
  timeoutMs: 120_000,
};
const stack = new DisposableStack();
afterAll(() => stack.dispose());

/** @param perSource series of each target; the first `wanted` of them are asked for */
function dayOf(sources: number, perSource: number, wanted: number): string {
  const directory = scratchDirectory();
  stack.defer(directory.remove);
  const writer = openHotPartition(join(directory.path, '20260102.hot.db'), { addon: undefined, day: DAY });
  const mix = exporterMix(64, ROWS);
  const column = (i: number): Float64Array => mix[i % mix.length]!.values;
  const series = Array.from({ length: sources * perSource }, (_, i) =>
    entry(i + 1, 1 + Math.floor(i / perSource), {
      __name__: i % perSource < wanted ? 'wanted_total' : 'other',
      instance: `h${Math.floor(i / perSource)}:9100`,
      i: `${i}`,
    }),
  );
  for (let from = 0; from < ROWS; from += PER_FLUSH) {
    const blocks: AppendBatch['blocks'] = Array.from({ length: sources }, (_, s) => ({
      source: series[s * perSource]!.source,
      timestamps: Float64Array.from(
        { length: PER_FLUSH },
        (_unused, row) => DAY + (from + row) * 15_000 + (s % 15) * 1000 + ((from + row) % 50 === 0 ? 12 : 0),
      ),
      columns: series
        .slice(s * perSource, (s + 1) * perSource)
        .map(({ ref }, i) => ({ ref, values: column(s + i).subarray(from, from + PER_FLUSH) })),
    }));
    writer.append({ series: from === 0 ? series : [], own: [], blocks });
    writer.mergeStep(DAY);
  }
  while (writer.mergeStep(DAY + 2 * PARTITION_MS));
  writer.checkpoint();
  writer.close();
  sealAll(directory.path);
  return directory.path;
}

test.for<[string, sources: number, perSource: number, wanted: number]>([
  ['packed: of one target', 1, SERIES, SERIES],
  ['scattered: one of each target', SERIES, 3, 1],
])('rate of 1000 series over 24 h, %s', async ([title, sources, perSource, wanted], { bench }) => {
  const shared = {
    dir: dayOf(sources, perSource, wanted),
    head: createHeadShared(createIndexShared(1), createIndexShared(1)),
  };
  const keeps = keptMemory(limits);
  const queryable = openQueryable(shared, { addon: undefined, visibility: 'committed', keeps });
  stack.defer(queryable.close);
  const task: QueryTask = {
    kind: 'range',
    expr: 'sum(rate(wanted_total[5m]))',
    startMs: DAY + 300_000,
    endMs: DAY + PARTITION_MS - 1,
    stepMs: 120_000,
  };
  const source = {
    queryable,
    settings: {
      lookbackMs: 300_000,
      defaultSubqueryStepMs: 60_000,
      delayedNameRemoval: false,
      useStartTimestamps: false,
      typeAndUnitLabels: false,
    },
    readExpr: parseExpr,
    readFormats: { samples: undefined!, chunks: undefined! },
    blocks: () => [],
    headSpan: () => undefined,
    families: undefined!,
  };
  const ask = () =>
    answerQuery({ id: 1, task, limits, waitedMs: 0 }, newControl(), source, () => performance.now());
  const before = process.cpuUsage();
  const { status, samplesRead, peakBytes } = ask();
  const { user, system } = process.cpuUsage(before);
  console.log(
    `${title}: ${status}, ${samplesRead} samples, ${(peakBytes / 1e6).toFixed(0)} MB at most, first ${((user + system) / 1000).toFixed(0)} ms CPU`,
  );
  await bench(title, () => void ask()).run();
});
