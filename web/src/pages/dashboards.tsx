import { useRef, useState } from 'preact/hooks';
import type { DashboardSummary } from '../data/api-types.ts';
import { ConfirmButton } from '../parts/confirm-button.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { ImportReport, PasteDialog, useImports } from './dashboard-import.tsx';
import { useFileWatch } from './file-watch.ts';
import { slugOf } from './slug.ts';

/** All dashboards by folder; new ones are dropped onto the page, picked, or pasted. */
export function Dashboards() {
  const { api, router, range } = useSession();
  const list = useResource((abort) => api.dashboards(abort), [], { live: false });
  const query = router.query.value;
  const search = query.get('search') ?? '';
  const tags = query.getAll('tag');
  const { imported, forget, importTexts, importFiles, isOver } = useImports(() => list.refresh());
  const [isPasting, setIsPasting] = useState(false);
  const picker = useRef<HTMLInputElement>(null);

  useFileWatch(list);

  const listed = [...found(list.data.value ?? [], search, tags)].sort((a, b) =>
    a.title.localeCompare(b.title),
  );
  const setTags = (next: readonly string[]): void => {
    const changed = new URLSearchParams(query);
    changed.delete('tag');
    for (const tag of next) changed.append('tag', tag);
    router.go(`/dashboards${changed.size === 0 ? '' : `?${changed}`}`, { replace: true });
  };
  const toggleTag = (tag: string): void =>
    setTags(tags.includes(tag) ? tags.filter((other) => other !== tag) : [...tags, tag]);

  return (
    <div class={isOver ? 'page is-drop-target' : 'page'}>
      <div class="page-head">
        <h1 class="page-title">Dashboards</h1>
        <input
          class="input search-input"
          type="search"
          aria-label="Filter dashboards"
          placeholder="Filter by title, tag or folder"
          value={search}
          onInput={(event) =>
            router.setQuery({ search: event.currentTarget.value || undefined }, { replace: true })
          }
        />
        {tags.map((tag) => (
          <button key={tag} type="button" class="button is-small" onClick={() => toggleTag(tag)}>
            {tag} ×
          </button>
        ))}
        <span class="page-actions">
          {listed.length > 1 && (
            <button
              type="button"
              class="button"
              title="Shows the dashboards of this list in turn, without the bars, each for 30 s"
              onClick={() => router.go(rotationAddress(listed.map(({ uid }) => uid)))}
            >
              Show in turn
            </button>
          )}
          <button type="button" class="button" onClick={() => setIsPasting(true)}>
            Paste JSON
          </button>
          <button type="button" class="button" onClick={() => picker.current?.click()}>
            Import files
          </button>
        </span>
        <input
          ref={picker}
          type="file"
          accept=".json,application/json"
          multiple
          hidden
          aria-label="Dashboard files"
          onChange={(event) => void importFiles(event.currentTarget.files ?? [])}
        />
      </div>
      {imported.length > 0 && <ImportReport imported={imported} onClose={forget} />}
      <View resource={list} what="The dashboards" skeleton={<Skeleton rows={5} height={40} />}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No dashboards yet." code={'dashboards:\n  - dashboards/*.json'}>
              Drop a Grafana dashboard’s JSON file onto this page, paste one, or name files in belfry.yaml:
            </Empty>
          ) : (
            <Folders
              all={all}
              search={search}
              tags={tags}
              hrefOf={(d) =>
                router.href(`/d/${encodeURIComponent(d.uid)}/${slugOf(d.title)}${range.carry.value}`)
              }
              onTag={toggleTag}
              onRemove={async (d) => {
                await api.removeDashboard(d.uid);
                await list.refresh();
              }}
            />
          )
        }
      </View>
      {isPasting && (
        <PasteDialog
          onClose={() => setIsPasting(false)}
          onPaste={(text) => void importTexts([{ name: 'What was pasted', text }])}
        />
      )}
    </div>
  );
}

interface FoldersProps {
  readonly all: readonly DashboardSummary[];
  readonly search: string;
  readonly tags: readonly string[];
  hrefOf(dashboard: DashboardSummary): string;
  onTag(tag: string): void;
  onRemove(dashboard: DashboardSummary): Promise<void>;
}

/** Those with all of the tags and with the words in title, folder or tags. */
function found(
  all: readonly DashboardSummary[],
  search: string,
  tags: readonly string[],
): readonly DashboardSummary[] {
  const wanted = search.trim().toLowerCase();
  return all.filter(
    (d) =>
      tags.every((tag) => d.tags.includes(tag)) &&
      [d.title, d.folder, ...d.tags].join(' ').toLowerCase().includes(wanted),
  );
}

/** The first of these dashboards, as the start of a rotation on a wall. */
function rotationAddress(uids: readonly string[]): string {
  const query = new URLSearchParams({ kiosk: '', rotate: '30s', boards: uids.join(',') });
  return `/d/${encodeURIComponent(uids[0]!)}/?${query}`;
}

function Folders({ all, search, tags, hrefOf, onTag, onRemove }: FoldersProps) {
  const shown = found(all, search, tags);
  if (shown.length === 0)
    return <Empty title={`No dashboard matches “${[search, ...tags].join(' ').trim()}”.`} />;
  const folders = [...Map.groupBy(shown, (dashboard) => dashboard.folder)].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return (
    <>
      {folders.map(([folder, members]) => (
        <section key={folder}>
          {(folder !== '' || folders.length > 1) && (
            <h2 class="section-title">{folder === '' ? 'No folder' : folder}</h2>
          )}
          <ul class="dashboard-list">
            {[...members]
              .sort((a, b) => a.title.localeCompare(b.title))
              .map((dashboard) => (
                <DashboardItem
                  key={dashboard.uid}
                  dashboard={dashboard}
                  href={hrefOf(dashboard)}
                  onTag={onTag}
                  onRemove={() => onRemove(dashboard)}
                />
              ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function DashboardItem({
  dashboard,
  href,
  onTag,
  onRemove,
}: {
  readonly dashboard: DashboardSummary;
  readonly href: string;
  onTag(tag: string): void;
  onRemove(): Promise<void>;
}) {
  const { router } = useSession();
  return (
    <li>
      <span class="dashboard-what">
        <a class="dashboard-title" href={href}>
          {dashboard.title}
        </a>
        <span class="chips">
          {dashboard.tags.map((tag) => (
            <button
              key={tag}
              type="button"
              class="chip"
              title={`Only with the tag ${tag}`}
              onClick={() => onTag(tag)}
            >
              {tag}
            </button>
          ))}
        </span>
      </span>
      <span class="dashboard-actions">
        <a
          class="button is-quiet is-small"
          href={router.href(`/api/dashboards/${encodeURIComponent(dashboard.uid)}/json`)}
          download={`${dashboard.uid}.json`}
        >
          Export
        </a>
        {dashboard.origin === 'import' && (
          <ConfirmButton
            label="Remove"
            question="Really remove"
            class="button is-quiet is-small"
            onConfirm={onRemove}
          />
        )}
      </span>
    </li>
  );
}
