import type { Clock, Timer } from '../../clock.ts';
import type { Log } from '../../model/log.ts';
import { sameGroup, type TargetGroup } from './discoverer.ts';
import type { NamedDiscoverer } from './discoverers.ts';

/** What one discoverer of a job has found. */
export interface DiscoveryState {
  readonly mechanism: string;
  readonly groups: number;
  readonly targets: number;
  /** Unix ms of the last answer, 0 before the first. */
  readonly lastUpdate: number;
  /** Empty when all is well. */
  readonly lastError: string;
}

/** The discoverers of a job and all that they have found. */
export interface JobDiscovery {
  /**
   * Makes these the ones that run; those with the same settings go on with what they have. What others had found stays until the new
   * ones have answered, so that a changed discovery that finds the same again interrupts nothing.
   */
  apply(discoverers: readonly NamedDiscoverer[]): void;
  groups(): readonly TargetGroup[];
  states(): readonly DiscoveryState[];
  /** Whether each has found something or failed at least once. */
  hasAnswered(): boolean;
  /** Resolves when all have ended. */
  stop(): Promise<void>;
}

interface Running {
  readonly mechanism: string;
  readonly groups: Map<string, TargetGroup>;
  readonly stopping: AbortController;
  ended: Promise<void>;
  lastUpdate: number;
  lastError: string;
  hasAnswered: boolean;
}

/** How long new discoverers have to find again what those before them had found. */
const HANDOVER_MS = 30_000;

/** @param onChange called when the groups differ from those before */
export function createJobDiscovery(deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly onChange: () => void;
  readonly onFailure: (mechanism: string) => void;
}): JobDiscovery {
  const { clock, log, onChange } = deps;
  let running = new Map<string, Running>();
  /** What ended discoverers had found. */
  let leaving: readonly TargetGroup[] = [];
  let handover: Timer | undefined;

  const hasAnswered = (): boolean => [...running.values()].every((one) => one.hasAnswered);
  const endHandover = (): void => {
    handover?.cancel();
    handover = undefined;
    if (leaving.length === 0) return;
    leaving = [];
    onChange();
  };
  const answered = (own: Running): void => {
    own.hasAnswered = true;
    if (leaving.length > 0 && hasAnswered()) endHandover();
  };

  const start = ({ mechanism, create }: NamedDiscoverer): Running => {
    const own: Running = {
      mechanism,
      groups: new Map(),
      stopping: new AbortController(),
      ended: Promise.resolve(),
      lastUpdate: 0,
      lastError: '',
      hasAnswered: false,
    };
    const { signal } = own.stopping;
    const problem = (what: string | undefined): void => {
      if (signal.aborted) return;
      answered(own);
      if (what !== undefined) deps.onFailure(mechanism);
      if ((what ?? '') === own.lastError) return;
      own.lastError = what ?? '';
      if (what === undefined) log.info({ mechanism }, 'discovery works again');
      else log.error({ mechanism, problem: what }, 'discovery failed; what it found before stays');
    };
    const update = (groups: readonly TargetGroup[]): void => {
      if (signal.aborted) return;
      own.lastUpdate = clock.now();
      if (merge(own.groups, groups)) onChange();
      answered(own);
    };
    // A discoverer that gives up is a broken one: its last groups stay, and the job says why.
    own.ended = Promise.resolve()
      .then(() => create().run({ update, problem }, signal))
      .catch((error: unknown) => problem((error as Error).message));
    return own;
  };

  return {
    apply(discoverers) {
      const next = new Map<string, Running>();
      for (const discoverer of discoverers) {
        const { settings } = discoverer;
        if (!next.has(settings)) next.set(settings, running.get(settings) ?? start(discoverer));
      }
      const ended = [...running].filter(([settings]) => !next.has(settings)).map(([, one]) => one);
      for (const { stopping } of ended) stopping.abort();
      const found = [...leaving, ...ended.flatMap(({ groups }) => [...groups.values()])];
      running = next;
      handover?.cancel();
      handover = undefined;
      leaving = hasAnswered() ? [] : found;
      if (leaving.length > 0) handover = clock.after(HANDOVER_MS, endHandover);
    },
    groups: () => [...leaving, ...[...running.values()].flatMap(({ groups }) => [...groups.values()])],
    states: () =>
      [...running.values()].map(({ mechanism, groups, lastUpdate, lastError }) => ({
        mechanism,
        groups: groups.size,
        targets: [...groups.values()].reduce((total, { targets }) => total + targets.length, 0),
        lastUpdate,
        lastError,
      })),
    hasAnswered,
    async stop() {
      handover?.cancel();
      for (const { stopping } of running.values()) stopping.abort();
      await Promise.all([...running.values()].map(({ ended }) => ended));
    },
  };
}

/** Puts new groups in the place of those with the same source; whether anything is different. A group that is equal stays the same object. */
function merge(known: Map<string, TargetGroup>, groups: readonly TargetGroup[]): boolean {
  let isChanged = false;
  for (const group of groups) {
    const before = known.get(group.source);
    if (group.targets.length === 0) isChanged = known.delete(group.source) || isChanged;
    else if (!before || !sameGroup(before, group)) {
      known.set(group.source, group);
      isChanged = true;
    }
  }
  return isChanged;
}
