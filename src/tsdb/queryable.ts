import type { ExemplarQueryable } from '../model/exemplar.ts';
import type { Queryable } from '../model/queryable.ts';
import { CurrentIndex } from './head/current-index.ts';
import { readExemplars } from './head/exemplar-reader.ts';
import { HeadReader } from './head/head-reader.ts';
import type { HeadShared } from './head/layout.ts';
import type { Visibility } from './head/own-reader.ts';
import { HeadSelections } from './head-selections.ts';
import { createMatcherCache } from './matching.ts';
import type { Loss } from './partition/unreadable.ts';
import type { PartitionCache } from './partition-cache.ts';
import { Scratch } from './scratch.ts';
import { type Reading, type Shared, StoreQuerier } from './store-querier.ts';

/** What a worker needs to read the store: plain data that crosses threads without being copied. */
export interface StoreShared {
  readonly dir: string;
  readonly head: HeadShared;
}

export interface StoreQueryable extends Queryable, ExemplarQueryable {
  /** Times of the oldest and the newest sample in memory, Unix ms; undefined when there is none. */
  headSpan(): { readonly first: number; readonly last: number } | undefined;
  close(): void;
}

/**
 * Reads the store from any thread: the head's shared memory and the partition files, merged. Queriers of one queryable may overlap;
 * each has a view of its own.
 */
export function createQueryable(
  shared: StoreShared,
  options: {
    readonly visibility: Visibility;
    readonly partitions: PartitionCache;
    /** Scratch memory kept from query to query, bytes. With any, columns are good until their querier is closed, and no longer. */
    readonly scratchBytes?: number;
    /** Series of the head for which selectors and labels are kept resolved; about 150 bytes each. */
    readonly keptSeries?: number;
    /** Told of what cannot be read of a partition, which goes on being read; of one place at each query that meets it. */
    readonly damaged?: (path: string, loss: Loss) => void;
  },
): StoreQueryable {
  const { visibility, partitions, scratchBytes = 0, keptSeries = 0, damaged = () => {} } = options;
  const idle: Reading[] = [];
  const kept: Shared = {
    partitions,
    damaged,
    matchers: createMatcherCache(),
    selections: new HeadSelections(keptSeries),
    distinct: new WeakMap(),
    moves: { sentBack: false },
  };
  let exemplarIndex: CurrentIndex | undefined;
  return {
    querier(budget) {
      const reading = idle.pop() ?? {
        head: new HeadReader(shared.head, visibility),
        scratch: new Scratch(scratchBytes),
      };
      return new StoreQuerier(reading, kept, budget, () => {
        reading.scratch.reset();
        idle.push(reading);
      });
    },
    headSpan() {
      const head = new HeadReader(shared.head, visibility);
      head.pin();
      return head.span();
    },
    exemplars(sets, range, budget) {
      exemplarIndex ??= new CurrentIndex(shared.head);
      const compiled = sets.map((set) => set.map((matcher) => kept.matchers.compile(matcher)));
      return readExemplars(shared.head, exemplarIndex, compiled, range, budget);
    },
    close: () => partitions.close(),
  };
}
