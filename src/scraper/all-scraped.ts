import type { Clock } from '../clock.ts';
import type { ScrapeManager } from './manager.ts';

/** How often it is looked. */
const POLL_MS = 250;

/** Resolves when every target, discovered ones too, was scraped at least once; the rules stop waiting by themselves. */
export function allScraped(
  clock: Clock,
  scraper: Pick<ScrapeManager, 'targets' | 'hasDiscovered'>,
): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      const isScraped = (): boolean => scraper.targets().active.every(({ health }) => health !== 'unknown');
      if (scraper.hasDiscovered() && isScraped()) resolve();
      else clock.after(POLL_MS, look);
    };
    clock.after(POLL_MS, look);
  });
}
