import type { FakeClock } from '../../testing/fake-clock.ts';
import type { Discoverer, LabelRecord, TargetGroup } from './discoverer.ts';

/** A discoverer at work, and what it has said so far. */
export interface RunningDiscoverer extends AsyncDisposable {
  /** Groups by source, as they are by now. */
  readonly groups: ReadonlyMap<string, TargetGroup>;
  /** Labels of all targets with those of their groups, empty ones left out. */
  targets(): LabelRecord[];
  addresses(): string[];
  readonly updates: (readonly TargetGroup[])[];
  /** Problems in turn, `ok` for their end; what repeats is there once. */
  readonly problems: string[];
  /** Lets sockets and files do their work, while the clock stands still, until something holds. */
  until(holds: () => boolean): Promise<void>;
}

export function runDiscoverer(discoverer: Discoverer): RunningDiscoverer {
  const groups = new Map<string, TargetGroup>();
  const updates: (readonly TargetGroup[])[] = [];
  const problems: string[] = [];
  const stopping = new AbortController();
  const ended = discoverer.run(
    {
      update(changed) {
        updates.push(changed);
        for (const group of changed) {
          if (group.targets.length > 0) groups.set(group.source, group);
          else groups.delete(group.source);
        }
      },
      problem(what) {
        const said = what ?? 'ok';
        if (problems.at(-1) !== said && !(said === 'ok' && problems.length === 0)) problems.push(said);
      },
    },
    stopping.signal,
  );
  const targets = (): LabelRecord[] =>
    [...groups.values()].flatMap((group) =>
      group.targets.map((target) =>
        Object.fromEntries(
          Object.entries({ ...group.labels, ...target }).filter(([, value]) => value !== ''),
        ),
      ),
    );
  return {
    groups,
    updates,
    problems,
    targets,
    addresses: () => targets().map(({ __address__ }) => __address__!),
    until,
    async [Symbol.asyncDispose]() {
      stopping.abort(new Error('stopped'));
      await ended;
    },
  };
}

export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(setImmediate);
}

/** Moves the clock in steps until something holds that needs both time and real sockets or files. */
export async function advanceUntil(clock: FakeClock, step: string, holds: () => boolean): Promise<void> {
  while (!holds()) {
    await clock.advance(step);
    await new Promise(setImmediate);
  }
}
