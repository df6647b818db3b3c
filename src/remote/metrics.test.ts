import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { senderMetrics } from './metrics.ts';
import type { EndpointReport } from './protocol.ts';

const NONE = { sent: 0, failed: 0, retried: 0 };
const report = (requests: number): EndpointReport => ({
  name: 'there',
  url: 'http://me:secret@there/write',
  counts: { samples: NONE, histograms: NONE, exemplars: NONE, metadata: NONE },
  dropped: { relabeled: 0, too_old: 0, unsent_kind: 0 },
  droppedExemplars: 0,
  reread: 0,
  bytes: 0,
  requests,
  durations: [],
  shards: { now: 1, desired: 1, min: 1, max: 1 },
  maxSamplesPerSend: 1,
  pending: 0,
  highestTimestamp: 0,
  highestSent: 0,
  trouble: undefined,
});

test('what an endpoint counts is added up, also when a reload or a new thread begins at zero', async () => {
  const registry = new Registry();
  const metrics = senderMetrics(registry);
  const requests = async (): Promise<unknown> =>
    (await registry.getSingleMetric('belfry_remote_storage_requests_total')!.get()).values;
  for (const count of [3, 10, 4, 6]) metrics.update([report(count)]);
  const labels = { remote_name: 'there', url: 'http://there/write' };
  expect(await requests()).toEqual([{ labels, value: 16 }]);
  metrics.restarted();
  metrics.update([report(8)]);
  expect(await requests()).toEqual([{ labels, value: 24 }]);
});
