import type { Alert } from '../model/alert.ts';
import { fingerprint } from '../model/fingerprint.ts';
import { eachLabel, type Labels, labelsKey, sameLabels } from '../model/labels.ts';

/** An alert as the notifier keeps it. `endsAt` is never 0 here. */
export interface StoredAlert extends Alert {
  readonly fingerprint: string;
  /** The end was not given but set by `resolve_timeout`. */
  readonly timeout: boolean;
}

/**
 * Gives an alert its times: no start means now (or its end), no end means `resolveTimeoutMs` from now.
 * @param known its fingerprint, where that is known already
 */
export function intake(
  alert: Alert,
  now: number,
  resolveTimeoutMs: number,
  known = fingerprint(alert.labels),
): StoredAlert {
  const timeout = alert.endsAt === 0;
  return {
    ...alert,
    startsAt: alert.startsAt || alert.endsAt || now,
    endsAt: timeout ? now + resolveTimeoutMs : alert.endsAt,
    updatedAt: alert.updatedAt || now,
    timeout,
    fingerprint: known,
  };
}

/** What is wrong with an alert, in upstream's words; undefined when nothing is. */
export function alertProblem(alert: Alert): string | undefined {
  if (alert.endsAt !== 0 && alert.endsAt < alert.startsAt) return 'start time must be before end time';
  if (alert.labels.length === 0) return 'at least one label pair required';
  const labels = setProblem(alert.labels);
  if (labels) return `invalid label set: ${labels}`;
  const annotations = setProblem(alert.annotations);
  return annotations ? `invalid annotations: ${annotations}` : undefined;
}

/**
 * What to keep when an alert arrives that is known already. Spans that overlap become one with the earliest start; annotations and
 * the rest come from the later of the two. `now` decides which of them are over.
 */
export function mergeAlerts(old: StoredAlert, arrived: StoredAlert, now: number): StoredAlert {
  const overlaps =
    (arrived.endsAt > old.startsAt && arrived.endsAt < old.endsAt) ||
    (arrived.startsAt > old.startsAt && arrived.startsAt < old.endsAt);
  if (!overlaps) return arrived;
  // Heard at a time that is still to come: the clock was set back since, and its end lies too far ahead.
  if (old.updatedAt > now) return { ...arrived, startsAt: Math.min(old.startsAt, arrived.startsAt) };
  const [earlier, later] = arrived.updatedAt < old.updatedAt ? [arrived, old] : [old, arrived];
  const startsAt = Math.min(earlier.startsAt, later.startsAt);
  const isOver = later.endsAt <= now;
  const keepsEarlierEnd =
    earlier.endsAt > later.endsAt && (isOver ? earlier.endsAt <= now : !earlier.timeout);
  return { ...later, startsAt, endsAt: keepsEarlierEnd ? earlier.endsAt : later.endsAt };
}

/** The alerts the notifier knows, by label set. */
export class AlertStore {
  readonly #byLabels = new Map<string, StoredAlert>();
  readonly #byFingerprint = new Map<string, StoredAlert>();
  /** Fingerprints, sorted; anew when it is asked for after one came or went. */
  #order: readonly string[] | undefined;

  get size(): number {
    return this.#byLabels.size;
  }

  /** Keeps an alert, merged with what is known of it; gives what is kept. */
  put(arrived: StoredAlert, now: number): StoredAlert {
    const key = labelsKey(arrived.labels);
    const old = this.#byLabels.get(key);
    const kept = old ? withArraysOf(old, mergeAlerts(old, arrived, now)) : arrived;
    if (!old) this.#order = undefined;

    this.#byLabels.set(key, kept);
    this.#byFingerprint.set(kept.fingerprint, kept);
    return kept;
  }

  get(byFingerprint: string): StoredAlert | undefined {
    return this.#byFingerprint.get(byFingerprint);
  }

  find(labels: Labels): StoredAlert | undefined {
    return this.#byLabels.get(labelsKey(labels));
  }

  values(): IterableIterator<StoredAlert> {
    return this.#byLabels.values();
  }

  /** All alerts as they are when they are taken, in the order of the fingerprints known now. */
  *inOrder(): Generator<StoredAlert> {
    this.#order ??= [...this.#byFingerprint.keys()].sort();
    for (const fingerprint of this.#order) {
      const alert = this.#byFingerprint.get(fingerprint);
      if (alert) yield alert;
    }
  }

  /** Forgets alerts that were over at `now` and are not kept for another reason; gives them. */
  collect(now: number, isHeld: (fingerprint: string) => boolean): readonly StoredAlert[] {
    const gone: StoredAlert[] = [];
    for (const [key, alert] of this.#byLabels) {
      if (alert.endsAt > now || isHeld(alert.fingerprint)) continue;
      this.#byLabels.delete(key);
      this.#byFingerprint.delete(alert.fingerprint);
      this.#order = undefined;
      gone.push(alert);
    }
    return gone;
  }
}

/**
 * One array of labels for as long as the alert is known, and one of annotations for as long as they say the same: what is worked out
 * per label set is found by it.
 */
function withArraysOf(old: StoredAlert, merged: StoredAlert): StoredAlert {
  const annotations = sameLabels(old.annotations, merged.annotations) ? old.annotations : merged.annotations;
  return { ...merged, labels: old.labels, annotations };
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function setProblem(labels: Labels): string | undefined {
  for (const [name, value] of eachLabel(labels)) {
    if (name === '' || LONE_SURROGATE.test(name)) return `invalid name ${JSON.stringify(name)}`;
    if (LONE_SURROGATE.test(value)) return `invalid value ${JSON.stringify(value)}`;
  }
  return undefined;
}
