import { labelsKey } from '../../model/labels.ts';
import { unlimited } from '../../model/queryable.ts';
import type { SqliteAddon } from '../../sqlite/database.ts';
import type { SeriesEntry } from '../block.ts';
import type { HeadShared } from '../head/layout.ts';
import type { PartitionFiles } from '../partition/directory.ts';
import { type FileReader, openPartitionReader } from '../partition/reader.ts';
import { mergeSamples, type SampleColumns } from '../partition/samples.ts';
import { PARTITION_MS } from '../partition.ts';
import { createPartitionCache } from '../partition-cache.ts';
import { createQueryable } from '../queryable.ts';

/** What is stored of one day before an import: in its sealed file, in its hot file, and in the log. */
export class StoredDay {
  readonly sealed: FileReader | undefined;
  readonly #hot: FileReader | undefined;
  readonly #inSealed = new Map<string, SeriesEntry[]>();
  readonly #inHot = new Map<string, SeriesEntry[]>();
  readonly #inHead = new Map<string, SampleColumns>();

  /** @throws CorruptBlockError when a file of the day is damaged */
  constructor(files: PartitionFiles, head: HeadShared, addon: SqliteAddon) {
    // Before the partitions: what is moved to one in between is seen twice, not missed.
    const queryable = createQueryable(
      { dir: '', head },
      {
        visibility: 'committed',
        partitions: createPartitionCache(
          () => [],
          () => {
            throw new Error('there are no partitions to open');
          },
          { damaged() {} },
        ),
      },
    );
    const querier = queryable.querier(unlimited);
    for (const { labels, ...samples } of querier.select([], {
      from: files.day,
      to: files.day + PARTITION_MS,
    })) {
      this.#inHead.set(labelsKey(labels), samples);
    }
    querier.close();
    this.sealed = files.sealed === undefined ? undefined : openPartitionReader(files.sealed, { addon });
    this.#hot = files.hot === undefined ? undefined : openPartitionReader(files.hot, { addon });
    list(this.sealed, this.#inSealed);
    list(this.#hot, this.#inHot);
  }

  get isEmpty(): boolean {
    return this.sealed === undefined && this.#hot === undefined && this.#inHead.size === 0;
  }

  /** A series of the hot file with these labels, if there is one. */
  hotEntry(key: string): SeriesEntry | undefined {
    return this.#inHot.get(key)?.[0];
  }

  /** All samples of the labels with that key. @param known samples of one entry of the sealed file, read already */
  samples(
    key: string,
    known?: { readonly ref: number; readonly samples: SampleColumns },
  ): SampleColumns | undefined {
    let all = known?.samples;
    const add = (more: SampleColumns): void => {
      all = all === undefined ? more : mergeSamples(all, more);
    };
    const sealed = (this.#inSealed.get(key) ?? []).filter(({ ref }) => ref !== known?.ref);
    for (const [reader, entries] of [
      [this.sealed, sealed],
      [this.#hot, this.#inHot.get(key) ?? []],
    ] as const) {
      if (entries.length > 0) reader!.read(entries, reader!.range, unlimited).forEach(add);
    }
    const inHead = this.#inHead.get(key);
    if (inHead) add(inHead);
    return all;
  }

  close(): void {
    for (const reader of [this.sealed, this.#hot]) {
      reader?.end();
      reader?.close();
    }
  }
}

/** Above all refs of a day's files. @throws CorruptBlockError when one is damaged */
export function firstFreeRef({ sealed, hot }: PartitionFiles, addon: SqliteAddon): number {
  let next = 1;
  for (const file of [sealed, hot]) {
    if (file === undefined) continue;
    const reader = openPartitionReader(file, { addon });
    try {
      reader.begin();
      for (const refs of reader.groups().members) for (const ref of refs) next = Math.max(next, ref + 1);
    } finally {
      reader.end();
      reader.close();
    }
  }
  return next;
}

function list(reader: FileReader | undefined, byKey: Map<string, SeriesEntry[]>): void {
  if (reader === undefined) return;
  reader.begin();
  for (const entry of reader.match([])) {
    const key = labelsKey(entry.labels);
    const alike = byKey.get(key);
    if (alike) alike.push(entry);
    else byKey.set(key, [entry]);
  }
}
