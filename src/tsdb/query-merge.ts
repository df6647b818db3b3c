import { concatenateExtras, mergeSamples, type SampleColumns } from './partition/samples.ts';

/**
 * Joins what several places hold of one series: every time once, and where two places know it, the earlier one in the list is
 * believed. Values are copied bit by bit.
 */
export function mergePieces(pieces: readonly SampleColumns[]): SampleColumns {
  if (pieces.length === 1) return pieces[0]!;
  let total = 0;
  let isOrdered = true;
  for (let i = 0; i < pieces.length; i++) {
    const { timestamps } = pieces[i]!;
    total += timestamps.length;
    if (i > 0 && timestamps[0]! <= pieces[i - 1]!.timestamps.at(-1)!) isOrdered = false;
  }
  if (isOrdered) return concatenate(pieces, total);
  return pieces.reduce(mergeSamples);
}

function concatenate(pieces: readonly SampleColumns[], total: number): SampleColumns {
  const timestamps = new Float64Array(total);
  const values = new Float64Array(total);
  let at = 0;
  for (const piece of pieces) {
    timestamps.set(piece.timestamps, at);
    values.set(piece.values, at);
    at += piece.timestamps.length;
  }
  const hasExtras = pieces.some((piece) => piece.histograms || piece.starts);
  return hasExtras ? { timestamps, values, ...concatenateExtras(pieces, total) } : { timestamps, values };
}
