import { test } from 'vitest';
import { OpenMetricsParser } from './open-metrics-parser.ts';
import { type OpenMetricsSink, OpenMetricsStream, STREAM_WINDOW_BYTES } from './openmetrics-stream.ts';

const ROWS = 2000;
const SERIES = 20;

/** Series one after the other, or row by row. */
function page(seriesMajor: boolean): Buffer {
  const line = (series: number, row: number): string =>
    `http_requests_total{job="load",instance="h0:9100",handler="/api/v1/list${series}",code="200"} ${1_000_000 + row * series} ${1_767_225_600 + 15 * row}.101\n`;
  let text = '';
  for (let i = 0; i < SERIES * ROWS; i++) {
    text += seriesMajor ? line(Math.floor(i / ROWS), i % ROWS) : line(i % SERIES, Math.floor(i / SERIES));
  }
  return Buffer.from(`${text}# EOF\n`);
}

function stream(bytes: Buffer): number {
  let count = 0;
  let sum = 0;
  const sink: OpenMetricsSink = {
    series: () => count++,
    samples(series, timestamps, values, samples) {
      for (let i = 0; i < samples; i++) sum += series + timestamps[i]! + values[i]!;
    },
    type() {},
    help() {},
    unit() {},
  };
  const reader = new OpenMetricsStream(sink);
  const window = new Uint8Array(STREAM_WINDOW_BYTES);
  let kept = 0;
  let at = 0;
  for (let isLast = false; !isLast; ) {
    const added = bytes.copy(window, kept, at, at + window.length - kept);
    at += added;
    isLast = added === 0;
    const used = reader.read(window, kept + added, isLast);
    window.copyWithin(0, used, kept + added);
    kept += added - used;
  }
  return sum;
}

function parse(bytes: Buffer): number {
  const parser = new OpenMetricsParser(bytes);
  let sum = 0;
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) sum += parser.timestamp + parser.value;
  return sum;
}

test('reading 40,000 samples of 110 bytes', async ({ bench }) => {
  const bySeries = page(true);
  const byRow = page(false);
  await bench.compare(
    bench('stream, series by series', () => void stream(bySeries)),
    bench('stream, row by row', () => void stream(byRow)),
    bench('parser of whole pages', () => void parse(bySeries)),
  );
});
