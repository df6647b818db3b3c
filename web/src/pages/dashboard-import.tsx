import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { DashboardModel, PanelModel } from '../../../src/dashboards/model.ts';
import { problemText } from '../data/problem.ts';
import { Icon } from '../parts/icons.tsx';
import { useSession } from '../session.ts';
import { slugOf } from './slug.ts';

/** What became of one dashboard that was handed over. */
interface Imported {
  readonly name: string;
  /** Why it was refused. */
  readonly problem?: string;
  readonly model?: DashboardModel;
}

interface Imports {
  /** What the last import came to. */
  readonly imported: readonly Imported[];
  forget(): void;
  importTexts(texts: readonly { readonly name: string; readonly text: string }[]): Promise<void>;
  importFiles(files: Iterable<File>): Promise<void>;
  /** Something is held over the page, to be dropped. */
  readonly isOver: boolean;
}

/** Takes in dashboards that are handed over, also those dropped onto the page or pasted into it. @param refresh called when they are there */
export function useImports(refresh: () => Promise<unknown>): Imports {
  const { api } = useSession();
  const [imported, setImported] = useState<readonly Imported[]>([]);
  const [isOver, setIsOver] = useState(false);

  const importTexts = async (texts: readonly { name: string; text: string }[]): Promise<void> => {
    const done: Imported[] = [];
    for (const { name, text } of texts) {
      try {
        const uid = await api.importDashboard(text);
        const answer = await api.dashboard<DashboardModel>(uid, undefined);
        done.push({ name, ...(answer ? { model: answer.model } : {}) });
      } catch (error) {
        done.push({ name, problem: problemText(error) });
      }
    }
    setImported(done);
    await refresh();
  };
  const importFiles = async (files: Iterable<File>): Promise<void> =>
    importTexts(
      await Promise.all([...files].map(async (file) => ({ name: file.name, text: await file.text() }))),
    );

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

  return { imported, forget: () => setImported([]), importTexts, importFiles, isOver };
}

/** What was taken in, and what of each panel is not drawn as its author wrote it. */
export function ImportReport({
  imported,
  onClose,
}: {
  readonly imported: readonly Imported[];
  onClose(): void;
}) {
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

export function PasteDialog({ onPaste, onClose }: { onPaste(text: string): void; onClose(): void }) {
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
