import type { RelabelConfig } from '../config/relabel.ts';
import type { KeptLabels, WireLabels } from '../exposition/remote/write-encoder.ts';
import { eachLabel, type Labels, labelsOf } from '../model/labels.ts';

/** Relabels a label set; undefined drops it. */
export type Relabel = (labels: Labels) => Labels | undefined;
export type CompileRelabel = (steps: readonly RelabelConfig[]) => Relabel | undefined;

/** Bytes of encoded labels, and series, dropped ones too, that are kept; beyond either all are made anew. */
const MAX_BYTES = 64 * 2 ** 20;
const MAX_SERIES = 2 ** 20;
/** Marks a series that relabelling drops. */
const DROPPED = 0;

/** The labels of series as they leave: external labels added, relabelled, encoded; made once per series, in a few bytes each. */
export interface SeriesLabels {
  /** Undefined when the series is dropped. What it gives is good until the next call. */
  of(ref: number, labels: () => Labels): KeptLabels | undefined;
}

export function createSeriesLabels(deps: {
  readonly externalLabels: Labels;
  readonly relabel: Relabel | undefined;
  readonly encode: (labels: Labels) => WireLabels;
  readonly maxSeries?: number;
}): SeriesLabels {
  const { externalLabels, relabel, encode, maxSeries = MAX_SERIES } = deps;
  /** Where a series' labels begin, by ref. */
  let places = new Map<number, number>();
  let bytes = Buffer.alloc(1 << 16);
  let words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  const found = { bytes, words, from: 0, length: 0 };
  // The first word is nobody's, so that no place is that of a dropped series.
  let used = 4;

  const make = (labels: Labels): WireLabels | undefined => {
    const whole = withExternal(labels, externalLabels);
    const kept = relabel ? relabel(whole) : whole;
    return kept && kept.length > 0 ? encode(kept) : undefined;
  };
  const keep = (ref: number, labels: WireLabels): number => {
    const needed = used + 4 + labels.length;
    if (needed > bytes.length) {
      const larger = Buffer.alloc(Math.max((needed + 3) & ~3, bytes.length * 2));
      larger.set(bytes.subarray(0, used));
      bytes = larger;
      words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
      found.bytes = bytes;
      found.words = words;
    }
    const place = used;
    words[place >>> 2] = labels.length;
    bytes.set(labels, place + 4);
    // Words of version 2.0 are read in place.
    used = (needed + 3) & ~3;
    places.set(ref, place);
    return place;
  };

  return {
    of(ref, labels) {
      let place = places.get(ref);
      if (place === undefined) {
        if (used > MAX_BYTES || places.size >= maxSeries) {
          places = new Map();
          used = 4;
        }
        const made = make(labels());
        if (made) place = keep(ref, made);
        else places.set(ref, (place = DROPPED));
      }
      if (place === DROPPED) return undefined;
      found.length = words[place >>> 2]!;
      found.from = place + 4;
      return found;
    },
  };
}

/** External labels give way to a series' own. */
function withExternal(labels: Labels, external: Labels): Labels {
  if (external.length === 0) return labels;
  return labelsOf([...eachLabel(external), ...eachLabel(labels)]);
}
