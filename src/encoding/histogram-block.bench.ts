import { test } from 'vitest';
import type { Histogram } from '../model/histogram.ts';
import { ByteWriter } from './bytes.ts';
import type { Compression } from './frame.ts';
import { decodeHistograms, encodeHistograms } from './histogram-block.ts';
import { writeHistogram } from './histogram-bytes.ts';

/** A latency as scraped: 60 buckets around the middle, 20 observations from scrape to scrape. */
function life(rows: number): Histogram[] {
  const buckets = new Array<number>(60).fill(0);
  let random = 1;
  const next = (): number => (random = (random * 48_271) % 2_147_483_647) / 2_147_483_647;
  let sum = 0;
  let count = 0;
  return Array.from({ length: rows }, () => {
    for (let n = 0; n < 20; n++) {
      buckets[Math.floor(30 + 12 * (next() + next() + next() - 1.5))]!++;
      sum += next();
      count++;
    }
    return {
      schema: 3,
      count,
      sum,
      zeroThreshold: 2 ** -128,
      zeroCount: 0,
      positiveSpans: [{ offset: -30, length: 60 }],
      positiveBuckets: [...buckets],
      negativeSpans: [],
      negativeBuckets: [],
      customValues: [],
      counterResetHint: 'unknown',
    };
  });
}

test.for([
  ['short blocks', 32, undefined],
  ['2 h blocks', 480, { level: 3, atLeast: 1024 }],
  ['day blocks', 5760, { level: 6, atLeast: 512 }],
] as const)('histograms of 60 buckets, %s of %d rows', async ([name, rows, compression], { bench }) => {
  const histograms = life(rows);
  const blob = encodeHistograms(histograms, compression as Compression | undefined);
  const writer = new ByteWriter();
  console.log(`${name}: ${(blob.length / rows).toFixed(1)} bytes a histogram`);
  await bench.compare(
    bench(`encode ${rows}`, () => void encodeHistograms(histograms, compression)),
    bench(`decode ${rows}`, () => void decodeHistograms(blob)),
    bench(`one by one as in the head, ${rows}`, () => {
      writer.reset();
      for (const histogram of histograms) writeHistogram(writer, histogram);
    }),
  );
});
