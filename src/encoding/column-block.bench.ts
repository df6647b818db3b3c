import { test } from 'vitest';
import { exporterMix } from '../testing/exporter-mix.ts';
import { ColumnDecoder } from './column-decoder.ts';
import { ColumnEncoder } from './column-encoder.ts';
import type { Compression } from './frame.ts';

const SERIES = 320;
const GROUP = 32;

function groupsOf(rows: number): Float64Array[][] {
  const series = exporterMix(SERIES, rows);
  return Array.from({ length: SERIES / GROUP }, (_, g) =>
    series.slice(g * GROUP, (g + 1) * GROUP).map(({ values }) => values),
  );
}

function encodeAll(
  encoder: ColumnEncoder,
  groups: readonly Float64Array[][],
  compression?: Compression,
): Uint8Array[] {
  return groups.map((columns) => {
    encoder.begin(columns[0]!.length, compression);
    for (const values of columns) encoder.add(values);
    return encoder.finish();
  });
}

test.for([
  ['short blocks', 32, undefined],
  ['2 h blocks', 480, { level: 3, atLeast: 1024 }],
  ['day blocks', 5760, { level: 6, atLeast: 512 }],
] as const)('%s of %d rows, 320 series', async ([name, rows, compression], { bench }) => {
  const groups = groupsOf(rows);
  const encoder = new ColumnEncoder();
  const decoder = new ColumnDecoder();
  const blobs = encodeAll(encoder, groups, compression);
  const samples = SERIES * rows;
  const bytes = blobs.reduce((sum, blob) => sum + blob.length, 0);
  console.log(`${name}: ${samples} samples, ${(bytes / samples).toFixed(3)} bytes a sample`);
  const out = new Float64Array(rows);

  await bench.compare(
    bench('encode', () => void encodeAll(encoder, groups, compression)),
    bench('decode all columns', () => {
      for (const blob of blobs) {
        decoder.open(blob);
        for (let column = 0; column < GROUP; column++) decoder.decode(column, out, 0);
      }
    }),
    bench('decode one column of each group', () => {
      for (const blob of blobs) {
        decoder.open(blob);
        decoder.decode(17, out, 0);
      }
    }),
  );
});
