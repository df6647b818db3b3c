import type { Compression } from '../../encoding/frame.ts';
import { decodeTimestamps } from '../../encoding/timestamps.ts';
import type { Histogram } from '../../model/histogram.ts';
import { GroupEncoder } from './group-encoder.ts';
import { type GroupBlock, GroupRows, spreadRows } from './group-rows.ts';
import { type BlockRow, type HotFile, MERGED, OWN } from './hot-file.ts';
import { blockId, corruptionAt, identityOf, rowId, rowsOf, sequenceOf } from './schema.ts';
import { mergeTimelines } from './timeline.ts';

/** Short blocks are merged over spans of this length, Unix ms. */
const WINDOW_MS = 7_200_000;
/** A window is closed for good once its end is this long ago, even when its source has brought nothing since. */
const WINDOW_GRACE_MS = 3_600_000;
/** Numbers packed by one step, about 8 ms: what four groups of 32 series of 480 rows hold. A series is not cut. */
export const NUMBERS_PER_STEP = 61_440;
/** Numbers of a histogram beside its buckets. */
const HISTOGRAM_NUMBERS = 6;
/** Rows of own timestamps that a group may collect before they are merged, and the size from which a row stays as it is. */
const OWN_ROWS = 12;
const OWN_ROW_BYTES = 48 * 1024;
/** Rows merged by one step at most. */
const OWN_ROWS_PER_STEP = 64;

/** Short blocks of one timeline on their way to becoming one merged block, group by group. */
interface MergeJob {
  readonly timeline: number;
  readonly sources: readonly BlockRow[];
  readonly blocks: readonly { readonly sequence: number; readonly timestamps: Float64Array }[];
  readonly timestamps: Float64Array;
  readonly sequence: number;
  readonly groups: number[];
}

/** A group on its way from several rows into one, column by column. What is appended meanwhile has rows of its own. */
interface Repacking {
  /** Of the row to be. */
  readonly id: number;
  readonly timestamps: Float64Array;
  readonly columns: number;
  next: number;
  /** Puts the new row in the place of the old ones. */
  readonly finish: (blob: Uint8Array) => void;
}

/** Makes few large blocks of many short ones, a piece at a time. What a crash leaves half done is planned again from what is there. */
export class HotMerge {
  /** Numbers that the last piece packed. */
  packed = 0;
  readonly #file: HotFile;
  readonly #rows = new GroupRows();
  readonly #encoder = new GroupEncoder();
  readonly #numbersPerStep: number;
  #job: MergeJob | undefined;
  #repacking: Repacking | undefined;

  constructor(file: HotFile, numbersPerStep = NUMBERS_PER_STEP) {
    this.#file = file;
    this.#numbersPerStep = numbersPerStep;
  }

  /** The next piece, to be run in a transaction; undefined when there is nothing to merge. */
  next(now: number): (() => void) | undefined {
    const repacking = this.#repacking;
    this.packed = 0;
    if (repacking && !this.#job) return () => void this.#repack(repacking);
    this.#job ??= this.#planMerge(now);
    const job = this.#job;
    if (job) return () => this.#convert(job);
    for (const [group, { rows }] of this.#file.own) {
      if (rows > OWN_ROWS) return () => this.#mergeOwn(group);
    }
    return undefined;
  }

  /** Forgets what is under way, after a transaction failed. */
  reset(): void {
    this.#job = undefined;
    this.#repacking = undefined;
  }

  /** The next window of a timeline whose short blocks are complete. */
  #planMerge(now: number): MergeJob | undefined {
    for (const [id, timeline] of this.#file.timelines) {
      const oldest = timeline.rows.find((row) => !row.merged);
      if (oldest === undefined) continue;
      const end = windowEnd(oldest.first);
      const isComplete = now >= end + WINDOW_GRACE_MS || timeline.rows.some((row) => row.first >= end);
      if (!isComplete) continue;
      const sources = timeline.rows.filter((row) => !row.merged && windowEnd(row.first) === end);
      const blocks = sources.map(({ sequence }) => ({
        sequence,
        timestamps: this.#file.readTimes(rowId(id, sequence)),
      }));
      const { timestamps } = mergeTimelines(blocks.map((block) => block.timestamps));
      const sequence = this.#file.nextSequence++;
      return { timeline: id, sources, blocks, timestamps, sequence, groups: [...timeline.groups] };
    }
    return undefined;
  }

