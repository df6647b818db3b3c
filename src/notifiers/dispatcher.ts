import type { Clock, Timer } from '../clock.ts';
import type { Labels } from '../model/labels.ts';
import type { StoredAlert } from './alerts.ts';
import { formatGroupLabels, groupKey, groupLabels } from './group.ts';
import { perLabelSet } from './matching.ts';
import { matchRoutes, type Route } from './routes.ts';

/** Alerts of one route that share its group labels, and when they are looked at next. */
export interface Group {
  readonly route: Route;
  readonly key: string;
  readonly labels: Labels;
  /** By fingerprint; resolved ones until a flush has told all integrations. */
  readonly alerts: Map<string, StoredAlert>;
  /** Unix ms. */
  nextFlushAt: number;
  /** Names of the time intervals that kept the last flush from sending. */
  mutedBy: readonly string[];
}

export interface DispatcherOptions {
  readonly clock: Clock;
  readonly root: Route;
  /**
   * Looks at a group. `false` means that nothing of it can be looked at yet: the tick waits until `resume` is called, and
   * the next one counts from then.
   */
  readonly flush: (group: Group, at: number) => boolean;
  readonly onRemoved?: (group: Group) => void;
  /** Runs a slice of ticks; the caller may put what they store into one commit. */
  readonly together: (run: () => void) => void;
}

/** Longest time that ticks due at once may take before others get their turn, ms. */
const SLICE_MS = 5;

/** How often groups without alerts are removed; until then a returning alert meets the group's old ticks. */
export const MAINTENANCE_MS = 30_000;

/** Puts alerts into groups and lets each group tick: first after `group_wait`, then every `group_interval`. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  /** By route, then by group labels: the group key alone is shared by routes with equal matchers. */
  readonly #groups = new Map<string, Entry>();
  readonly #due: Entry[] = [];
  /** The routes that an alert goes to. */
  readonly routesOf = perLabelSet((labels) => matchRoutes(this.#options.root, labels));
  #maintenance: Timer;
  #isStopped = false;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#maintenance = options.clock.after(MAINTENANCE_MS, () => this.#maintain());
  }

  get root(): Route {
    return this.#options.root;
  }

  get size(): number {
    return this.#groups.size;
  }

  *groups(): Generator<Group> {
    for (const entry of this.#groups.values()) yield entry.group;
  }

  /** Whether a group is one of ours still. */
  has(group: Group): boolean {
    return this.#groups.get(entryKey(group.route, group.labels))?.group === group;
  }

  /**
   * Adds alerts to the groups they belong to, or replaces them there. They came at once: any of them that is old makes a group of
   * theirs that is new flush at once, while one that comes later does not.
   */
  insert(alerts: Iterable<StoredAlert>): void {
    const made = new Set<Entry>();
    for (const alert of alerts)
      for (const route of this.routesOf(alert.labels)) this.#insertInto(route, alert, made);
  }

  /** Lets a tick happen that was put off. */
  resume(group: Group): void {
    const entry = this.#groups.get(entryKey(group.route, group.labels));
    if (entry?.group === group && entry.waiting) this.#fallDue(entry);
  }

  stop(): void {
    this.#isStopped = true;
    this.#maintenance.cancel();
    for (const entry of this.#groups.values()) entry.timer?.cancel();
  }

  /** @param made the groups made for alerts that came with it */
  #insertInto(route: Route, alert: StoredAlert, made: Set<Entry>): void {
    const labels = groupLabels(alert.labels, route.groupBy);
    const id = entryKey(route, labels);
    const now = this.#options.clock.now();
    const isOld = alert.startsAt + route.groupWaitMs < now;
    const known = this.#groups.get(id);
    if (known) {
      known.group.alerts.set(alert.fingerprint, alert);
      if (isOld && made.delete(known)) {
        known.timer?.cancel();
        this.#arm(known, 0);
      }
      return;
    }
    const entry: Entry = {
      group: {
        route,
        key: groupKey(route, labels),
        labels,
        alerts: new Map([[alert.fingerprint, alert]]),
        nextFlushAt: now,
        mutedBy: [],
      },
      timer: undefined,
      waiting: false,
      isRemoved: false,
    };
    this.#groups.set(id, entry);
    if (!isOld) made.add(entry);
    this.#arm(entry, isOld ? 0 : route.groupWaitMs);
  }

  #arm(entry: Entry, delayMs: number): void {
    entry.group.nextFlushAt = this.#options.clock.now() + delayMs;
    entry.timer = this.#options.clock.after(delayMs, () => this.#fallDue(entry));
  }

  /** Ticks wait for each other: groups made together fall due together. */
  #fallDue(entry: Entry): void {
    entry.waiting = false;
    this.#due.push(entry);
    if (this.#due.length === 1) setImmediate(() => this.#runDue());
  }

  #runDue(): void {
    if (this.#isStopped) return;
    const { clock, together } = this.#options;
    const until = clock.monotonic() + SLICE_MS;
    let done = 0;
    together(() => {
      do this.#tick(this.#due[done++]!);
      while (done < this.#due.length && clock.monotonic() < until);
    });
    this.#due.splice(0, done);
    if (this.#due.length > 0) setImmediate(() => this.#runDue());
  }

  #tick(entry: Entry): void {
    if (entry.isRemoved) return;
    const { group } = entry;
    const at = this.#options.clock.now();
    group.nextFlushAt = at + group.route.groupIntervalMs;
    if (group.alerts.size > 0 && !this.#options.flush(group, at)) {
      entry.waiting = true;
      return;
    }
    this.#arm(entry, group.route.groupIntervalMs);
  }

  #maintain(): void {
    for (const [id, entry] of this.#groups) {
      if (entry.group.alerts.size > 0) continue;
      entry.timer?.cancel();
      entry.isRemoved = true;
      this.#groups.delete(id);
      this.#options.onRemoved?.(entry.group);
    }
    this.#maintenance = this.#options.clock.after(MAINTENANCE_MS, () => this.#maintain());
  }
}

interface Entry {
  readonly group: Group;
  timer: Timer | undefined;
  /** The tick is due and was put off. */
  waiting: boolean;
  /** It may be due still. */
  isRemoved: boolean;
}

function entryKey(route: Route, labels: Labels): string {
  return `${route.id}:${formatGroupLabels(labels)}`;
}
