import type { LabelMap } from './api-types.ts';

/** The shapes of `/api/alerts/:fingerprint/trace` and `/api/notifications`; times in Unix ms unless said otherwise. */
export interface TraceMatcher {
  readonly name: string;
  readonly op: string;
  readonly value: string;
}

export interface RouteStep {
  readonly id: string;
  readonly matchers: string;
  readonly receiver: string;
  readonly matched: boolean;
  readonly failing: readonly TraceMatcher[];
  readonly chosen: boolean;
}

export type Verdict =
  | { readonly kind: 'passed' }
  | {
      readonly kind: 'inhibited';
      readonly rule: string;
      readonly by: string;
      /** Names and values in turn. */
      readonly byLabels: readonly string[];
    }
  | { readonly kind: 'inactive' | 'muted'; readonly intervals: readonly string[] }
  | { readonly kind: 'silenced'; readonly by: readonly string[] };

export type Outcome =
  | { readonly kind: 'nothing to send' | 'recorded' }
  | { readonly kind: 'sending'; readonly attempts: number; readonly error?: string }
  | {
      readonly kind: 'delivered';
      readonly attempts: number;
      readonly durationMs: number;
      readonly answer: string;
    }
  | {
      readonly kind: 'failed';
      readonly attempts: number;
      readonly durationMs: number;
      readonly error: string;
      readonly rejected: boolean;
    };

/** Whether and why an integration is told of a group. */
export interface News {
  readonly integration: string;
  readonly index: number;
  /** `none` when there is nothing to say. */
  readonly reason: string;
  readonly lastToldAt?: number;
  readonly repeatAfter?: number;
}

export interface FlushTrace {
  readonly groupKey: string;
  /** Names and values in turn. */
  readonly groupLabels: readonly string[];
  readonly route: string;
  readonly receiver: string;
  readonly at: number;
  readonly lastAt: number;
  readonly count: number;
  readonly alerts: readonly {
    readonly fingerprint: string;
    readonly status: string;
    readonly verdict: Verdict;
  }[];
  readonly integrations: readonly (News & { readonly outcome: Outcome })[];
}

export interface NextFlush {
  readonly key: string;
  readonly receiver: string;
  readonly nextFlushAt: number;
  readonly verdict: Verdict;
  readonly integrations: readonly News[];
}

export interface AlertTrace {
  readonly alert?: {
    readonly fingerprint: string;
    readonly labels: LabelMap;
    readonly annotations: LabelMap;
    /** RFC 3339. */
    readonly startsAt: string;
    readonly endsAt: string;
  };
  readonly routes: readonly RouteStep[];
  readonly groups: readonly NextFlush[];
  readonly flushes: readonly FlushTrace[];
  readonly notifications: readonly SentNotification[];
}

/** One message that was tried and how it ended. */
export interface SentNotification {
  readonly id: number;
  readonly at: number;
  readonly receiver: string;
  readonly integration: string;
  readonly index: number;
  readonly groupKey: string;
  readonly reason: string;
  readonly status: 'firing' | 'resolved';
  readonly outcome: 'delivered' | 'failed';
  readonly attempts: number;
  readonly durationMs: number;
  readonly answer: string;
  readonly alerts: readonly {
    readonly fingerprint: string;
    readonly status: string;
    readonly labels: LabelMap;
  }[];
}

/** A message decided on and not yet answered with success. */
export interface OutboxRow {
  readonly key: string;
  readonly receiver: string;
  readonly integration: string;
  readonly index: number;
  readonly state: 'sending' | 'failed' | 'dead';
  readonly createdAt: number;
  readonly attempts: number;
  readonly error: string;
  readonly expiresAt: number;
  readonly notification: {
    readonly groupKey: string;
    readonly reason: string;
    readonly alerts: readonly { readonly status: string; readonly labels: unknown }[];
  };
}
