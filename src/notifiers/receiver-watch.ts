import type { Clock, Timer } from '../clock.ts';
import type { Alert } from '../model/alert.ts';
import { type Labels, labelsFromObject, labelValue } from '../model/labels.ts';
import type { OutboxRow } from './state.ts';

/** Name of the alert that says that a receiver cannot be reached. */
const RECEIVER_FAILING = 'BelfryReceiverFailing';

/** How long tries must fail, without one message getting through, before it is said: a restart of the other side is no news. */
const FAILING_MS = 2 * 60_000;
/** The alert ends by itself when it is not raised again within this time; it is raised again with every sweep. */
const LASTS_MS = 15 * 60_000;

export interface ReceiverWatchOptions {
  readonly clock: Clock;
  /** Takes the alert in as any other. */
  readonly raise: (alert: Alert) => void;
}

type Row = Pick<OutboxRow, 'key' | 'receiver' | 'integration' | 'index' | 'notification'>;

/** Whether an alert says that a receiver cannot be reached. */
export const isReceiverAlert = ({ labels }: { readonly labels: Labels }): boolean =>
  labelValue(labels, 'alertname') === RECEIVER_FAILING;

/** An integration with messages that do not get through. */
interface Failing {
  readonly row: Row;
  readonly since: number;
  error: string;
  /** Outbox keys of the messages. */
  readonly lanes: Set<string>;
  readonly timer: Timer;
  isRaised: boolean;
}

/**
 * Raises an alert for each integration whose messages do not get through, so that someone hears of it by another way. It fires until
 * all messages to the integration were delivered, given up or need not be sent any more. Messages about this alert raise none.
 */
export class ReceiverWatch {
  readonly #options: ReceiverWatchOptions;
  readonly #failing = new Map<string, Failing>();

  constructor(options: ReceiverWatchOptions) {
    this.#options = options;
  }

  /** A try has failed. @param since when tries of this message began, Unix ms */
  failed(row: Row, error: string, since: number): void {
    const { alerts } = row.notification;
    if (alerts.every(isReceiverAlert)) return;
    const name = nameOf(row);
    const known = this.#failing.get(name);
    if (known) {
      known.error = error;
      known.lanes.add(row.key);
      return;
    }
    const { clock } = this.#options;
    const timer = clock.after(Math.max(0, since + FAILING_MS - clock.now()), () => this.#raise(name));
    this.#failing.set(name, { row, since, error, lanes: new Set([row.key]), timer, isRaised: false });
  }

  /** A message was delivered, was given up or need not be sent any more. */
  settled(key: string): void {
    for (const [name, failing] of this.#failing) {
      if (!failing.lanes.delete(key) || failing.lanes.size > 0) continue;
      this.#failing.delete(name);
      failing.timer.cancel();
      if (failing.isRaised) this.#options.raise(this.#alert(failing, this.#options.clock.now()));
    }
  }

  /** Says again what is still so. */
  refresh(): void {
    for (const [name, { isRaised }] of this.#failing) if (isRaised) this.#raise(name);
  }

  stop(): void {
    for (const { timer } of this.#failing.values()) timer.cancel();
  }

  #raise(name: string): void {
    const failing = this.#failing.get(name);
    if (!failing) return;
    failing.isRaised = true;
    this.#options.raise(this.#alert(failing, this.#options.clock.now() + LASTS_MS));
  }

  #alert({ row, since, error }: Failing, endsAt: number): Alert {
    const integration = `${row.integration}[${row.index}]`;
    return {
      labels: labelsFromObject({
        alertname: RECEIVER_FAILING,
        receiver: row.receiver,
        integration,
        severity: 'critical',
      }),
      annotations: labelsFromObject({
        summary: `Notifications do not reach ${integration} of receiver ${row.receiver}`,
        description: `The last error was: ${error}. Messages that did not arrive are tried again with every look at their group; the outbox lists them.`,
      }),
      startsAt: since,
      endsAt,
      updatedAt: this.#options.clock.now(),
      generatorURL: row.notification.externalURL,
    };
  }
}

const nameOf = ({ receiver, integration, index }: Row): string =>
  JSON.stringify([receiver, integration, index]);
