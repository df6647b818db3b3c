import { concatenateExtras, mergeSamples, type SampleColumns } from './partition/samples.ts';
import type { Scratch } from './scratch.ts';

/** Columns of times remembered while series are joined: those of a few targets. */
const REMEMBERED = 16;

/**
 * Joins what several places hold of one series: every time once, and where two places know it, the earlier one in the list is
 * believed. Values are copied bit by bit. The series of a target share their times, so times that were joined once are used again.
 */
export class PieceJoiner {
  readonly #scratch: Scratch;
  readonly #charge: (bytes: number) => void;
  readonly #joined: { readonly parts: readonly Float64Array[]; readonly whole: Float64Array }[] = [];

  /** @param charge is told of bytes before they are taken */
  constructor(scratch: Scratch, charge: (bytes: number) => void) {
    this.#scratch = scratch;
    this.#charge = charge;
  }

  join(pieces: readonly SampleColumns[]): SampleColumns {
    if (pieces.length === 1) return pieces[0]!;
    let total = 0;
    let isOrdered = true;
    for (let i = 0; i < pieces.length; i++) {
      const { timestamps } = pieces[i]!;
      total += timestamps.length;
      if (i > 0 && timestamps[0]! <= pieces[i - 1]!.timestamps.at(-1)!) isOrdered = false;
    }
    if (isOrdered) return this.#concatenate(pieces, total);
    this.#charge(16 * total);
    return pieces.reduce(mergeSamples);
  }

  #concatenate(pieces: readonly SampleColumns[], total: number): SampleColumns {
    const timestamps = this.#timesOf(pieces, total);
    this.#charge(8 * total);
    const values = this.#scratch.floats(total);
    let at = 0;
    for (const piece of pieces) {
      values.set(piece.values, at);
      at += piece.values.length;
    }
    const hasExtras = pieces.some((piece) => piece.histograms || piece.starts);
    return hasExtras ? { timestamps, values, ...concatenateExtras(pieces, total) } : { timestamps, values };
  }

  #timesOf(pieces: readonly SampleColumns[], total: number): Float64Array {
    const known = this.#joined.find(
      ({ parts, whole }) =>
        whole.length === total &&
        parts.length === pieces.length &&
        parts.every((part, i) => isSameView(part, pieces[i]!.timestamps)),
    );
    if (known) return known.whole;
    this.#charge(8 * total);
    const whole = this.#scratch.floats(total);
    let at = 0;
    for (const { timestamps } of pieces) {
      whole.set(timestamps, at);
      at += timestamps.length;
    }
    this.#joined.push({ parts: pieces.map(({ timestamps }) => timestamps), whole });
    if (this.#joined.length > REMEMBERED) this.#joined.shift();
    return whole;
  }
}

const isSameView = (a: Float64Array, b: Float64Array): boolean =>
  a.buffer === b.buffer && a.byteOffset === b.byteOffset && a.length === b.length;
