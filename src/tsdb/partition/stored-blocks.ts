import { checkFrame } from '../../encoding/frame.ts';
import { decodeTimestamps } from '../../encoding/timestamps.ts';
import type { TimeRange } from '../../model/time.ts';
import type { GroupBlock } from './group-rows.ts';
import type { KeptBlock, KeptBlocks } from './kept-blocks.ts';
import type { ReaderStatements } from './reader-statements.ts';
import {
  blockId,
  checkCount,
  corruptionAt,
  identityOf,
  rowsOf,
  type StoredBlob,
  sequenceOf,
} from './schema.ts';
import { type Damaged, guarded } from './unreadable.ts';

/** Timestamps that the blocks of a timeline share. */
export interface TimelineRow {
  readonly sequence: number;
  readonly first: number;
  readonly last: number;
  readonly timestamps: Float64Array;
}

/**
 * The rows of one partition file that hold a group's samples. What was read stays until the transaction ends. Damage is told and left out, or thrown
 * when there is nobody to tell.
 */
export class StoredBlocks {
  readonly #file: string;
  readonly #sql: ReaderStatements;
  readonly #isSealed: boolean;
  #timelines = new Map<number, TimelineRow[]>();
  /** Where blocks stay unpacked while this transaction lasts, by row of their table. */
  #kept: KeptBlocks | undefined;
  readonly #keptBlocks = new Map<number, KeptBlock>();
  readonly #keptOwn = new Map<string, readonly GroupBlock[]>();

  constructor(file: string, sql: ReaderStatements, isSealed: boolean) {
    this.#file = file;
    this.#sql = sql;
    this.#isSealed = isSealed;
  }

  /** Begins a transaction. @param kept where blocks stay unpacked until its end */
  keep(kept: KeptBlocks | undefined): void {
    this.#kept = kept;
  }

  /** Ends it. */
  forget(): void {
    this.#timelines = new Map();
    this.#kept = undefined;
    this.#keptBlocks.clear();
    this.#keptOwn.clear();
  }

  /** Blocks of a group that may have samples in the range. */
  ofGroup(group: number, timeline: number, range: TimeRange, damaged?: Damaged): GroupBlock[] {
    const blocks: GroupBlock[] = [];
    for (const row of this.timelineRows(timeline, damaged)) {
      if (row.last < range.from || row.first >= range.to) continue;
      const id = blockId(row.sequence, group);
      let kept = this.#keptBlocks.get(id);
      if (kept) {
        blocks.push({ timestamps: row.timestamps, blob: kept.blob, table: 'block', id, kept });
        continue;
      }
      guarded(this.#file, damaged, () => {
        const blob = this.#sql.block.get(id) as Buffer | undefined;
        if (blob) {
          kept = this.#kept?.place(blob);
          if (kept) this.#keptBlocks.set(id, kept);
          blocks.push({ timestamps: row.timestamps, blob, table: 'block', id, kept });
        } else checkCount(`rows in table block with id ${id}`, 0, this.#isSealed ? 1 : 0);
      });
    }
    return blocks;
  }

  /** The same of a group whose rows bring timestamps of their own. */
  ofOwnGroup(group: number, range: TimeRange, damaged?: Damaged): readonly GroupBlock[] {
    const key = `${group} ${range.from} ${range.to}`;
    const known = this.#keptOwn.get(key);
    if (known) return known;
    const rows = this.#sql.own.all(range.to, range.from, ...rowsOf(group)) as {
      readonly id: number;
      readonly first: number;
      readonly last: number;
      readonly ts: Buffer;
      readonly b: Buffer | null;
    }[];
    const blocks: GroupBlock[] = [];
    let again = 0;
    for (const { id, first, last, ts, b } of rows) {
      guarded(this.#file, damaged, () =>
        corruptionAt(`${this.#file}: table own, row ${id}`, () => {
          const identity = identityOf(id, first, last);
          // Outside the range, as far as its `first` and `last` can be trusted.
          if (b === null) checkFrame(ts, identity);
          else {
            const timestamps = decodeTimestamps(ts, identity);
            const kept = this.#kept?.place(b);
            blocks.push({ timestamps, blob: b, table: 'own', id, kept });
            if (!kept) return;
          }
          again++;
        }),
      );
    }
    // Whoever asks next must hear of damage as well.
    if (this.#kept && again === rows.length) this.#keptOwn.set(key, blocks);
    return blocks;
  }

  /** Every row is decoded, wanted or not: a damaged `first` or `last` must not make it disappear. */
  timelineRows(timeline: number, damaged?: Damaged): TimelineRow[] {
    let rows = this.#timelines.get(timeline);
    if (rows === undefined) {
      const stored = this.#sql.times.all(...rowsOf(timeline)) as (StoredBlob & {
        first: number;
        last: number;
      })[];
      if (stored.length === 0) checkCount(`rows of timeline ${timeline}`, 0, this.#isSealed ? 1 : 0);
      const whole: TimelineRow[] = [];
      for (const { id, first, last, b } of stored) {
        guarded(this.#file, damaged, () =>
          corruptionAt(`${this.#file}: table ts, row ${id}`, () => {
            const timestamps = decodeTimestamps(b, identityOf(id, first, last));
            whole.push({ sequence: sequenceOf(id), first, last, timestamps });
          }),
        );
      }
      rows = whole;
      // Whoever asks next must hear of the damage as well.
      if (whole.length === stored.length) this.#timelines.set(timeline, rows);
    }
    return rows;
  }
}
