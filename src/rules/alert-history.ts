import { fingerprint } from '../model/fingerprint.ts';
import { compareLabels, type Labels, labelsKey, labelValue } from '../model/labels.ts';
import type { TimeRange } from '../model/time.ts';
import type { AlertTransition } from './alert-state.ts';
import type { PresentAlert } from './views.ts';

/** One time that an alert was pending or fired. Times are Unix ms. */
export interface AlertEpisode {
  /** Undefined when it was so already before what is known begins. */
  readonly pendingAt: number | undefined;
  /** Undefined when it did not come to fire, or fired before what is known begins (`isFiringBefore`). */
  readonly firingAt: number | undefined;
  readonly isFiringBefore: boolean;
  /** Undefined when it goes on. */
  readonly endedAt: number | undefined;
  /** When it began to fire, or else when it ended or became pending; NaN where that was the value, or none is known. */
  readonly value: number;
}

/** The episodes of one alert within a period, oldest first. */
export interface AlertPast {
  readonly labels: Labels;
  readonly fingerprint: string;
  readonly episodes: readonly AlertEpisode[];
}

/** What alerts did in a period, put together in steps as short as the lists that are handed in. */
export class AlertPasts {
  readonly #range: TimeRange;
  readonly #alertname: string | undefined;
  readonly #byAlert = new Map<string, Past>();
  /** What each step found first, in order. */
  readonly #runs: Past[][] = [];

  /** @param alertname the only name that counts, if any */
  constructor(range: TimeRange, alertname?: string) {
    this.#range = range;
    this.#alertname = alertname;
  }

  /** Takes changes of state with times in the period; over all calls oldest first. */
  take(transitions: readonly AlertTransition[]): void {
    const found: Past[] = [];
    for (const transition of transitions) {
      const { labels } = transition;
      if (!this.#isWanted(labels)) continue;
      const key = labelsKey(labels);
      let past = this.#byAlert.get(key);
      if (!past) {
        past = { labels, episodes: [] };
        this.#byAlert.set(key, past);
        found.push(past);
      }
      follow(past.episodes, transition);
    }
    this.#keep(found);
  }

  /** Takes, after all changes, alerts that are pending or firing now: those that did nothing in the period were so all along. */
  takeActive(alerts: readonly Pick<PresentAlert, 'labels' | 'state' | 'activeAt' | 'value'>[]): void {
    const found: Past[] = [];
    for (const { labels, activeAt: since, state, value } of alerts) {
      const key = labelsKey(labels);
      if (this.#byAlert.has(key) || !this.#isWanted(labels) || since >= this.#range.to) continue;
      const whole: Open = {
        pendingAt: since,
        firingAt: undefined,
        isFiringBefore: state === 'firing',
        endedAt: undefined,
        value,
      };
      found.push({ labels, episodes: [whole] });
    }
    this.#keep(found);
  }

  /** The alerts in order of their labels; each is worked out when it is taken. */
  *all(): Generator<AlertPast> {
    for (const { labels, episodes } of merged(this.#runs))
      yield { labels, fingerprint: fingerprint(labels), episodes };
  }

  #isWanted(labels: Labels): boolean {
    return this.#alertname === undefined || labelValue(labels, 'alertname') === this.#alertname;
  }

  #keep(found: Past[]): void {
    if (found.length > 0) this.#runs.push(found.sort((a, b) => compareLabels(a.labels, b.labels)));
  }
}

interface Past {
  readonly labels: Labels;
  readonly episodes: Open[];
}

/** Makes one order of several; a comparison is made only when its outcome is taken. */
function* merged(runs: readonly (readonly Past[])[]): Generator<Past> {
  if (runs.length < 2) return yield* runs[0] ?? [];
  const half = runs.length >>> 1;
  const left = merged(runs.slice(0, half));
  const right = merged(runs.slice(half));
  let a = left.next();
  let b = right.next();
  while (!a.done && !b.done) {
    if (compareLabels(a.value.labels, b.value.labels) <= 0) {
      yield a.value;
      a = left.next();
    } else {
      yield b.value;
      b = right.next();
    }
  }
  if (!a.done) yield a.value;
  if (!b.done) yield b.value;
  yield* left;
  yield* right;
}

type Open = { -readonly [Key in keyof AlertEpisode]: AlertEpisode[Key] };

/** Takes a transition into the episodes of its alert. */
function follow(episodes: Open[], { from, to, at, value }: AlertTransition): void {
  const last = episodes.at(-1);
  let open = last && last.endedAt === undefined ? last : undefined;
  if (from === 'inactive' || !open) {
    // A period may begin in the middle of an episode, and state that was lost has no end.
    open = {
      pendingAt: from === 'inactive' ? at : undefined,
      firingAt: undefined,
      isFiringBefore: from === 'firing',
      endedAt: undefined,
      value,
    };
    episodes.push(open);
  }
  if (to === 'firing') {
    open.firingAt = at;
    open.value = value;
  } else if (to === 'inactive') {
    open.endedAt = at;
  }
}
