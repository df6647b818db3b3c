import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { isDark } from '../chart/palette.ts';
import { shiftRange, widenRange } from '../nav/time-range.ts';
import { useSession } from '../session.ts';

/** Keys and what they do, as the help lists them; `g` begins a pair. */
const KEYS: readonly (readonly [keys: string, what: string])[] = [
  ['/', 'Search pages, dashboards and alerts'],
  ['g h', 'Home'],
  ['g a', 'Alerts'],
  ['g d', 'Dashboards'],
  ['g e', 'Explore'],
  ['g t', 'Targets'],
  ['g s', 'Status'],
  ['r', 'Refresh now'],
  ['t', 'Time range'],
  ['[  ]', 'Earlier, later by half'],
  ['z', 'Twice the range'],
  ['u', 'Back to the range before'],
  ['v', 'Full screen: the panel with the focus or under the pointer'],
  ['e', 'Explore that panel'],
  ['i', 'That panel as a table'],
  ['← →', 'From panel to panel, once one has the focus'],
  ['d', 'Next theme'],
  ['k', 'Only the content, as for a wall'],
  ['Ctrl P', 'Print: of a dashboard all panels, those out of view too'],
  ['?', 'This list'],
];

const PAGES: Readonly<Record<string, string>> = {
  h: '/',
  a: '/alerts',
  d: '/dashboards',
  e: '/graph',
  t: '/targets',
  s: '/status',
};
/** How long a pair may take. */
const PAIR_MS = 1200;

interface Actions {
  search(): void;
  help(): void;
}

/** Listens for the page's keys wherever nothing is being written. */
export function useKeys(actions: Actions): void {
  const { router, range, tick, theme, clock } = useSession();
  const began = useRef(0);
  useEffect(() => {
    const act = (key: string): boolean => {
      const isPair = clock.now() - began.current < PAIR_MS;
      began.current = 0;
      const page = isPair ? PAGES[key] : undefined;
      if (page !== undefined) {
        router.go(page + range.carry.value);
        return true;
      }
      switch (key) {
        case 'g':
          began.current = clock.now();
          return true;
        case '/':
          actions.search();
          return true;
        case '?':
          actions.help();
          return true;
        case 'r':
          tick.value++;
          return true;
        case 't':
          document.querySelector<HTMLElement>('.time-button')?.click();
          return true;
        case '[':
          range.set(shiftRange(range.text.value, -1, clock.now()));
          return true;
        case ']':
          range.set(shiftRange(range.text.value, 1, clock.now()));
          return true;
        case 'z':
          range.set(widenRange(range.text.value, clock.now()));
          return true;
        case 'u':
          range.undo();
          return true;
        case 'd':
          theme.choose(isDark(theme.shown.value) ? 'light' : 'dark');
          return true;
        case 'k':
          router.setQuery({ kiosk: router.query.value.has('kiosk') ? undefined : '' }, { replace: true });
          return true;
        default:
          return false;
      }
    };
    const listen = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isWriting(event) || document.querySelector('dialog[open]')) return;
      if (act(event.key)) event.preventDefault();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

/** Also within a shadow tree, where the event's target is its host. */
function isWriting(event: KeyboardEvent): boolean {
  const target = event.composedPath()[0];
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  );
}

/** All keys, in a dialog. */
export function KeyHelp({ onClose }: { onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog class="dialog" ref={dialog} aria-labelledby="keys-title" onClose={onClose}>
      <h2 id="keys-title">Keys</h2>
      <dl class="key-list">
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              {keys.split(/\s+/).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
    </dialog>
  );
}
