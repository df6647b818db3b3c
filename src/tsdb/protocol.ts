import type { Labels } from '../model/labels.ts';
import type { SourceId } from './block.ts';
import type { HeadShared } from './head/layout.ts';
import type { OwnBatch } from './head/own-columns.ts';
import type { RingGeometry } from './head/ring.ts';
import type { DayChange } from './partition/change.ts';
import type { Deletion } from './partition/deletion.ts';
import type { PartitionKind } from './partition/schema.ts';

/** Messages between the store on main and the storage service in the background worker: plain data. */

export interface RetentionSettings {
  /** Samples older than this go, ms; 0 keeps everything. */
  readonly timeMs: number;
  /** Bytes the partitions may take; 0 sets no limit. */
  readonly sizeBytes: number;
}

/** What the service needs to start; handed over when the thread is made or asked to serve. */
export interface StorageInit {
  readonly dir: string;
  readonly head: HeadShared;
  /** Databases of the directory, written by main, that the service checkpoints each second. */
  readonly checkpoint: readonly string[];
  readonly retention: RetentionSettings;
}

/** Rows [from, to) of one ring; they stay as they are until the answer. */
export interface RingRows {
  readonly source: SourceId;
  readonly from: number;
  readonly to: number;
  readonly geometry: RingGeometry;
  /** Ref of the series of each slot, 0 where there is none. */
  readonly refs: Uint32Array;
  /** Changes of start timestamps, by slot and then row: slot, row, start in turn; undefined when none is known. */
  readonly starts: Float64Array | undefined;
  /** Whether any cell may be a histogram. */
  readonly hasHistograms: boolean;
}

/** What a deletion removed, or would. */
export interface DeletionResult {
  readonly series: number;
  readonly samples: number;
  /** Days that have some of them. */
  readonly days: number;
  /** Size of the files of these days before, and after when they were written anew. */
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** Labels of a few of the series. */
  readonly examples: readonly Labels[];
}

/** What the background worker has done to partitions since it started, and what there is; times in ms. */
export interface UpkeepStats {
  readonly seals: number;
  readonly sealFailures: number;
  /** Time spent on sealing, whatever came of it. */
  readonly sealMs: number;
  readonly removedByTime: number;
  readonly removedBySize: number;
  readonly deletedSamples: number;
  readonly files: Readonly<Record<PartitionKind, PartitionSums>>;
}

/** Of all partitions of a kind. */
export interface PartitionSums {
  readonly count: number;
  readonly bytes: number;
  /** Blocks of up to 32 series. */
  readonly chunks: number;
}

export type ToStorage =
  /** Write this to partitions. Answered by `flushed` or `flushFailed`. */
  | {
      readonly kind: 'flush';
      readonly id: number;
      readonly rings: readonly RingRows[];
      readonly own: OwnBatch | undefined;
    }
  /** Checkpoint and sync everything now. Answered by `synced` with this id. */
  | { readonly kind: 'sync'; readonly id: number }
  /** Merge, seal and remove what can be. Answered by `maintained`. */
  | { readonly kind: 'maintain'; readonly id: number }
  /** Remove samples from partitions, or count them. Answered by `deleted`, at the latest when the port closes. */
  | { readonly kind: 'delete'; readonly id: number; readonly deletion: Deletion; readonly isPreview: boolean }
  /** Leave sealed files alone until `change` or `release`. Answered by `maintained`. */
  | { readonly kind: 'hold'; readonly id: number }
  /** Put the files beside those of these days into their places, all at once. Answered by `maintained`. */
  | { readonly kind: 'change'; readonly id: number; readonly changes: readonly DayChange[] }
  /** Give such files up. */
  | { readonly kind: 'release' }
  | { readonly kind: 'retention'; readonly retention: RetentionSettings }
  | { readonly kind: 'close' };

export type FromStorage =
  | { readonly kind: 'flushed'; readonly id: number; readonly durationMs: number; readonly samples: number }
  | { readonly kind: 'flushFailed'; readonly id: number; readonly error: string }
  /** Flushes up to `flush` survive a power loss. `id` is that of the request, or undefined for the one of each second. */
  | {
      readonly kind: 'synced';
      readonly flush: number;
      readonly id: number | undefined;
      readonly error: string | undefined;
    }
  | { readonly kind: 'maintained'; readonly id: number; readonly error: string | undefined }
  | {
      readonly kind: 'deleted';
      readonly id: number;
      readonly result: DeletionResult | { readonly error: string };
    }
  /** Once, when partitions were opened: none of their samples is later than this, Unix ms. */
  | { readonly kind: 'found'; readonly through: number }
  /** Each minute and after each change. */
  | { readonly kind: 'upkeep'; readonly stats: UpkeepStats }
  /** For the program's log, which main owns. */
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'error';
      readonly fields: Readonly<Record<string, unknown>>;
      readonly message: string;
    }
  | { readonly kind: 'closed' };
