import type { RemoteWriteConfig } from '../config/remote-write.ts';
import type { Labels } from '../model/labels.ts';
import type { MetricMetadata } from '../model/queryable.ts';
import type { StoreShared } from '../tsdb/queryable.ts';

/** Messages between main and the service that sends, in a thread of its own: plain data. */

export interface SenderInit {
  readonly shared: StoreShared;
  /** `log.db` of the store. */
  readonly logFile: string;
  readonly userAgent: string;
  /** Names the proxies, if a configuration says so, and who signs for AWS. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** An endpoint and what its place in the store is kept under. */
export interface EndpointSettings {
  readonly name: string;
  readonly config: RemoteWriteConfig;
  readonly externalLabels: Labels;
}

/** Where an endpoint begins that has no place yet: it gets what is stored later. */
export interface StartPlace {
  /** Unix ms. */
  readonly since: number;
  /** Newest row of the log. */
  readonly logRow: number;
}

export type ToSender =
  | { readonly kind: 'apply'; readonly endpoints: readonly EndpointSettings[]; readonly start: StartPlace }
  /** What is known of metrics; comes again now and then. */
  | { readonly kind: 'metadata'; readonly metadata: readonly (readonly [string, MetricMetadata])[] }
  /** Answered by `closed`. */
  | { readonly kind: 'close' };

export type FromSender =
  | {
      readonly kind: 'report';
      readonly endpoints: readonly EndpointReport[];
      readonly logRow: number | undefined;
    }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn' | 'error';
      readonly fields: Readonly<Record<string, unknown>>;
      readonly message: string;
    }
  | { readonly kind: 'closed' };

/** What was sent, by what became of it. */
export interface SentCounts {
  /** Delivered. */
  sent: number;
  /** Refused by the receiver for good. */
  failed: number;
  /** Sent again after trouble; counted each time. */
  retried: number;
}

export type Kind = 'samples' | 'histograms' | 'exemplars' | 'metadata';
export const KINDS: readonly Kind[] = ['samples', 'histograms', 'exemplars', 'metadata'];

/** Why a sample was not even sent. */
export type DropReason = 'relabeled' | 'too_old' | 'unsent_kind';
export const DROP_REASONS: readonly DropReason[] = ['relabeled', 'too_old', 'unsent_kind'];

/** State of an endpoint; counts since the service started. */
export interface EndpointReport {
  readonly name: string;
  readonly url: string;
  readonly counts: Readonly<Record<Kind, SentCounts>>;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Exemplars that were not sent, because their series is dropped or too many waited. */
  readonly droppedExemplars: number;
  /** Samples that were read from partitions because the receiver was away for so long. */
  readonly reread: number;
  readonly bytes: number;
  readonly requests: number;
  /** Seconds that each request since the last report took. */
  readonly durations: readonly number[];
  readonly shards: {
    readonly now: number;
    readonly desired: number;
    readonly min: number;
    readonly max: number;
  };
  readonly maxSamplesPerSend: number;
  /** About how many samples wait. */
  readonly pending: number;
  /** Newest sample there is, and newest one delivered, Unix ms; 0 when there is none yet. */
  readonly highestTimestamp: number;
  readonly highestSent: number;
  /** What is wrong, while requests do not succeed. */
  readonly trouble: string | undefined;
}
