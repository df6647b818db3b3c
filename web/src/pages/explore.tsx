import { useRef, useState } from 'preact/hooks';
import { type ExprPanel, panelQuery, panelsOf } from '../data/explore-panels.ts';
import { recentQueries, rememberQuery } from '../data/query-history.ts';
import { useDismiss } from '../parts/dismiss.ts';
import { Icon } from '../parts/icons.tsx';
import { Empty } from '../parts/view-state.tsx';
import { useSession } from '../session.ts';
import { Result } from './explore-result.tsx';
import { QueryEditor } from './query-editor.tsx';

const EXAMPLES = ['up', 'rate(node_cpu_seconds_total[5m])', 'node_memory_MemAvailable_bytes', 'ALERTS'];

/** Expressions as graphs and as tables. The whole of it is in the URL, spelled as upstream's query page does. */
export function Explore() {
  const { router } = useSession();
  const query = router.query.value;
  const panels = panelsOf(query);
  const write = (next: readonly ExprPanel[]): void => router.setQuery(panelQuery(query, next));
  const replace = (at: number, panel: ExprPanel): void =>
    write(panels.map((other, i) => (i === at ? panel : other)));
  return (
    <div class="page">
      <h1 class="sr-only">Explore</h1>
      {panels.map((panel, i) => (
        <ExprView
          key={i}
          panel={panel}
          isAlone={panels.length === 1}
          onChange={(next) => replace(i, next)}
          onRemove={() => write(panels.filter((_, other) => other !== i))}
        />
      ))}
      {panels.at(-1)?.expr !== '' && (
        <div>
          <button
            type="button"
            class="button"
            onClick={() => write([...panels, { expr: '', tab: panels.at(-1)!.tab, isTree: false }])}
          >
            Add an expression
          </button>
        </div>
      )}
    </div>
  );
}

interface ExprViewProps {
  readonly panel: ExprPanel;
  readonly isAlone: boolean;
  onChange(panel: ExprPanel): void;
  onRemove(): void;
}

function ExprView({ panel, isAlone, onChange, onRemove }: ExprViewProps) {
  const { tick } = useSession();
  const { expr, tab } = panel;
  const [draft, setDraft] = useState(expr);
  const shownExpr = useRef(expr);
  if (shownExpr.current !== expr) {
    shownExpr.current = expr;
    setDraft(expr);
  }
  const run = (text: string): void => {
    const wanted = text.trim();
    rememberQuery(() => localStorage, wanted);
    if (wanted === expr) tick.value++;
    else onChange({ ...panel, expr: wanted });
  };
  return (
    <section class="expr" aria-label={expr === '' ? 'New expression' : expr}>
      <form
        class="query-form"
        onSubmit={(event) => {
          event.preventDefault();
          run(draft);
        }}
      >
        <QueryEditor
          ran={expr}
          value={draft}
          label="PromQL expression"
          onChange={setDraft}
          onRun={() => run(draft)}
        />
        <span class="query-actions">
          <button type="submit" class="button is-primary" title="Enter runs, Shift-Enter makes a new line">
            Run
          </button>
          <QueryHistory onChoose={run} />
          {!isAlone && (
            <button
              type="button"
              class="icon-button"
              title="Remove this expression"
              aria-label="Remove this expression"
              onClick={onRemove}
            >
              <Icon name="close" />
            </button>
          )}
        </span>
      </form>
      {expr !== '' ? (
        <Result key={tab} panel={panel} onChange={onChange} />
      ) : (
        isAlone && (
          <Empty title="Write an expression, or start from one of these.">
            <span class="examples">
              {EXAMPLES.map((example) => (
                <button key={example} type="button" class="button is-small mono" onClick={() => run(example)}>
                  {example}
                </button>
              ))}
            </span>
          </Empty>
        )
      )}
    </section>
  );
}

/** Expressions run before, in this browser. */
function QueryHistory({ onChoose }: { onChoose(expr: string): void }) {
  const [isOpen, setIsOpen] = useState(false);
  const root = useRef<HTMLSpanElement>(null);
  useDismiss(root, isOpen, () => setIsOpen(false));
  const queries = isOpen ? recentQueries(() => localStorage) : [];
  return (
    <span class="query-history" ref={root}>
      <button
        type="button"
        class="button"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(!isOpen)}
      >
        <Icon name="clock" /> History
      </button>
      {isOpen && (
        <div class="popover history-popover">
          {queries.length === 0 && <p class="note">Nothing was run in this browser yet.</p>}
          {queries.map((expr) => (
            <button
              key={expr}
              type="button"
              class="menu-item mono"
              title={expr}
              onClick={() => {
                setIsOpen(false);
                onChoose(expr);
              }}
            >
              {expr}
            </button>
          ))}
        </div>
      )}
    </span>
  );
}
