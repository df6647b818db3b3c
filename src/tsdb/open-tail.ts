import type { CorruptBlockError } from '../encoding/corrupt-block.ts';
import type { SqliteAddon } from '../sqlite/database.ts';
import { partitionFiles } from './open-queryable.ts';
import { openPartitionReader } from './partition/reader.ts';
import { createPartitionCache } from './partition-cache.ts';
import type { StoreShared } from './queryable.ts';
import { SourceTail } from './tail.ts';

/** Opens the store for following it in this thread. @param shared what `Store.shared` says, as it came from main */
export function openSourceTail(
  shared: StoreShared,
  options: {
    readonly addon: SqliteAddon;
    readonly damaged: (file: string, error: CorruptBlockError) => void;
  },
): SourceTail {
  const { addon, damaged } = options;
  const partitions = createPartitionCache(
    () => partitionFiles(shared.dir),
    (path) => openPartitionReader(path, { addon }),
    { damaged },
  );
  return new SourceTail(shared, partitions, damaged);
}
