import type { RuleSample } from '../model/evaluation.ts';
import {
  eachLabel,
  type Labels,
  labelsFromObject,
  labelsKey,
  labelsOf,
  METRIC_NAME,
  sameLabels,
} from '../model/labels.ts';
import { RuleError } from './rule-error.ts';

export type AlertState = 'pending' | 'firing' | 'inactive';

/** An alert of a rule, as it stands after its last evaluation. Times are Unix ms, 0 = not (yet). */
export interface ActiveAlert {
  readonly labels: Labels;
  annotations: Labels;
  state: AlertState;
  value: number;
  activeAt: number;
  /** The last evaluation whose result held it. */
  seenAt: number;
  firedAt: number;
  resolvedAt: number;
  keepFiringSince: number;
  lastSentAt: number;
  /** When receivers may take it for resolved unless they hear again. */
  validUntil: number;
}

/** Alerts of one rule by `labelsKey`; also those resolved lately, which are told a few times more. */
export type ActiveAlerts = Map<string, ActiveAlert>;

export interface AlertTiming {
  readonly forMs: number;
  readonly keepFiringForMs: number;
  /** Most alerts at once; 0 is no limit. */
  readonly limit: number;
}

export interface AlertTransition {
  readonly labels: Labels;
  readonly from: AlertState;
  readonly to: AlertState;
  readonly at: number;
  readonly value: number;
}

/** How often receivers hear of an alert that goes on. */
export const RESEND_DELAY_MS = 60_000;
/** A resolved alert is kept, and told again, for this long. */
export const RESOLVED_RETENTION_MS = 15 * 60_000;

/** An element of a result as the alert that it stands for. */
export interface AlertElement {
  /** `labelsKey` of the labels. */
  readonly key: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly value: number;
}

/**
 * Takes the result of one evaluation into the alerts of a rule. Changes `active`.
 * @throws RuleError for two elements with the same labels (nothing is changed), and beyond the limit (all alerts are dropped)
 */
export function evaluateAlerts(
  active: ActiveAlerts,
  alertname: string,
  timing: AlertTiming,
  samples: readonly RuleSample[],
  timestamp: number,
): AlertTransition[] {
  const elements = samples.map((sample) => alertElement(alertname, sample));
  assertDistinct(elements);
  return advanceAlerts(active, timing, elements, timestamp);
}

/** The alert of an element: its labels without its name, the rule's over them, and the alert's name over all. */
export function alertElement(alertname: string, sample: RuleSample): AlertElement {
  const labels = labelsOf([
    ...eachLabel(sample.labels),
    ...Object.entries(sample.expandedLabels ?? {}),
    [METRIC_NAME, ''],
    ['alertname', alertname],
  ]);
  return {
    key: labelsKey(labels),
    labels,
    annotations: labelsFromObject(sample.expandedAnnotations ?? {}),
    value: sample.value,
  };
}

/** @throws RuleError when two elements are the same alert */
export function assertDistinct(elements: readonly AlertElement[]): void {
  if (new Set(elements.map(({ key }) => key)).size < elements.length) {
    throw new RuleError('vector contains metrics with the same labelset after applying alert labels');
  }
}

/**
 * Upstream's state machine: pending becomes firing once the condition has held for `for`, and what is absent is resolved, or
 * forgotten when it only was pending. The elements are distinct. Changes `active`.
 * @throws RuleError beyond the limit; all alerts are dropped
 */
export function advanceAlerts(
  active: ActiveAlerts,
  timing: AlertTiming,
  elements: readonly AlertElement[],
  timestamp: number,
): AlertTransition[] {
  const transitions: AlertTransition[] = [];
  let count = 0;
  const move = (key: string, alert: ActiveAlert, before: AlertState): void => {
    const transition = moveOn(active, key, alert, before, timing, timestamp);
    if (transition) transitions.push(transition);
    if (alert.state !== 'inactive') count++;
  };
  const fresh: [string, ActiveAlert][] = [];
  for (const element of elements) {
    const alert = seen(active, element, timestamp);
    if (active.get(element.key) !== alert) fresh.push([element.key, alert]);
  }
  for (const [key] of fresh) active.delete(key);
  for (const [key, alert] of active) move(key, alert, alert.state);
  for (const [key, alert] of fresh) {
    active.set(key, alert);
    move(key, alert, 'inactive');
  }
  if (timing.limit > 0 && count > timing.limit) {
    active.clear();
    throw new RuleError(`exceeded limit of ${timing.limit} with ${count} alerts`);
  }
  return transitions;
}

/**
 * The same for one alert of a rule without a limit, where no other's state has a say. Changes `active`.
 * @param element undefined when the result does not hold it
 */
export function advanceAlert(
  active: ActiveAlerts,
  key: string,
  timing: AlertTiming,
  element: AlertElement | undefined,
  timestamp: number,
): AlertTransition | undefined {
  const known = active.get(key);
  const alert = element ? seen(active, element, timestamp) : known;
  if (!alert) return undefined;
  if (alert !== known) active.set(key, alert);
  return moveOn(active, key, alert, alert === known ? alert.state : 'inactive', timing, timestamp);
}

