import { useRef, useState } from 'preact/hooks';
import type { DashboardSummary } from '../data/api-types.ts';
import { type ExprPanel, grafanaPanel, panelJson, withPanel } from '../data/explore-panels.ts';
import { problemText } from '../data/problem.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { useDismiss } from '../parts/dismiss.ts';
import { useSession } from '../session.ts';

type Shown = Pick<ExprPanel, 'expr' | 'tab' | 'display'>;

/** Puts what is shown onto a dashboard of the data directory, onto a new one, or into the clipboard as Grafana's JSON. */
export function AddToDashboard({ panel }: { readonly panel: Shown }) {
  const { api, router, range } = useSession();
  const root = useRef<HTMLSpanElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const [list, setList] = useState<readonly DashboardSummary[]>();
  const [title, setTitle] = useState('');
  const [done, setDone] = useState<{ readonly uid: string; readonly title: string }>();
  const [problem, setProblem] = useState<string>();
  useDismiss(root, isOpen, () => setIsOpen(false));
  const saying = async (act: () => Promise<void>): Promise<void> => {
    setProblem(undefined);
    try {
      await act();
    } catch (error) {
      setProblem(problemText(error));
    }
  };
  const open = (): void => {
    setIsOpen(!isOpen);
    setDone(undefined);
    if (!isOpen)
      void saying(async () => setList((await api.dashboards()).filter(({ origin }) => origin === 'import')));
  };
  const add = (source: () => Promise<string>, name: string): Promise<void> =>
    saying(async () => {
      const uid = await api.importDashboard(withPanel(await source(), grafanaPanel(panel), name));
      setDone({ uid, title: name });
    });
  return (
    <span class="popover-root" ref={root}>
      <button type="button" class="button is-small" aria-expanded={isOpen} onClick={open}>
        Add to dashboard
      </button>
      {isOpen && (
        <div class="popover add-popover">
          {done ? (
            <p role="status">
              Added to{' '}
              <a
                class="link-button"
                href={router.href(`/d/${encodeURIComponent(done.uid)}/x${range.carry.value}`)}
              >
                {done.title}
              </a>
            </p>
          ) : (
            <>
              {list?.map((one) => (
                <button
                  key={one.uid}
                  type="button"
                  class="menu-item"
                  onClick={() => void add(() => api.dashboardSource(one.uid), one.title)}
                >
                  {one.title}
                </button>
              ))}
              <form
                class="add-form"
                onSubmit={(event) => {
                  event.preventDefault();
                  if (title.trim() !== '') void add(async () => '{}', title.trim());
                }}
              >
                <input
                  class="input"
                  aria-label="Title of a new dashboard"
                  placeholder="A new dashboard"
                  value={title}
                  onInput={(event) => setTitle(event.currentTarget.value)}
                />
                <button type="submit" class="button" disabled={title.trim() === ''}>
                  Make
                </button>
              </form>
              <span class="add-copy">
                <span class="dim">Into one of your files</span>
                <CopyButton text={() => panelJson(panel)} label="Copy as panel" />
              </span>
            </>
          )}
          {problem !== undefined && (
            <p class="text-firing" role="alert">
              {problem}
            </p>
          )}
        </div>
      )}
    </span>
  );
}
