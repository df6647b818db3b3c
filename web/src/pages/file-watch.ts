import { useEffect } from 'preact/hooks';
import type { Resource } from '../data/resource.ts';
import { useSession } from '../session.ts';

const LOOK_EVERY_MS = 1500;

/** Dashboards whose files are edited show at once, while the page is seen; the server answers little while nothing changes. */
export function useFileWatch({ refresh }: Pick<Resource<unknown>, 'refresh'>): void {
  const { clock } = useSession();
  useEffect(
    () =>
      clock.every(LOOK_EVERY_MS, () => {
        if (document.visibilityState === 'visible') void refresh();
      }),
    [],
  );
}
