import { encodeSnappy } from '../exposition/remote/snappy.ts';
import { metadataRequest } from '../exposition/remote/write-encoder.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import type { Delivery } from './delivery.ts';
import type { EndpointSettings } from './protocol.ts';

/** Sends what is known of metrics in requests of their own, as remote write 1.0 wants it; in 2.0 it goes out with the samples. */
export interface MetadataSender {
  /** Begins to send when it is wanted and due. @param now a monotonic clock's, ms */
  send(now: number): void;
  /** Ends when nothing of it is being sent any more. */
  readonly underWay: Promise<void>;
}

export function createMetadataSender(
  { metadata_config, protobuf_message }: EndpointSettings['config'],
  metadata: ReadonlyMap<string, MetricMetadata>,
  delivery: Pick<Delivery, 'send'>,
): MetadataSender {
  const isWanted = metadata_config.send && protobuf_message === 'prometheus.WriteRequest';
  let sentAt = Number.NEGATIVE_INFINITY;
  let isSending = false;
  let underWay = Promise.resolve();

  const sendAll = async (): Promise<void> => {
    const all = [...metadata];
    const { max_samples_per_send: most } = metadata_config;
    for (let from = 0; from < all.length; from += most) {
      const part = all.slice(from, from + most);
      const holds = { samples: 0, histograms: 0, exemplars: 0, metadata: part.length };
      if ((await delivery.send(encodeSnappy(metadataRequest(part)), holds)) === 'stopped') return;
    }
  };

  return {
    send(now) {
      if (!isWanted || isSending || metadata.size === 0) return;
      if (now - sentAt < metadata_config.send_interval) return;
      sentAt = now;
      isSending = true;
      underWay = sendAll().finally(() => {
        isSending = false;
      });
    },
    get underWay() {
      return underWay;
    },
  };
}
