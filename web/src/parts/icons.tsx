/** Icons are drawn here, 16 × 16, in the text's colour. They stand beside words or carry a label on their button. */
const PATHS = {
  home: 'M2.5 7.5 8 2.500l5.5 5M4 6.500V13.500h8V6.5',
  alerts: 'M8 2.5 14 13H2zM8 6.500v3M8 11.200v.3',
  targets: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 10.500a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  explore: 'M2 13.500h12M2.5 10.500l3.5-4 3 2.5 4.5-6',
  dashboards: 'M2.5 2.500h4.500v6H2.500zM9.5 2.500h4v3.500h-4zM9.5 8.500h4v5h-4zM2.5 11h4.500v2.500H2.500z',
  status: 'M2 8.500h3l2-5 2.5 9L11.5 8.500H14',
  refresh: 'M13.5 8A5.5 5.5 0 1 1 11.7 3.900M13.5 2v3h-3',
  undo: 'M5.5 3 2.5 6l3 3M2.5 6h7a4 4 0 0 1 0 8H6',
  sun: 'M8 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM8 1v1.500M8 13.500V15M1 8h1.500M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1',
  moon: 'M13.5 9.500A5.8 5.8 0 0 1 6.5 2.500a5.8 5.8 0 1 0 7 7z',
  auto: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 2v12',
  close: 'M3.5 3.500l9 9M12.5 3.500l-9 9',
  chevron: 'M4 6l4 4 4-4',
  right: 'M6 4l4 4-4 4',
  left: 'M10 4 6 8l4 4',
  zoomOut: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14M5 7h4',
  search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.7 10.7 14 14',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.500V8l2.5 1.5',
  silence: 'M3 3l10 10M6 4.500A3.5 3.5 0 0 1 11.5 7v2.500M4.5 6.500V10L3 12h8.500M7 14h2',
  expand: 'M9.5 2.500h4v4M13.5 2.500l-5 5M6.5 13.500h-4v-4M2.5 13.500l5-5',
  shrink: 'M13.5 6.500h-4v-4M9.5 6.500l5-5M2.5 9.500h4v4M6.5 9.500l-5 5',
  table: 'M2.5 3h11v10h-11zM2.5 6.500h11M2.5 9.700h11M6.5 6.500V13',
  link: 'M6.8 9.200a2.6 2.6 0 0 0 3.7 0l2.2-2.200a2.6 2.6 0 0 0-3.700-3.700l-.8.8M9.2 6.800a2.6 2.6 0 0 0-3.700 0L3.300 9a2.6 2.6 0 0 0 3.700 3.700l.8-.8',
  out: 'M9.5 2.500h4v4M13.5 2.500 7.500 8.500M11.5 9.500v4h-9v-9h4',
  filter: 'M2 3.500h12L9.5 9v4l-3 1.500V9z',
  user: 'M8 8a2.75 2.75 0 1 0 0-5.500 2.75 2.75 0 0 0 0 5.500zM2.5 13.500c.6-2.300 2.700-3.500 5.500-3.500s4.900 1.200 5.500 3.500',
  logOut: 'M6.5 2.500H3v11h3.500M10.500 5l3 3-3 3M13.500 8h-7',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.500v3.500M8 5v.2',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The bell: outlined when all is quiet, filled while something fires; it swings once when that begins. */
export function BellMark({ isRinging }: { readonly isRinging: boolean }) {
  return (
    <svg class={isRinging ? 'bell is-ringing' : 'bell'} viewBox="0 0 24 24" aria-hidden="true">
      <path
        class="bell-body"
        d="M12 3.200c-3.5 0-5.7 2.7-5.7 6.100v4.200L4.5 16.800h15l-1.8-3.300V9.300c0-3.4-2.2-6.1-5.7-6.100z"
      />
      <path class="bell-crown" d="M12 3.200V1.7" />
      <path class="bell-clapper" d="M9.8 19.500a2.25 2.25 0 0 0 4.4 0" />
    </svg>
  );
}
