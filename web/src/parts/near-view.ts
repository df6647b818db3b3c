import { useLayoutEffect, useState } from 'preact/hooks';
import { useSession } from '../session.ts';

/**
 * Whether an element is in the view or less than a screen's half away from it. The first look is taken before the first paint: an
 * observer would tell only a frame later, and what is asked then would be a request of its own.
 */
export function useNearView(root: { readonly current: HTMLElement | null }): boolean {
  const { viewWatch } = useSession();
  const [isNear, setIsNear] = useState(false);
  useLayoutEffect(() => {
    const element = root.current;
    if (!element) return;
    const { top, bottom } = element.getBoundingClientRect();
    const reach = window.innerHeight / 2;
    setIsNear(bottom > -reach && top < window.innerHeight + reach);
    return viewWatch.observe(element, setIsNear);
  }, []);
  return isNear;
}
