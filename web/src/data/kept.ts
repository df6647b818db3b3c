import { useRef } from 'preact/hooks';
import { isSame } from './same.ts';

/** The value given first, for as long as the next ones say the same: what is drawn of it need not be drawn again at every refresh. */
export function useKept<T>(value: T): T {
  const kept = useRef(value);
  if (!isSame(kept.current, value)) kept.current = value;
  return kept.current;
}
