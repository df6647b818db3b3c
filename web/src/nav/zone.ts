import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { Zone } from '../format/time.ts';

export interface ZoneStore {
  /** By which clock times are written now: what the reader chose, else what the dashboard says, else the browser's. */
  readonly shown: ReadonlySignal<Zone>;
  choose(zone: Zone): void;
  /** What a view wants while the reader chose nothing. */
  setDefault(zone: Zone | undefined): void;
}

const KEY = 'belfry.zone';

/** Keeps the chosen clock in the browser. */
export function createZone(window: Window): ZoneStore {
  const stored = readStored(window);
  const chosen = signal<Zone | undefined>(stored);
  const wanted = signal<Zone | undefined>(undefined);
  return {
    shown: computed(() => chosen.value ?? wanted.value ?? 'local'),
    choose(zone) {
      chosen.value = zone;
      try {
        window.localStorage.setItem(KEY, zone);
      } catch {
        // Storage is switched off: the choice lasts as long as the page.
      }
    },
    setDefault(zone) {
      wanted.value = zone;
    },
  };
}

function readStored(window: Window): Zone | undefined {
  try {
    const text = window.localStorage.getItem(KEY);
    return text === 'utc' || text === 'local' ? text : undefined;
  } catch {
    return undefined;
  }
}
