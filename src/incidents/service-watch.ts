import type { Clock, Timer } from '../clock.ts';
import type { StatusPageConfig, StatusServiceConfig } from '../config/status-page.ts';
import type { RuleEvaluator } from '../model/evaluation.ts';
import type { Labels } from '../model/labels.ts';
import type { Log } from '../model/log.ts';
import type { Matcher } from '../model/matcher.ts';
import type { ServiceDays, ServiceState } from './service-days.ts';

/** How a service is now. */
export interface ServiceNow {
  readonly service: StatusServiceConfig;
  readonly state: ServiceState;
  /** Since when, as far as this process knows; Unix ms. */
  readonly since: number;
}

export interface ServiceWatch {
  /**
   * Lives by another configuration from now on; undefined: nothing is watched.
   * @param settlesMs how long after the start what can be read may still be of an earlier run; until then nothing is known
   */
  apply(config: StatusPageConfig | undefined, settlesMs: number): void;
  /** In the order of the configuration. */
  services(): readonly ServiceNow[];
  stop(): void;
}

/** An alert that fires. */
export interface FiringAlert {
  readonly labels: Labels;
  isSilenced(): boolean;
}

export interface ServiceWatchDeps {
  readonly days: ServiceDays;
  readonly evaluator: RuleEvaluator;
  /** All alerts that fire. */
  readonly firing: () => Iterable<FiringAlert>;
  /** Whether all matchers hold, ready for use. */
  readonly compile: (matchers: readonly Matcher[]) => (labels: Labels) => boolean;
  readonly clock: Clock;
  readonly log: Log;
  readonly queryTimeoutMs: number;
}

/** How often services are looked at, ms. */
const LOOK_MS = 30_000;
/** A state holds until the next look; after a longer silence of this process nothing is known. */
const HOLDS_MS = 2.5 * LOOK_MS;

/** Alerts held against services before others get their turn; about a millisecond's work. */
const TESTS_AT_ONCE = 5000;

interface Watched {
  readonly service: StatusServiceConfig;
  readonly isOwn: ((labels: Labels) => boolean) | undefined;
  state: ServiceState;
  since: number;
}

/** Looks at services every half minute and adds up how long they were how. */
export function createServiceWatch(deps: ServiceWatchDeps): ServiceWatch {
  const { clock, days, log } = deps;
  const startedAt = clock.monotonic();
  let watched: Watched[] = [];
  let meansDown: (labels: Labels) => boolean = () => false;
  let timer: Timer | undefined;
  /** Monotonic, and by the wall, of the look that gave the present states. */
  let lookedAt: { readonly monotonic: number; readonly wall: number } | undefined;
  let isSaving = true;
  /** Grows with each configuration: a look that began under an older one says nothing any more. */
  let generation = 0;
  const complaints = new Map<string, string>();

  const measured = async ({ name, expr }: StatusServiceConfig, now: number): Promise<ServiceState> => {
    if (expr === undefined) return 'up';
    try {
      const { samples } = await deps.evaluator.evaluate({
        expr,
        timestamp: now,
        timeoutMs: deps.queryTimeoutMs,
      });
      complaints.delete(name);
      return stateOfParts(samples.map(({ value }) => value));
    } catch (error) {
      const problem = (error as Error).message;
      if (complaints.get(name) !== problem)
        log.warn({ service: name, problem }, 'a service cannot be measured');
      complaints.set(name, problem);
      return 'unknown';
    }
  };

  /** Adds the time since the last look to what was found then. */
  const addUp = (): void => {
    const monotonic = clock.monotonic();
    const elapsed = lookedAt === undefined ? 0 : monotonic - lookedAt.monotonic;
    if (lookedAt && elapsed <= HOLDS_MS)
      for (const { service, state } of watched) days.add(service.name, lookedAt.wall, state, elapsed);
    lookedAt = { monotonic, wall: clock.now() };
    try {
      days.save();
      isSaving = true;
    } catch (error) {
      if (isSaving)
        log.warn(
          { problem: (error as Error).message },
          'the past of services cannot be stored; it is kept in memory',
        );
      isSaving = false;
    }
  };

  const look = async (): Promise<void> => {
    const own = generation;
    const now = clock.now();
    const alerted = await alertStates(watched, deps.firing, meansDown);
    if (own !== generation) return;
    const found = await Promise.all(
      watched.map(async (one) => worst(await measured(one.service, now), alerted.get(one) ?? 'up')),
    );
    if (own !== generation) return;
    addUp();
    watched.forEach((one, index) => {
      const state = found[index]!;
      if (state !== one.state) Object.assign(one, { state, since: now });
    });
    timer = clock.after(LOOK_MS, () => void look());
  };

  return {
    apply(config, settlesMs) {
      generation++;
      timer?.cancel();
      addUp();
      const before = new Map(watched.map((one) => [one.service.name, one]));
      watched = (config?.services ?? []).map((service) => {
        const known = before.get(service.name);
        return {
          service,
          isOwn: service.matchers.length > 0 ? deps.compile(service.matchers) : undefined,
          state: known?.state ?? 'unknown',
          since: known?.since ?? clock.now(),
        };
      });
      meansDown = deps.compile(config?.down_matchers ?? []);
      const waitMs = Math.max(0, startedAt + settlesMs - clock.monotonic());
      timer = watched.length > 0 ? clock.after(waitMs, () => void look()) : undefined;
    },
    services: () => watched.map(({ service, state, since }) => ({ service, state, since })),
    stop() {
      generation++;
      timer?.cancel();
      addUp();
    },
  };
}

/** What the alerts that fire make of the services they belong to; silenced ones say nothing. Works in slices. */
async function alertStates(
  watched: readonly Watched[],
  firing: ServiceWatchDeps['firing'],
  meansDown: (labels: Labels) => boolean,
): Promise<ReadonlyMap<Watched, ServiceState>> {
  const states = new Map<Watched, ServiceState>();
  const alerted = watched.filter(({ isOwn }) => isOwn !== undefined);
  if (alerted.length === 0) return states;
  let tests = 0;
  for (const alert of firing()) {
    const { labels } = alert;
    const concerned = alerted.filter(({ isOwn }) => isOwn!(labels));
    if (concerned.length > 0 && !alert.isSilenced()) {
      const state = meansDown(labels) ? 'down' : 'degraded';
      for (const one of concerned) states.set(one, worst(state, states.get(one) ?? 'up'));
    }
    tests += alerted.length;
    if (tests < TESTS_AT_ONCE) continue;
    tests = 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return states;
}

/** Each value is a part of the service. */
function stateOfParts(values: readonly number[]): ServiceState {
  const known = values.filter((value) => !Number.isNaN(value));
  if (known.length === 0) return 'unknown';
  const down = known.filter((value) => value === 0).length;
  return down === 0 ? 'up' : down === known.length ? 'down' : 'degraded';
}

const RANK: readonly ServiceState[] = ['up', 'unknown', 'degraded', 'down'];

const worst = (a: ServiceState, b: ServiceState): ServiceState =>
  RANK.indexOf(a) >= RANK.indexOf(b) ? a : b;
