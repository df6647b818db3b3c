import { useEffect, useState } from 'preact/hooks';

/** Up to here pages are one column, as the style has it, pixels. */
const ONE_COLUMN = 640;

/** Whether the window is no wider than this, or no wider than a phone's. */
export function useIsNarrow(upTo = ONE_COLUMN): boolean {
  const narrow = `(max-width: ${upTo}px)`;
  const [isNarrow, setIsNarrow] = useState(() => matchMedia(narrow).matches);
  useEffect(() => {
    const query = matchMedia(narrow);
    const change = (): void => setIsNarrow(query.matches);
    change();
    query.addEventListener('change', change);
    return () => query.removeEventListener('change', change);
  }, [narrow]);
  return isNarrow;
}
