import { useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { alertRows, subjectOf } from '../data/alerts.ts';
import { type Place, searchPlaces } from '../data/palette-search.ts';
import { useAlerts, useResource, useSession } from '../session.ts';

const PAGES: readonly Place[] = [
  { kind: 'page', title: 'Home', note: '', to: '/' },
  { kind: 'page', title: 'Alerts', note: 'by rule', to: '/alerts' },
  { kind: 'page', title: 'Silences', note: '', to: '/alerts?show=silences' },
  { kind: 'page', title: 'Notifications', note: 'what was sent', to: '/alerts?show=sent' },
  { kind: 'page', title: 'Rules', note: 'groups, recording rules', to: '/alerts?show=groups' },
  { kind: 'page', title: 'Dashboards', note: '', to: '/dashboards' },
  { kind: 'page', title: 'Explore', note: 'expressions', to: '/graph' },
  { kind: 'page', title: 'Targets', note: 'what is scraped', to: '/targets' },
  { kind: 'page', title: 'Status', note: 'storage, configuration', to: '/status' },
];

/** A field over the page that finds pages, dashboards, alerts and targets by their words. */
export function SearchPalette({ onClose }: { onClose(): void }) {
  const { api, router } = useSession();
  const alerts = useAlerts();
  const targets = useResource((abort) => api.targets(abort), [], { live: false });
  const dashboards = useResource((abort) => api.dashboards(abort), [], { live: false });
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  // Before the next key, which is meant for it.
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const places = useMemo(
    (): readonly Place[] => [
      ...PAGES,
      ...alertRows(alerts.data.value ?? [], []).map(
        (row): Place => ({
          kind: 'alert',
          title: row.name,
          note: `${row.state} ${subjectOf(row.labels)}`,
          to: `/alerts/${row.id}`,
        }),
      ),
      ...(dashboards.data.value ?? []).map(
        (one): Place => ({
          kind: 'dashboard',
          title: one.title,
          note: one.tags.join(' '),
          to: `/d/${encodeURIComponent(one.uid)}/`,
        }),
      ),
      ...(targets.data.value ?? []).map(
        (one): Place => ({
          kind: 'target',
          title: one.labels.instance ?? one.scrapeUrl,
          note: one.labels.job ?? one.scrapePool,
          to: `/targets?job=${encodeURIComponent(one.labels.job ?? one.scrapePool)}`,
        }),
      ),
    ],
    [alerts.data.value, dashboards.data.value, targets.data.value],
  );
  const found = searchPlaces(places, text);
  const chosen = Math.min(at, found.length - 1);
  const go = (place: Place | undefined): void => {
    if (!place) return;
    dialog.current?.close();
    router.go(place.to);
  };
  return (
    <dialog class="dialog palette" ref={dialog} aria-label="Search" onClose={onClose}>
      <input
        class="input"
        type="text"
        role="combobox"
        aria-label="Search pages, dashboards, alerts and targets"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[chosen] ? `palette-${chosen}` : undefined}
        placeholder="Search pages, dashboards, alerts, targets"
        value={text}
        autofocus
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setAt(Math.min(found.length - 1, chosen + 1));
          else if (event.key === 'ArrowUp') setAt(Math.max(0, chosen - 1));
          else if (event.key === 'Enter') go(found[chosen]);
          else return;
          event.preventDefault();
        }}
      />
      <div id="palette-list" class="palette-list" role="listbox" aria-label="Found">
        {found.map((place, i) => (
          <button
            key={`${place.kind} ${place.to} ${place.title}`}
            id={`palette-${i}`}
            type="button"
            role="option"
            tabIndex={-1}
            class="menu-item"
            aria-selected={i === chosen}
            onClick={() => go(place)}
          >
            <span class="palette-title">{place.title}</span>
            <span class="dim">{place.note}</span>
            <span class="palette-kind">{place.kind}</span>
          </button>
        ))}
        {found.length === 0 && <p class="note">Nothing is called that.</p>}
      </div>
    </dialog>
  );
}
