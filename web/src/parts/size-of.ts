import { useEffect, useState } from 'preact/hooks';

/** The size of an element, kept up to date; zero until it is known. Pixels. `key` changes when the element may be another. */
export function useSize(
  root: { readonly current: HTMLElement | null },
  key?: unknown,
): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    const element = root.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      setSize({ width: element.clientWidth, height: element.clientHeight });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [root.current === null, key]);
  return size;
}
