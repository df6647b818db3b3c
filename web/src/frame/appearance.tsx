import { useRef, useState } from 'preact/hooks';
import type { ThemeChoice } from '../nav/theme.ts';
import { useDismiss } from '../parts/dismiss.ts';
import { Icon, type IconName } from '../parts/icons.tsx';
import { useSession } from '../session.ts';

const THEME_ICON: Readonly<Record<ThemeChoice, IconName>> = { auto: 'auto', light: 'sun', dark: 'moon' };
const THEME_NAME: Readonly<Record<ThemeChoice, string>> = {
  auto: 'As the system',
  light: 'Light',
  dark: 'Dark',
};

/** How the page looks in this browser: theme and colours. */
export function Appearance() {
  const { theme, router } = useSession();
  const [isOpen, setIsOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  useDismiss(root, isOpen, () => setIsOpen(false));
  const choice = theme.choice.value;
  const isSafe = theme.isColorBlind.value;
  return (
    <div class="popover-root" ref={root}>
      <button
        type="button"
        class="icon-button"
        title="Appearance"
        aria-label={`Appearance: ${THEME_NAME[choice].toLowerCase()}`}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        <Icon name={THEME_ICON[choice]} />
      </button>
      {isOpen && (
        <div class="popover appearance" role="dialog" aria-label="Appearance">
          <div class="field">
            <span id="theme-label">Theme</span>
            <fieldset class="segments" aria-labelledby="theme-label">
              {(['auto', 'light', 'dark'] as const).map((option) => (
                <button
                  key={option}
                  type="button"
                  class="segment"
                  aria-pressed={choice === option}
                  onClick={() => theme.choose(option)}
                >
                  {THEME_NAME[option]}
                </button>
              ))}
            </fieldset>
          </div>
          <div class="field">
            <span id="colors-label">Colours</span>
            <fieldset class="segments" aria-labelledby="colors-label">
              <button
                type="button"
                class="segment"
                aria-pressed={!isSafe}
                onClick={() => theme.setColorBlind(false)}
              >
                Usual
              </button>
              <button
                type="button"
                class="segment"
                aria-pressed={isSafe}
                title="Red and green need not be told apart"
                onClick={() => theme.setColorBlind(true)}
              >
                Colour-blind safe
              </button>
            </fieldset>
          </div>
          <button
            type="button"
            class="menu-item"
            onClick={() => {
              setIsOpen(false);
              router.setQuery({ kiosk: '' }, { replace: true });
            }}
          >
            <span>Only the content, as for a wall</span> <kbd>k</kbd>
          </button>
        </div>
      )}
    </div>
  );
}
