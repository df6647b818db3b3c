import { useEffect, useRef, useState } from 'preact/hooks';
import type { DashboardSummary } from '../data/api-types.ts';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';

/** All dashboards by folder; new ones are dropped onto the page. */
export function Dashboards() {
  const { api, router, range } = useSession();
  const list = useResource((abort) => api.dashboards(abort), [], { live: false });
  const [search, setSearch] = useState('');
  const [problem, setProblem] = useState<string>();
  const [isOver, setIsOver] = useState(false);
  const picker = useRef<HTMLInputElement>(null);

  const importFiles = async (files: Iterable<File>): Promise<void> => {
    setProblem(undefined);
    for (const file of files) {
      try {
        await api.importDashboard(await file.text());
      } catch (error) {
        setProblem(`${file.name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    await list.refresh();
  };

  useEffect(() => {
    const over = (event: DragEvent): void => {
      event.preventDefault();
      setIsOver(true);
    };
    const leave = (): void => setIsOver(false);
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      setIsOver(false);
      void importFiles(event.dataTransfer?.files ?? []);
    };
    document.addEventListener('dragover', over);
    document.addEventListener('dragleave', leave);
    document.addEventListener('drop', drop);
    return () => {
      document.removeEventListener('dragover', over);
      document.removeEventListener('dragleave', leave);
      document.removeEventListener('drop', drop);
    };
  }, []);

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
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
        <button type="button" class="button page-action" onClick={() => picker.current?.click()}>
          Import JSON
        </button>
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
      {problem !== undefined && (
        <p class="error-note" role="alert">
          {problem}
        </p>
      )}
      <View resource={list} what="The dashboards" skeleton={<Skeleton rows={5} height={40} />}>
        {(all) =>
          all.length === 0 ? (
            <Empty title="No dashboards yet." code={'dashboards:\n  - dashboards/*.json'}>
              Drop a Grafana dashboard’s JSON file onto this page, or name files in belfry.yaml:
            </Empty>
          ) : (
            <Folders
              all={all}
              search={search}
              hrefOf={(d) =>
                router.href(`/d/${encodeURIComponent(d.uid)}/${slugOf(d.title)}${range.carry.value}`)
              }
            />
          )
        }
      </View>
    </div>
  );
}

interface FoldersProps {
  readonly all: readonly DashboardSummary[];
  readonly search: string;
  hrefOf(dashboard: DashboardSummary): string;
}

function Folders({ all, search, hrefOf }: FoldersProps) {
  const wanted = search.trim().toLowerCase();
  const shown = all.filter((d) => [d.title, d.folder, ...d.tags].join(' ').toLowerCase().includes(wanted));
  if (shown.length === 0) return <Empty title={`No dashboard matches “${search}”.`} />;
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
                <li key={dashboard.uid}>
                  <a href={hrefOf(dashboard)}>{dashboard.title}</a>
                  <span class="chips">
                    {dashboard.tags.map((tag) => (
                      <span class="chip" key={tag}>
                        {tag}
                      </span>
                    ))}
                  </span>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </>
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
