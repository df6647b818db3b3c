/** The distinct timestamps of several blocks in order, and where each block's rows went. */
export interface MergedTimeline {
  readonly timestamps: Float64Array;
  /** Per block: the position of its first row when its rows stand together, otherwise of each row. */
  readonly positions: readonly (number | Uint32Array)[];
}

/** Merges strictly increasing columns into one; each timestamp is kept once. */
export function mergeTimelines(blocks: readonly Float64Array[]): MergedTimeline {
  if (blocks.length === 1) return { timestamps: blocks[0]!, positions: [0] };
  const order = [...blocks.keys()].sort((a, b) => blocks[a]![0]! - blocks[b]![0]!);
  const disjoint = order.every((block, i) => i === 0 || blocks[order[i - 1]!]!.at(-1)! < blocks[block]![0]!);
  return disjoint ? concatenated(blocks, order) : interleaved(blocks);
}

function concatenated(blocks: readonly Float64Array[], order: readonly number[]): MergedTimeline {
  const timestamps = new Float64Array(blocks.reduce((sum, block) => sum + block.length, 0));
  const positions = new Array<number>(blocks.length).fill(0);
  let at = 0;
  for (const block of order) {
    timestamps.set(blocks[block]!, at);
    positions[block] = at;
    at += blocks[block]!.length;
  }
  return { timestamps, positions };
}

function interleaved(blocks: readonly Float64Array[]): MergedTimeline {
  const all = new Float64Array(blocks.reduce((sum, block) => sum + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    all.set(block, at);
    at += block.length;
  }
  all.sort();
  let kept = 0;
  for (let i = 0; i < all.length; i++) if (i === 0 || all[i] !== all[i - 1]) all[kept++] = all[i]!;
  const timestamps = all.slice(0, kept);
  const positions = blocks.map((block) => {
    const rows = new Uint32Array(block.length);
    let position = lowerBound(timestamps, block[0]!);
    for (let i = 0; i < block.length; i++) {
      while (timestamps[position]! < block[i]!) position++;
      rows[i] = position;
    }
    return rows;
  });
  return { timestamps, positions };
}

/** Index of the first timestamp ≥ `time`. */
export function lowerBound(timestamps: Float64Array, time: number): number {
  let low = 0;
  let high = timestamps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestamps[middle]! < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
