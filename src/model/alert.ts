import type { Labels } from './labels.ts';

/** An alert as it goes from a rule (or a client of the API) to the notifiers. Times are Unix ms. */
export interface Alert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAt: number;
  /** When it is over unless told otherwise before; in the past for a resolved alert. 0 = not given: now + resolve_timeout. */
  readonly endsAt: number;
  /** When this state was sent; a later one wins. */
  readonly updatedAt: number;
  readonly generatorURL: string;
}

/** Takes alerts; resolves when what they rest on is stored. */
export interface AlertSink {
  accept(alerts: readonly Alert[]): Promise<void>;
}
