import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { DashboardModel, PanelModel } from '../../../src/dashboards/model.ts';
import type { DashboardSummary } from '../data/api-types.ts';
import { Icon } from '../parts/icons.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';

/** What became of one dashboard that was handed over. */
interface Imported {
  readonly name: string;
  /** Why it was refused. */
  readonly problem?: string;
  readonly model?: DashboardModel;
}

const LOOK_EVERY_MS = 1500;

/** All dashboards by folder; new ones are dropped onto the page, picked, or pasted. */
export function Dashboards() {
  const { api, router, range, clock } = useSession();
  const list = useResource((abort) => api.dashboards(abort), [], { live: false });
  const query = router.query.value;
  const search = query.get('search') ?? '';
  const tags = query.getAll('tag');
  const [imported, setImported] = useState<readonly Imported[]>([]);
  const [isOver, setIsOver] = useState(false);
  const [isPasting, setIsPasting] = useState(false);
  const picker = useRef<HTMLInputElement>(null);

  const importTexts = async (texts: readonly { name: string; text: string }[]): Promise<void> => {
    const done: Imported[] = [];
    for (const { name, text } of texts) {
      try {
        const uid = await api.importDashboard(text);
        const answer = await api.dashboard<DashboardModel>(uid, undefined);
        done.push({ name, ...(answer ? { model: answer.model } : {}) });
      } catch (error) {
        done.push({ name, problem: error instanceof Error ? error.message : String(error) });
      }
    }
    setImported(done);
    await list.refresh();
  };
  const importFiles = async (files: Iterable<File>): Promise<void> =>
    importTexts(
      await Promise.all([...files].map(async (file) => ({ name: file.name, text: await file.text() }))),
    );

  useEffect(() => clock.every(LOOK_EVERY_MS, () => void (isSeen() && list.refresh())), []);
  useEffect(() => {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      setIsOver(true);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setIsOver(false);
    };
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      setIsOver(false);
      void importFiles(event.dataTransfer?.files ?? []);
    };
    const paste = (event: ClipboardEvent): void => {
      const target = event.target;
      if (target instanceof HTMLElement && /^(INPUT|TEXTAREA)$/.test(target.tagName)) return;
      const text = event.clipboardData?.getData('text') ?? '';
      if (text.trim().startsWith('{')) void importTexts([{ name: 'What was pasted', text }]);
    };
    document.addEventListener('dragover', over);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    document.addEventListener('paste', paste);
    return () => {
      document.removeEventListener('dragover', over);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
      document.removeEventListener('paste', paste);
    };
  }, []);

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
      {imported.length > 0 && <ImportReport imported={imported} onClose={() => setImported([])} />}
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

const isSeen = (): boolean => document.visibilityState === 'visible';

/** What was taken in, and what of each panel is not drawn as its author wrote it. */
function ImportReport({ imported, onClose }: { readonly imported: readonly Imported[]; onClose(): void }) {
  const { router } = useSession();
  return (
    <section class="import-report" aria-live="polite" aria-label="Imported">
      <button type="button" class="icon-button is-small" aria-label="Close the report" onClick={onClose}>
        <Icon name="close" />
      </button>
      {imported.map(({ name, problem, model }) => {
        if (!model) {
          return (
            <p key={name} class="error-note" role="alert">
              {name}: {problem ?? 'it could not be read back'}
            </p>
          );
        }
        const panels = allPanels(model.panels);
        const noted = panels.filter((panel) => panel.warnings !== undefined);
        return (
          <div key={name}>
            <p>
              <a href={router.href(`/d/${encodeURIComponent(model.uid)}/${slugOf(model.title)}`)}>
                <strong>{model.title}</strong>
              </a>{' '}
              is here: {panels.length} panels
              {noted.length === 0 ? ', all as authored.' : `, ${noted.length} with a note:`}
            </p>
            {noted.length > 0 && (
              <ul class="import-notes">
                {noted.map((panel) => (
                  <li key={panel.id}>
                    <strong>{panel.title || panel.type}</strong>: {panel.warnings?.join(' ')}
                  </li>
                ))}
              </ul>
            )}
            {model.warnings.map((warning) => (
              <p key={warning} class="note">
                {warning}
              </p>
            ))}
          </div>
        );
      })}
    </section>
  );
}

/** Without rows, but with what is in them. */
const allPanels = (panels: readonly PanelModel[]): PanelModel[] =>
  panels.flatMap((panel) => (panel.type === 'row' ? allPanels(panel.panels ?? []) : [panel]));

function PasteDialog({ onPaste, onClose }: { onPaste(text: string): void; onClose(): void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState('');
  useLayoutEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog class="dialog" ref={dialog} aria-labelledby="paste-title" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onPaste(text);
          dialog.current?.close();
        }}
      >
        <h2 id="paste-title">Paste a dashboard</h2>
        <label class="field">
          <span>JSON as Grafana exports it</span>
          <textarea
            class="input mono"
            rows={12}
            spellcheck={false}
            value={text}
            placeholder={'{ "title": "…", "panels": [ … ] }'}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="button is-primary" disabled={text.trim() === ''}>
            Import
          </button>
        </div>
      </form>
    </dialog>
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
  const [isAsking, setIsAsking] = useState(false);
  const [problem, setProblem] = useState<string>();
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
        {problem !== undefined && <span class="text-firing">{problem}</span>}
        <a
          class="button is-quiet is-small"
          href={router.href(`/api/dashboards/${encodeURIComponent(dashboard.uid)}/json`)}
          download={`${dashboard.uid}.json`}
        >
          Export
        </a>
        {dashboard.origin === 'import' && (
          <button
            type="button"
            class="button is-quiet is-small"
            onBlur={() => setIsAsking(false)}
            onClick={() => {
              if (!isAsking) return setIsAsking(true);
              onRemove().catch((error: Error) => setProblem(error.message));
            }}
          >
            {isAsking ? 'Really remove' : 'Remove'}
          </button>
        )}
      </span>
    </li>
  );
}

/** The last part of a Grafana-style link; for people only, the uid finds the dashboard. */
export function slugOf(title: string): string {
  const slug = title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return encodeURIComponent(slug === '' ? 'dashboard' : slug);
}
