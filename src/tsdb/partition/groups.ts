import { ByteReader, ByteWriter } from '../../encoding/bytes.ts';
import { CorruptBlockError } from '../../encoding/corrupt-block.ts';
import { FrameKind, frame, unframe } from '../../encoding/frame.ts';
import { RefMap } from './ref-map.ts';
import { GROUP_SERIES } from './schema.ts';

/** Series that joined a group; a member's column in the group's blocks is its place in the group. */
export interface GroupAddition {
  readonly group: number;
  /** Whose timestamps the group's blocks use; OWN_TIMELINE: each row of table own brings its own. */
  readonly timeline: number;
  readonly refs: readonly number[];
}

/** Groups of series with own timestamps. */
export const OWN_TIMELINE = 0;

export function encodeGroups(additions: readonly GroupAddition[], identity: number): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(additions.length);
  for (const { group, timeline, refs } of additions) {
    writer.varint(group);
    writer.varint(timeline);
    writer.varint(refs.length);
    let before = 0;
    for (const ref of refs) {
      writer.signed(ref - before);
      before = ref;
    }
  }
  return frame(FrameKind.groups, writer.view(), { level: 3, atLeast: 1024 }, identity);
}

/** @throws CorruptBlockError when the blob is not a whole one of `encodeGroups` */
export function decodeGroups(blob: Uint8Array, identity: number): GroupAddition[] {
  const reader = new ByteReader(unframe(FrameKind.groups, blob, identity));
  const additions: GroupAddition[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const group = reader.varint();
    const timeline = reader.varint();
    const count = reader.varint();
    if (count > GROUP_SERIES) throw new CorruptBlockError(`group ${group} claims ${count} series`);
    const refs: number[] = [];
    let ref = 0;
    for (let i = 0; i < count; i++) {
      ref += reader.signed();
      refs.push(ref);
    }
    additions.push({ group, timeline, refs });
  }
  return additions;
}

/** Which series stand in which group and column of a partition. */
export class GroupDirectory {
  /** Timeline of each group. */
  readonly timelines: number[] = [];
  /** Refs of each group in the order of its columns. */
  readonly members: number[][] = [];
  readonly #places = new RefMap();
  readonly #ownPlaces = new RefMap();

  /** @throws CorruptBlockError when the addition does not fit what is there */
  add({ group, timeline, refs }: GroupAddition): void {
    if (group > this.members.length)
      throw new CorruptBlockError(`group ${group} after ${this.members.length}`);
    if (group === this.members.length) {
      this.timelines.push(timeline);
      this.members.push([]);
    }
    const members = this.members[group]!;
    if (this.timelines[group] !== timeline || members.length + refs.length > GROUP_SERIES) {
      throw new CorruptBlockError(`group ${group} is given series of another kind, or too many`);
    }
    const places = timeline === OWN_TIMELINE ? this.#ownPlaces : this.#places;
    refs.forEach((ref, i) => void places.set(ref, group * GROUP_SERIES + members.length + i));
    // Most groups of series with own timestamps keep one member: an array that was pushed to has room for seventeen.
    if (members.length === 0) this.members[group] = [...refs];
    else members.push(...refs);
  }

  /** Group times GROUP_SERIES plus column of a series with its source's timestamps. */
  place(ref: number): number | undefined {
    return this.#places.get(ref);
  }

  /** The same for samples with own timestamps. */
  ownPlace(ref: number): number | undefined {
    return this.#ownPlaces.get(ref);
  }
}
