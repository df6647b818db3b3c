import { useMemo, useRef, useState } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import { assignColors, type ShownTheme, seriesColor } from '../chart/palette.ts';
import type { ChartLine } from '../chart/plot.ts';
import { useAlertMarks } from '../dashboard/time-marks.tsx';
import type { QueryExtras, QueryRange } from '../data/api.ts';
import type { Answer, MatrixSeries, QueryResult } from '../data/api-types.ts';
import { type ExprPanel, panelJson, panelQuery, panelsOf } from '../data/explore-panels.ts';
import { columnsOf, niceStep, queryRangeOf } from '../data/matrix.ts';
import { recentQueries, rememberQuery } from '../data/query-history.ts';
import { seriesNames } from '../data/series-names.ts';
import { formatNumber } from '../format/units.ts';
import { useDismiss } from '../frame/time-control.tsx';
import type { ResolvedRange } from '../nav/time-range.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Icon } from '../parts/icons.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { QueryEditor } from './query-editor.tsx';
import { QueryTree } from './query-tree.tsx';
import { ResultTable } from './result-table.tsx';

type Tab = ExprPanel['tab'];

type ExploreAnswer =
  | { readonly tab: 'table'; readonly answer: Answer<QueryResult>; readonly tookMs: number }
  | {
      readonly tab: 'graph';
      readonly answer: Answer<readonly MatrixSeries[]>;
      readonly grid: QueryRange;
      readonly range: ResolvedRange;
      readonly tookMs: number;
    };

/** Most lines drawn at once; more are in the table. */
const MAX_LINES = 200;

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
    rememberQuery(localStorage, wanted);
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
  const queries = isOpen ? recentQueries(localStorage) : [];
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

interface ResultProps {
  readonly panel: ExprPanel;
  onChange(panel: ExprPanel): void;
}

function Result({ panel, onChange }: ResultProps) {
  const { expr, tab, isTree } = panel;
  const show = (next: Tab): void => onChange({ ...panel, tab: next });
  const { api, range, router, clock } = useSession();
  const moment = router.query.value.get('g0.end_input');
  const resource = useResource(
    async (abort): Promise<ExploreAnswer> => {
      const started = clock.now();
      const ask: QueryExtras = isTree ? { stats: 'true', explain: 'true' } : { stats: 'true' };
      const resolved = range.resolve();
      if (tab === 'table') {
        const answer = await api.query(expr, moment === null ? undefined : resolved.to / 1000, abort, ask);
        return { tab, answer, tookMs: clock.now() - started };
      }
      const step = stepOf(router.query.peek().get('g0.step_input')) ?? niceStep(resolved, 480, 1);
      const grid = queryRangeOf(resolved, step);
      const answer = await api.queryRange(expr, grid, abort, ask);
      return { tab, answer, grid, range: resolved, tookMs: clock.now() - started };
    },
    [expr, tab, isTree, range.text.value],
  );
  return (
    <>
      <div class="result-head">
        <div class="segments" role="tablist" aria-label="Show as">
          <button
            type="button"
            role="tab"
            class="segment"
            aria-selected={tab === 'graph'}
            onClick={() => show('graph')}
          >
            Graph
          </button>
          <button
            type="button"
            role="tab"
            class="segment"
            aria-selected={tab === 'table'}
            onClick={() => show('table')}
          >
            Table
          </button>
        </div>
        <button
          type="button"
          class="segment"
          aria-pressed={isTree}
          title="The expression as a tree, with what each part gives and takes"
          onClick={() => onChange({ ...panel, isTree: !isTree })}
        >
          Tree
        </button>
        <ResultFacts result={resource.data.value} />
        <CopyButton text={() => panelJson(panel)} label="Copy as panel" />
      </div>
      <View resource={resource} what="The answer" skeleton={<Skeleton rows={1} height={380} />}>
        {(result) => (
          <>
            {[...result.answer.warnings, ...result.answer.infos].map((text) => (
              <p class="note" key={text}>
                {text}
              </p>
            ))}
            {isTree && result.answer.explain && <QueryTree root={result.answer.explain} />}
            {result.tab === 'graph' ? (
              <ResultGraph result={result} expr={expr} />
            ) : (
              <ResultTable result={result.answer.data} />
            )}
          </>
        )}
      </View>
    </>
  );
}

function ResultGraph({
  result,
  expr,
}: {
  readonly result: Extract<ExploreAnswer, { tab: 'graph' }>;
  readonly expr: string;
}) {
  const { theme } = useSession();
  const shown = theme.shown.value;
  const marks = useAlertMarks();
  const { times, lines, common } = useMemo(() => linesOf(result, shown), [result, shown]);
  if (lines.length === 0) {
    return (
      <Empty title="No series in this range.">
        A longer range may have some, or the metric is spelled differently.
      </Empty>
    );
  }
  return (
    <>
      {result.answer.data.length > MAX_LINES && (
        <p class="note">
          The first {MAX_LINES} of {result.answer.data.length} series are drawn; topk() or a matcher narrows
          them.
        </p>
      )}
      <Chart
        label={expr}
        height={380}
        times={times}
        lines={lines}
        range={[result.range.from / 1000, result.range.to / 1000]}
        unit="short"
        bounds={{}}
        marks={marks.marks}
        shades={marks.shades}
        syncKey="explore"
      />
      {common !== '' && (
        <p class="legend-common">
          each with <code class="mono">{common}</code>
        </p>
      )}
    </>
  );
}

function ResultFacts({ result }: { readonly result: ExploreAnswer | undefined }) {
  if (!result) return <span class="result-facts" />;
  const { data } = result.answer;
  const count = Array.isArray(data)
    ? data.length
    : 'result' in data && data.resultType !== 'scalar' && data.resultType !== 'string'
      ? data.result.length
      : 1;
  const samples = result.answer.stats?.samples?.totalQueryableSamples;
  return (
    <span class="result-facts dim">
      {count} series
      {samples === undefined ? '' : ` · ${formatNumber(samples)} samples`} · {result.tookMs} ms
      {result.tab === 'graph' ? ` · step ${result.grid.step} s` : ''}
    </span>
  );
}

function linesOf(
  result: Extract<ExploreAnswer, { tab: 'graph' }>,
  theme: ShownTheme,
): { times: readonly number[]; lines: ChartLine[]; common: string } {
  const { times, series } = columnsOf(result.answer.data.slice(0, MAX_LINES), result.grid);
  const { names, common } = seriesNames(series.map(({ labels }) => labels));
  const colors = assignColors(names);
  return {
    times,
    common,
    lines: series.map(({ values }, i) => ({
      name: names[i]!,
      values,
      color: seriesColor(colors[i]!, theme),
      fill: series.length === 1 ? 0.1 : 0,
    })),
  };
}

function stepOf(text: string | null): number | undefined {
  const step = Number(text);
  return text === null || !(step > 0) ? undefined : step;
}
