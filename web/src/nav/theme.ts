import { computed, type ReadonlySignal, signal } from '@preact/signals';
import type { ShownTheme } from '../chart/palette.ts';

export type ThemeChoice = 'auto' | 'light' | 'dark';

export interface Theme {
  readonly choice: ReadonlySignal<ThemeChoice>;
  /** What is shown now, the system asked where the choice is `auto`. */
  readonly shown: ReadonlySignal<ShownTheme>;
  choose(theme: ThemeChoice): void;
  /** Colours that do not need red and green to be told apart. */
  readonly isColorBlind: ReadonlySignal<boolean>;
  setColorBlind(isColorBlind: boolean): void;
  /** Whether the page is laid out for a sheet of paper, always in light colours. */
  readonly isPaper: ReadonlySignal<boolean>;
  setPaper(isPaper: boolean): void;
}

const KEY = 'belfry.theme';
const PALETTE_KEY = 'belfry.palette';

/** Keeps the chosen theme and colours in the browser; public/start.js applies it before the first paint. */
export function createTheme(window: Window): Theme {
  const root = window.document.documentElement;
  const stored = root.dataset.theme;
  const choice = signal<ThemeChoice>(stored === 'light' || stored === 'dark' ? stored : 'auto');
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const systemIsDark = signal(system.matches);
  system.addEventListener('change', (event) => {
    systemIsDark.value = event.matches;
  });
  const isColorBlind = signal(root.dataset.palette === 'safe');
  const isPaper = signal(false);
  const store = (key: string, value: string | undefined): void => {
    try {
      if (value === undefined) window.localStorage.removeItem(key);
      else window.localStorage.setItem(key, value);
    } catch {
      // Storage is switched off: the choice lasts as long as the page.
    }
  };
  return {
    choice,
    isPaper,
    setPaper(next) {
      isPaper.value = next;
      if (next) root.dataset.paper = '';
      else delete root.dataset.paper;
    },
    isColorBlind,
    setColorBlind(next) {
      isColorBlind.value = next;
      if (next) root.dataset.palette = 'safe';
      else delete root.dataset.palette;
      store(PALETTE_KEY, next ? 'safe' : undefined);
    },
    shown: computed((): ShownTheme => {
      const chosen = choice.value === 'auto' ? (systemIsDark.value ? 'dark' : 'light') : choice.value;
      const light = isPaper.value ? 'light' : chosen;
      return isColorBlind.value ? `${light}-safe` : light;
    }),
    choose(theme) {
      choice.value = theme;
      if (theme === 'auto') delete root.dataset.theme;
      else root.dataset.theme = theme;
      store(KEY, theme === 'auto' ? undefined : theme);
    },
  };
}
