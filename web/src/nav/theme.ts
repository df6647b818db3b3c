import { computed, type ReadonlySignal, signal } from '@preact/signals';

export type ThemeChoice = 'auto' | 'light' | 'dark';

export interface Theme {
  readonly choice: ReadonlySignal<ThemeChoice>;
  /** What is shown now, the system asked where the choice is `auto`. */
  readonly shown: ReadonlySignal<'light' | 'dark'>;
  choose(theme: ThemeChoice): void;
}

const KEY = 'belfry.theme';

/** Keeps the chosen theme in the browser; public/theme.js applies it before the first paint. */
export function createTheme(window: Window): Theme {
  const root = window.document.documentElement;
  const stored = root.dataset.theme;
  const choice = signal<ThemeChoice>(stored === 'light' || stored === 'dark' ? stored : 'auto');
  const system = window.matchMedia('(prefers-color-scheme: dark)');
  const systemIsDark = signal(system.matches);
  system.addEventListener('change', (event) => {
    systemIsDark.value = event.matches;
  });
  return {
    choice,
    shown: computed(() => (choice.value === 'auto' ? (systemIsDark.value ? 'dark' : 'light') : choice.value)),
    choose(theme) {
      choice.value = theme;
      if (theme === 'auto') delete root.dataset.theme;
      else root.dataset.theme = theme;
      try {
        if (theme === 'auto') window.localStorage.removeItem(KEY);
        else window.localStorage.setItem(KEY, theme);
      } catch {
        // Storage is switched off: the choice lasts as long as the page.
      }
    },
  };
}
