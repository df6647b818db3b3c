import { useEffect } from 'preact/hooks';
import type { PageClock } from '../clock.ts';
import { useSession } from '../session.ts';

/** How long panels may take until what is there is printed, and how often it is looked. */
const PATIENCE_MS = 20_000;
const LOOK_EVERY_MS = 100;

/**
 * Prints all of a dashboard: panels out of view ask for their data first, and everything is laid out for the sheet, in light colours.
 * The browser's own command comes too late for that, so that its key is taken over.
 */
export function usePrinting(): void {
  const { theme, clock } = useSession();
  useEffect(() => {
    const print = async (event: KeyboardEvent): Promise<void> => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key !== 'p') return;
      if (!document.querySelector('.dash-panel')) return;
      event.preventDefault();
      theme.setPaper(true);
      await untilDrawn(clock);
      window.print();
      theme.setPaper(false);
    };
    const listen = (event: KeyboardEvent): void => void print(event);
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

/** No panel waits for data, and the charts have been drawn since. */
function untilDrawn(clock: PageClock): Promise<void> {
  const began = clock.now();
  let calm = 0;
  return new Promise((resolve) => {
    const stop = clock.every(LOOK_EVERY_MS, () => {
      calm = document.querySelector('.dash-panel .skeleton, .dash-panel .panel-body:empty') ? 0 : calm + 1;
      if (calm < 4 && clock.now() - began < PATIENCE_MS) return;
      stop();
      resolve();
    });
  });
}
