import { type ReadonlySignal, signal } from '@preact/signals';

/** How series are told apart. */
export interface Accent {
  /** Few hues, told apart by lightness. */
  readonly isColorBlind: ReadonlySignal<boolean>;
  choose(isColorBlind: boolean): void;
}

const KEY = 'belfry.palette';

/** Keeps the chosen palette in the browser. */
export function createAccent(window: Window): Accent {
  const isColorBlind = signal(readStored(window));
  return {
    isColorBlind,
    choose(next) {
      isColorBlind.value = next;
      try {
        window.localStorage.setItem(KEY, next ? 'safe' : 'usual');
      } catch {
        // Storage is switched off: the choice lasts as long as the page.
      }
    },
  };
}

function readStored(window: Window): boolean {
  try {
    return window.localStorage.getItem(KEY) === 'safe';
  } catch {
    return false;
  }
}
