import type { Clock } from '../../../clock.ts';
import type { TargetGroup } from '../discoverer.ts';

/** Work on groups before others run. */
const SLICE_MS = 5;

/** Makes groups that changed, in slices, and tells together what belongs together. */
export interface GroupTeller {
  /** Something has changed: what comes of it is told in a moment. */
  tell(): void;
  /** Rejects when a group cannot be made. */
  readonly broken: Promise<never>;
}

/** @param deps.changes the groups to be made anew, each made when it is its turn */
export function groupTeller(deps: {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly signal: AbortSignal;
  readonly changes: () => Iterable<TargetGroup>;
  readonly update: (groups: readonly TargetGroup[]) => void;
}): GroupTeller {
  const { clock, signal } = deps;
  const broken = Promise.withResolvers<never>();
  let isTelling = false;
  let isDue = false;

  const tellAll = async (): Promise<void> => {
    // What comes while others run may concern what was passed over before.
    while (isDue) {
      // Events come in bunches.
      await new Promise(setImmediate);
      isDue = false;
      const groups: TargetGroup[] = [];
      let sliceFrom = clock.monotonic();
      for (const group of deps.changes()) {
        groups.push(group);
        if (clock.monotonic() - sliceFrom < SLICE_MS) continue;
        await new Promise(setImmediate);
        if (signal.aborted) return;
        sliceFrom = clock.monotonic();
      }
      deps.update(groups);
    }
    isTelling = false;
  };

  return {
    tell() {
      isDue = true;
      if (isTelling) return;
      isTelling = true;
      tellAll().catch(broken.reject);
    },
    broken: broken.promise,
  };
}
