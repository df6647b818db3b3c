import type { LabelMap } from './api-types.ts';

/** What `/api/rehearse` is asked: a rule that is loaded, with what is tried instead. */
export interface RehearsalQuestion {
  readonly alert: string;
  readonly group?: string;
  /** Unix seconds. */
  readonly from: number;
  readonly to: number;
  readonly expr?: string;
  readonly for?: string;
}

export interface RehearsedFiring {
  readonly labels: LabelMap;
  readonly pendingAt: string;
  readonly firingAt: string;
  /** Absent while it still fires. */
  readonly resolvedAt?: string;
}

export interface RehearsalAnswer {
  readonly from: string;
  readonly to: string;
  readonly summary: {
    readonly firings: number;
    readonly alerts: number;
    readonly pendingOnly: number;
    readonly longestMs: number;
    readonly totalMs: number;
    readonly flaps: number;
  };
  readonly errors: readonly unknown[];
  readonly firings: readonly RehearsedFiring[];
  /** Absent where nobody is told. */
  readonly routing?: {
    readonly notifications: number;
    readonly receivers: readonly {
      readonly receiver: string;
      readonly integration: string;
      readonly notifications: number;
    }[];
  };
}

/** One alert's times of trouble, as `/api/alerts/history` tells them. */
export interface AlertPast {
  readonly labels: LabelMap;
  readonly fingerprint: string;
  readonly episodes: readonly {
    readonly pendingAt?: string;
    readonly firingAt?: string;
    readonly endedAt?: string;
    readonly isFiringBefore: boolean;
    readonly value: number;
  }[];
}
