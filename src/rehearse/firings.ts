import { type Labels, NO_LABELS } from '../model/labels.ts';
import type { ActiveAlert, AlertTransition } from '../rules/alert-state.ts';

/** One time that an alert fired. Times are Unix ms. */
export interface Firing {
  readonly labels: Labels;
  /** Expanded when it began to fire. */
  readonly annotations: Labels;
  readonly pendingAt: number;
  readonly firingAt: number;
  /** Undefined when it fired still at the end. */
  readonly resolvedAt: number | undefined;
  /** Highest value while pending and firing. */
  readonly peak: number;
  /** Lowest value; what counts for rules that watch for too little. */
  readonly lowest: number;
}

/** An alert that is pending or firing. */
export interface Course {
  readonly pendingAt: number;
  annotations: Labels;
  firingAt: number | undefined;
  peak: number;
  lowest: number;
}

/** Takes another value of an alert. */
export function noteValue(course: Course, value: number): void {
  if (!(value <= course.peak)) course.peak = value;
  if (!(value >= course.lowest)) course.lowest = value;
}

/** Follows alerts through their states and gathers when they fired. */
export class FiringLog {
  readonly #open = new Map<ActiveAlert, Course>();
  readonly #firings: Firing[] = [];
  #pendingOnly = 0;

  /** How often an alert was pending and did not come to fire. */
  get pendingOnly(): number {
    return this.#pendingOnly;
  }

  /** Takes the alerts as they stand after an evaluation. */
  observe(
    alerts: Iterable<ActiveAlert>,
    transitions: readonly AlertTransition[],
    timestamp: number,
    annotationsOf: (alert: ActiveAlert) => Labels,
  ): void {
    for (const alert of alerts) if (alert.state !== 'inactive') this.follow(alert, timestamp, annotationsOf);
    if (transitions.some(({ to }) => to === 'inactive')) this.#closeEnded(timestamp);
  }

  /** Takes one alert as it stands after an evaluation; gives where its values go while it is pending or firing. */
  follow(
    alert: ActiveAlert,
    timestamp: number,
    annotationsOf: (alert: ActiveAlert) => Labels,
  ): Course | undefined {
    if (alert.state === 'inactive') {
      const ended = this.#open.get(alert);
      if (ended) this.#close(alert, ended, timestamp);
      this.#open.delete(alert);
      return undefined;
    }
    const course = this.#courseOf(alert);
    if (alert.state === 'firing' && course.firingAt === undefined) {
      course.firingAt = timestamp;
      course.annotations = annotationsOf(alert);
    }
    if (alert.seenAt === timestamp) noteValue(course, alert.value);
    return course;
  }

  /** Ends all that goes on: the rule lost its alerts. */
  endAll(timestamp: number): void {
    for (const [alert, course] of this.#open) this.#close(alert, course, timestamp);
    this.#open.clear();
  }

  /** All firings, oldest first; those that go on have no end. */
  finish(): Firing[] {
    for (const [alert, course] of this.#open) this.#close(alert, course, undefined);
    this.#open.clear();
    return this.#firings.sort((a, b) => a.firingAt - b.firingAt);
  }

  #courseOf(alert: ActiveAlert): Course {
    const known = this.#open.get(alert);
    if (known) return known;
    const course: Course = {
      pendingAt: alert.activeAt,
      annotations: NO_LABELS,
      firingAt: undefined,
      peak: alert.value,
      lowest: alert.value,
    };
    this.#open.set(alert, course);
    return course;
  }

  #closeEnded(timestamp: number): void {
    for (const [alert, course] of this.#open) {
      if (alert.state !== 'inactive') continue;
      this.#close(alert, course, timestamp);
      this.#open.delete(alert);
    }
  }

  #close(alert: ActiveAlert, course: Course, resolvedAt: number | undefined): void {
    const { pendingAt, firingAt, annotations, peak, lowest } = course;
    if (firingAt === undefined) {
      this.#pendingOnly++;
      return;
    }
    this.#firings.push({ labels: alert.labels, annotations, pendingAt, firingAt, resolvedAt, peak, lowest });
  }
}