/** The time, Unix ms, before which an alert whose state an evaluation at `timestamp` left as it was stays so if its element does. */
export function settledUntil(
  { state, activeAt, keepFiringSince, seenAt }: ActiveAlert,
  { forMs, keepFiringForMs }: AlertTiming,
  timestamp: number,
): number {
  if (state === 'pending') return activeAt + forMs;
  const isKept = state === 'firing' && seenAt !== timestamp;
  return isKept ? keepFiringSince + keepFiringForMs : Number.POSITIVE_INFINITY;
}

/** The alert of an element: the one that is pending or firing, brought up to date, or a new one that is not in `active` yet. */
function seen(active: ActiveAlerts, element: AlertElement, timestamp: number): ActiveAlert {
  const known = active.get(element.key);
  if (!known || known.state === 'inactive') return pendingAlert(element, timestamp);
  known.value = element.value;
  // What is worked out of texts is found by their array: it stays for as long as they say the same.
  if (!sameLabels(known.annotations, element.annotations)) known.annotations = element.annotations;
  known.seenAt = timestamp;
  return known;
}

function moveOn(
  active: ActiveAlerts,
  key: string,
  alert: ActiveAlert,
  before: AlertState,
  timing: AlertTiming,
  timestamp: number,
): AlertTransition | undefined {
  if (alert.activeAt > timestamp || alert.lastSentAt > timestamp) setBack(alert, timing, timestamp);
  const isActive = step(alert, alert.seenAt === timestamp, timing, timestamp);
  if (!isActive && (before === 'pending' || isForgotten(alert, timestamp))) active.delete(key);
  if (alert.state === before) return undefined;
  const { labels, state: to, value } = alert;
  return { labels, from: before, to, at: timestamp, value };
}

/**
 * The clock was set back, and the alert has times that are still to come: what is pending waits from now, what fires goes on, and what
 * was told is told again, for receivers were given an end that lies too far ahead.
 */
function setBack(alert: ActiveAlert, { forMs }: AlertTiming, timestamp: number): void {
  if (alert.activeAt > timestamp) alert.activeAt = alert.state === 'firing' ? timestamp - forMs : timestamp;
  alert.firedAt = Math.min(alert.firedAt, timestamp);
  alert.resolvedAt = Math.min(alert.resolvedAt, timestamp);
  alert.keepFiringSince = Math.min(alert.keepFiringSince, timestamp);
  alert.lastSentAt = 0;
}

/** Moves one alert on; false when it is not active any more. */
function step(alert: ActiveAlert, isPresent: boolean, timing: AlertTiming, timestamp: number): boolean {
  if (isPresent) alert.keepFiringSince = 0;
  else if (!keepsFiring(alert, timing, timestamp)) {
    if (alert.state !== 'inactive') {
      alert.state = 'inactive';
      alert.resolvedAt = timestamp;
    }
    return false;
  }
  const isDue = timestamp - alert.activeAt >= timing.forMs;
  if (alert.state === 'pending' && isDue) {
    alert.state = 'firing';
    alert.firedAt = timestamp;
  } else if (alert.state === 'firing' && !isDue) {
    // `for` was made longer by a reload, or started anew after a long outage.
    alert.state = 'pending';
    alert.firedAt = 0;
    alert.lastSentAt = 0;
    alert.keepFiringSince = 0;
  }
  return true;
}

function keepsFiring(alert: ActiveAlert, timing: AlertTiming, timestamp: number): boolean {
  if (alert.state !== 'firing' || timing.keepFiringForMs <= 0) return false;
  if (alert.keepFiringSince === 0) alert.keepFiringSince = timestamp;
  return timestamp - alert.keepFiringSince < timing.keepFiringForMs;
}

const isForgotten = (alert: ActiveAlert, timestamp: number): boolean =>
  alert.resolvedAt !== 0 && timestamp - alert.resolvedAt > RESOLVED_RETENTION_MS;

function pendingAlert({ labels, annotations, value }: AlertElement, timestamp: number): ActiveAlert {
  return {
    labels,
    annotations,
    state: 'pending',
    value,
    activeAt: timestamp,
    seenAt: timestamp,
    firedAt: 0,
    resolvedAt: 0,
    keepFiringSince: 0,
    lastSentAt: 0,
    validUntil: 0,
  };
}

/** Whether receivers are to hear of the alert now: on firing, on resolving, then every `resendDelayMs`. */
export function needsSending(alert: ActiveAlert, timestamp: number, resendDelayMs: number): boolean {
  if (alert.state === 'pending') return false;
  if (alert.resolvedAt > alert.lastSentAt) return true;
  return alert.lastSentAt + resendDelayMs < timestamp;
}

/** Marks an alert as sent. Two evaluations or deliveries may fail before receivers take it for resolved. */
export function markSent(
  alert: ActiveAlert,
  timestamp: number,
  resendDelayMs: number,
  intervalMs: number,
): void {
  alert.lastSentAt = timestamp;
  alert.validUntil = timestamp + 4 * Math.max(intervalMs, resendDelayMs);
}
