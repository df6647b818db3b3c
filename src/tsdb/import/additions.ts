import { wordsOf } from '../../model/sample.ts';
import type { SampleColumns } from '../partition/samples.ts';

/** What became of imported samples. */
export interface Tally {
  /** Stored by the import. */
  added: number;
  /** There already, with the same value. */
  duplicates: number;
  /** There is another value for that time; it stays. */
  conflicts: number;
}

/** The imported samples for which nothing is stored yet; undefined when there are none. */
export function additionsTo(
  stored: SampleColumns | undefined,
  fresh: SampleColumns,
  tally: Tally,
): SampleColumns | undefined {
  if (stored === undefined) {
    tally.added += fresh.timestamps.length;
    return fresh;
  }
  const count = fresh.timestamps.length;
  const keep = new Uint32Array(count);
  const storedWords = wordsOf(stored.values);
  const freshWords = wordsOf(fresh.values);
  let kept = 0;
  let row = 0;
  for (let i = 0; i < count; i++) {
    const time = fresh.timestamps[i]!;
    while (row < stored.timestamps.length && stored.timestamps[row]! < time) row++;
    if (stored.timestamps[row] !== time) {
      keep[kept++] = i;
    } else if (
      storedWords[2 * row] === freshWords[2 * i] &&
      storedWords[2 * row + 1] === freshWords[2 * i + 1]
    ) {
      tally.duplicates++;
    } else {
      tally.conflicts++;
    }
  }
  tally.added += kept;
  if (kept === 0) return undefined;
  if (kept === count) return fresh;
  const timestamps = new Float64Array(kept);
  const values = new Float64Array(kept);
  const words = wordsOf(values);
  for (let i = 0; i < kept; i++) {
    const from = keep[i]!;
    timestamps[i] = fresh.timestamps[from]!;
    words[2 * i] = freshWords[2 * from]!;
    words[2 * i + 1] = freshWords[2 * from + 1]!;
  }
  return { timestamps, values };
}