  #convert(job: MergeJob): void {
    const { timeline, sequence, groups } = job;
    const state = this.#file.timeline(timeline);
    if (!state.rows.some((row) => row.sequence === sequence)) {
      this.#file.insertTimes(timeline, sequence, job.timestamps, true, MERGED);
    }
    while (this.#repacking || groups.length > 0) {
      const repacking = (this.#repacking ??= this.#openGroup(job, groups.shift()!));
      if (repacking && !this.#repack(repacking)) return;
    }
    for (const { sequence: done } of job.sources) {
      this.#file.sql.dropTimes.run(rowId(timeline, done));
      state.rows.splice(
        state.rows.findIndex((row) => row.sequence === done),
        1,
      );
    }
    this.#job = undefined;
  }

  /** Undefined when the blocks have nothing of the group. */
  #openGroup(job: MergeJob, group: number): Repacking | undefined {
    const found = job.blocks.flatMap(({ sequence, timestamps }): GroupBlock[] => {
      const id = blockId(sequence, group);
      const blob = this.#file.sql.block.get(id) as Buffer | undefined;
      return blob ? [{ timestamps, blob, table: 'block', id }] : [];
    });
    if (found.length === 0) return undefined;
    const id = blockId(job.sequence, group);
    return this.#open(found, group, { id, timestamps: job.timestamps, compression: MERGED }, (blob) => {
      this.#file.storeBlock(id, blob);
      for (const { id: done } of found) this.#file.dropBlock(done);
    });
  }

  #open(
    blocks: readonly GroupBlock[],
    group: number,
    row: Pick<Repacking, 'id' | 'timestamps'> & { readonly compression: Compression },
    finish: Repacking['finish'],
  ): Repacking {
    corruptionAt(this.#file.name, () => this.#rows.open(blocks));
    const timestamps = row.timestamps;
    this.#encoder.begin(timestamps.length, row.compression);
    return { id: row.id, timestamps, columns: this.#file.directory.members[group]!.length, next: 0, finish };
  }

  /** Packs columns of a group until it is whole or the step is long enough; returns whether there is room in the step for more. */
  #repack(repacking: Repacking): boolean {
    const { id, timestamps, columns } = repacking;
    const whole = this.#rows.timestamps.length === timestamps.length;
    const spread = whole ? undefined : mergeTimelines([this.#rows.timestamps, timestamps]).positions[0]!;
    while (repacking.next < columns) {
      this.#packColumn(repacking.next++, spread, timestamps.length);
      if (this.packed >= this.#numbersPerStep && repacking.next < columns) return false;
    }
    repacking.finish(this.#encoder.finish(identityOf(id)));
    this.#repacking = undefined;
    return this.packed < this.#numbersPerStep;
  }

  /** The column of the opened blocks, spread over as many rows as all of theirs. */
  #packColumn(column: number, spread: number | Uint32Array | undefined, rows: number): void {
    const values = new Float64Array(this.#rows.timestamps.length);
    const gathered = corruptionAt(this.#file.name, () => this.#rows.gather(column, values));
    if (gathered.count === 0) {
      this.#encoder.addAbsent();
      return;
    }
    const placed = spread === undefined ? gathered : spreadRows(gathered, spread, rows);
    this.#encoder.addRows(placed.values, placed.presence, placed);
    this.packed += gathered.count + (gathered.histograms ? numbersOf(gathered.histograms) : 0);
  }

  /** Makes one row of a group's neighbouring small rows; the order of rows, which decides conflicts, stays. */
  #mergeOwn(group: number): void {
    const all = this.#ownRows(group);
    const run = longestSmallRun(all);
    if (run.length < 2) {
      // Nothing but large rows: they stay, and are not looked at again until as many have come.
      this.#file.ownGroup(group).rows = 0;
      return;
    }
    const blocks = run.map((id) => {
      const row = this.#file.sql.ownRow.get(id) as OwnRow;
      return corruptionAt(`${this.#file.name}: table own, row ${id}`, () => ({
        timestamps: decodeTimestamps(row.ts, identityOf(id, row.first, row.last)),
        blob: row.b,
        table: 'own' as const,
        id,
      }));
    });
    const sequence = sequenceOf(run[0]!);
    const { timestamps } = mergeTimelines(blocks.map((block) => block.timestamps));
    const row = { id: rowId(group, sequence), timestamps, compression: OWN };
    this.#repacking = this.#open(blocks, group, row, (blob) => {
      for (const id of run) this.#file.dropOwn(id);
      this.#file.ownGroup(group).rows = this.#ownRows(group).length;
      this.#file.storeOwn(group, sequence, timestamps, blob);
    });
    this.#repack(this.#repacking);
  }

  #ownRows(group: number): { readonly id: number; readonly size: number }[] {
    return this.#file.sql.ownRows.all(...rowsOf(group)) as { id: number; size: number }[];
  }
}

function numbersOf(histograms: readonly (Histogram | undefined)[]): number {
  let numbers = 0;
  for (const histogram of histograms) {
    if (!histogram) continue;
    numbers += HISTOGRAM_NUMBERS + histogram.positiveBuckets.length + histogram.negativeBuckets.length;
  }
  return numbers;
}

interface OwnRow {
  readonly first: number;
  readonly last: number;
  readonly ts: Buffer;
  readonly b: Buffer;
}

const windowEnd = (first: number): number => (Math.floor(first / WINDOW_MS) + 1) * WINDOW_MS;

function longestSmallRun(rows: readonly { id: number; size: number }[]): number[] {
  let best: number[] = [];
  let run: number[] = [];
  for (const { id, size } of rows) {
    if (size >= OWN_ROW_BYTES) run = [];
    else run.push(id);
    if (run.length > best.length) best = run;
    if (best.length >= OWN_ROWS_PER_STEP) break;
  }
  return best;
}
