import { useEffect, useState } from 'preact/hooks';

/** Whether an element is in the view or less than a screen's half away from it. */
export function useNearView(root: { readonly current: HTMLElement | null }): boolean {
  const [isNear, setIsNear] = useState(false);
  useEffect(() => {
    const element = root.current;
    if (!element) return;
    const observer = new IntersectionObserver(
      (entries) => setIsNear(entries.at(-1)?.isIntersecting ?? false),
      {
        rootMargin: '50% 0px',
      },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return isNear;
}
