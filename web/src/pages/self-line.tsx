import type { Api } from '../data/api.ts';
import type { Queries } from '../data/batch.ts';
import { parseSample } from '../data/matrix.ts';
import { spacedUnits } from '../format/duration.ts';
import { Value } from '../parts/value.tsx';
import { useResource, useSession } from '../session.ts';

/** How Belfry itself is doing, on one dim line at the end of Home. */
export function SelfLine() {
  const { api, queries, router } = useSession();
  const self = useResource((abort) => loadSelf(api, queries, abort), []);
  const data = self.data.value;
  if (!data) return <p class="self-line" />;
  return (
    <p class="self-line">
      <a href={router.href('/status')}>Belfry</a>
      {data.samplesPerSecond !== undefined && (
        <span>
          <Value value={data.samplesPerSecond} /> samples/s
        </span>
      )}
      {data.series !== undefined && (
        <span>
          <Value value={data.series} /> series
        </span>
      )}
      {data.diskBytes !== undefined && (
        <span>
          <Value value={data.diskBytes} unit="bytes" /> on disk
        </span>
      )}
      {data.memoryBytes !== undefined && (
        <span>
          <Value value={data.memoryBytes} unit="bytes" /> memory
        </span>
      )}
      {data.retention !== undefined && <span>kept for {spacedUnits(data.retention)}</span>}
      {data.version !== undefined && <span>version {data.version}</span>}
    </p>
  );
}

interface SelfNumbers {
  readonly samplesPerSecond: number | undefined;
  readonly series: number | undefined;
  readonly diskBytes: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly retention: string | undefined;
  readonly version: string | undefined;
}

/** Each number for itself: one that is not to be had is left out. */
async function loadSelf(api: Api, queries: Queries, abort: AbortSignal): Promise<SelfNumbers> {
  const number = async (expr: string): Promise<number | undefined> => {
    const { data } = await queries.query(expr, undefined, abort);
    const first = data.resultType === 'vector' ? data.result[0]?.value?.[1] : undefined;
    return first === undefined ? undefined : parseSample(first);
  };
  const [samples, disk, memory, tsdb, runtime, build] = await Promise.allSettled([
    number(
      'sum(rate(belfry_tsdb_samples_appended_total[1m]) or rate(belfry_tsdb_samples_appended_total[5m]))',
    ),
    api.storedFiles(abort).then((files) => files.reduce((sum, file) => sum + file.stats.numBytes, 0)),
    number('sum(process_resident_memory_bytes{job="belfry"})'),
    api.tsdbStatus(abort),
    api.status<{ storageRetention?: string }>('runtimeinfo', abort),
    api.status<{ version?: string; belfryVersion?: string }>('buildinfo', abort),
  ]);
  return {
    samplesPerSecond: settled(samples),
    series: settled(tsdb)?.headStats.numSeries,
    diskBytes: settled(disk),
    memoryBytes: settled(memory),
    retention: settled(runtime)?.storageRetention || undefined,
    version: settled(build)?.belfryVersion ?? settled(build)?.version,
  };
}

const settled = <T,>(result: PromiseSettledResult<T>): T | undefined =>
  result.status === 'fulfilled' ? result.value : undefined;
