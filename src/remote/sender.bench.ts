import { test } from 'vitest';
import { encodeSnappy } from '../exposition/remote/snappy.ts';
import {
  createWriteEncoderV1,
  createWriteEncoderV2,
  type WriteEncoder,
} from '../exposition/remote/write-encoder.ts';
import { labelsFromObject, NO_LABELS } from '../model/labels.ts';
import { createSeriesLabels } from './series-labels.ts';

const SERIES = 2000;
const REQUESTS = 16;

/** Requests of one scrape of 2,000 series each, as they come out of the head. */
const rows = Array.from({ length: REQUESTS }, (_, request) =>
  Array.from({ length: SERIES }, (_, i) => ({
    ref: i + 1,
    labels: labelsFromObject({
      __name__: `app_family_${i % 50}_total`,
      code: i % 3 ? '200' : '404',
      handler: `/api/v1/things/${i % 100}`,
      instance: 'app-1.example.org:8080',
      job: 'app',
      pod: `app-${(i * 7919) % 4096}`,
    }),
    timestamps: Float64Array.of(1_760_000_000_000 + request * 15_000),
    values: Float64Array.of(i % 4 ? i * 1000 + request * i : i / 7),
  })),
);

/** Labels looked up, samples encoded and packed: all that is done for a request but reading and sending. */
function requestsOf(encoder: WriteEncoder): () => number {
  const labels = createSeriesLabels({
    externalLabels: NO_LABELS,
    relabel: undefined,
    encode: (one) => encoder.labels(one),
  });
  let next = 0;
  return () => {
    for (const series of rows[next++ % REQUESTS]!) {
      encoder.add(labels.of(series.ref, () => series.labels)!, series, 0, 1);
    }
    return encodeSnappy(encoder.finish()).length;
  };
}

/** One run is a request: its mean in µs halved is ns per sample. */
test('a request of 2,000 samples', async ({ bench }) => {
  const plain = requestsOf(createWriteEncoderV1());
  const bytes = Buffer.alloc(plain() * 4, 'a');
  await bench.compare(
    bench('remote write 1.0', () => void plain()),
    bench(
      'remote write 2.0',
      (
        (run) => () =>
          void run()
      )(requestsOf(createWriteEncoderV2(() => undefined))),
    ),
    bench('as many bytes copied one by one', () => {
      const to = Buffer.allocUnsafe(bytes.length);
      for (let i = 0; i < bytes.length; i++) to[i] = bytes[i]!;
    }),
  );
});
