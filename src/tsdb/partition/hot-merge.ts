import { FrameKind } from '../../encoding/frame.ts';
import { decodeTimestamps } from '../../encoding/timestamps.ts';
import type { BlockColumn } from '../block.ts';
import { GroupRows, spreadRows } from './group-rows.ts';
import { type BlockRow, type GroupColumns, type HotFile, MERGED } from './hot-file.ts';
import { blockId, corruptionAt, identityOf, rowId, rowsOf, sequenceOf } from './schema.ts';
import { mergeTimelines } from './timeline.ts';

/** Short blocks are merged over spans of this length, Unix ms. */
const WINDOW_MS = 7_200_000;
/** A window is closed for good once its end is this long ago, even when its source has brought nothing since. */
const WINDOW_GRACE_MS = 3_600_000;
/** Groups converted by one step: about 8 ms for 32 series of 480 rows each. */
const GROUPS_PER_STEP = 4;
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

/** Makes few large blocks of many short ones, a piece at a time. What a crash leaves half done is planned again from what is there. */
export class HotMerge {
  readonly #file: HotFile;
  readonly #rows = new GroupRows();
  #job: MergeJob | undefined;

  constructor(file: HotFile) {
    this.#file = file;
  }

  /** The next piece, to be run in a transaction; undefined when there is nothing to merge. */
  next(now: number): (() => void) | undefined {
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
    for (let converted = 0; converted < GROUPS_PER_STEP && groups.length > 0; converted++) {
      // Histograms take longer: a group that has any is a step by itself.
      if (this.#convertGroup(job, groups.shift()!)) break;
    }
    if (groups.length > 0) return;
    for (const { sequence: done } of job.sources) {
      this.#file.sql.dropTimes.run(rowId(timeline, done));
      state.rows.splice(
        state.rows.findIndex((row) => row.sequence === done),
        1,
      );
    }
    this.#job = undefined;
  }

  /** Returns whether the group has histograms. */
  #convertGroup(job: MergeJob, group: number): boolean {
    const found = job.blocks.flatMap(({ sequence, timestamps }) => {
      const id = blockId(sequence, group);
      const blob = this.#file.sql.block.get(id) as Buffer | undefined;
      return blob ? [{ sequence, timestamps, blob, table: 'block' as const, id }] : [];
    });
    if (found.length === 0) return false;
    corruptionAt(this.#file.name, () => this.#rows.open(found));
    const members = this.#gather(group, job.timestamps);
    this.#file.insertBlock(blockId(job.sequence, group), job.timestamps.length, members, MERGED);
    for (const { sequence } of found) this.#file.sql.dropBlock.run(blockId(sequence, group));
    return found.some(({ blob }) => blob[0] === FrameKind.nativeColumns);
  }

  /** The columns of the opened blocks, spread over `timestamps`, which hold all of theirs. */
  #gather(group: number, timestamps: Float64Array): GroupColumns {
    const whole = this.#rows.timestamps.length === timestamps.length;
    const spread = whole ? undefined : mergeTimelines([this.#rows.timestamps, timestamps]).positions[0]!;
    return this.#file.directory.members[group]!.map((ref, column) => {
      const values = new Float64Array(this.#rows.timestamps.length);
      const gathered = this.#rows.gather(column, values);
      if (gathered.count === 0) return undefined;
      const placed = spread === undefined ? gathered : spreadRows(gathered, spread, timestamps.length);
      return { ref: ref as BlockColumn['ref'], ...placed };
    });
  }

  /** Makes one row of a group's neighbouring small rows; the order of rows, which decides conflicts, stays. */
  #mergeOwn(group: number): void {
    const all = this.#file.sql.ownRows.all(...rowsOf(group)) as { id: number; size: number }[];
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
    corruptionAt(this.#file.name, () => this.#rows.open(blocks));
    const { timestamps } = this.#rows;
    const members = this.#gather(group, timestamps);
    for (const id of run) this.#file.sql.dropOwn.run(id);
    const own = this.#file.ownGroup(group);
    own.rows = all.length - run.length;
    this.#file.insertOwn(group, sequenceOf(run[0]!), timestamps, members);
  }
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
