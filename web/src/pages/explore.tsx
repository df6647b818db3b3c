import { useMemo, useRef, useState } from 'preact/hooks';
import { Chart } from '../chart/chart.tsx';
import { assignColors, seriesColor } from '../chart/palette.ts';
import type { ChartLine } from '../chart/plot.ts';
import type { QueryRange } from '../data/api.ts';
import type { Answer, MatrixSeries, QueryResult } from '../data/api-types.ts';
import { columnsOf, niceStep, queryRangeOf, seriesText } from '../data/matrix.ts';
import type { ResolvedRange } from '../nav/time-range.ts';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { ResultTable } from './result-table.tsx';

type Tab = 'graph' | 'table';

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

/** An expression as a graph and as a table. The whole of it is in the URL, spelled as upstream's query page does. */
export function Explore() {
  const { router } = useSession();
  const query = router.query.value;
  const expr = query.get('g0.expr') ?? '';
  const tab = tabOf(query.get('g0.tab'), query.has('g0.expr'));
  const [draft, setDraft] = useState(expr);
  const shownExpr = useRef(expr);
  const area = useRef<HTMLTextAreaElement>(null);
  if (shownExpr.current !== expr) {
    shownExpr.current = expr;
    setDraft(expr);
  }
  const { tick } = useSession();
  const run = (text: string): void => {
    const wanted = text.trim();
    if (wanted === expr) tick.value++;
    else
      router.setQuery({
        'g0.expr': wanted === '' ? undefined : wanted,
        'g0.tab': tab === 'table' ? '1' : '0',
      });
  };

  return (
    <div class="page">
      <h1 class="sr-only">Explore</h1>
      <form
        class="query-form"
        onSubmit={(event) => {
          event.preventDefault();
          run(draft);
        }}
      >
        <textarea
          ref={area}
          class="input mono query-input"
          aria-label="PromQL expression"
          rows={Math.min(12, Math.max(2, draft.split('\n').length))}
          value={draft}
          placeholder="An expression, for example  rate(http_requests_total[5m])"
          spellcheck={false}
          autocapitalize="off"
          onInput={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.shiftKey) {
              event.preventDefault();
              run(draft);
            }
          }}
        />
        <button type="submit" class="button is-primary" title="Enter runs, Shift-Enter makes a new line">
          Run
        </button>
      </form>
      {expr === '' ? (
        <Empty title="Write an expression, or start from one of these.">
          <span class="examples">
            {EXAMPLES.map((example) => (
              <button key={example} type="button" class="button is-small mono" onClick={() => run(example)}>
                {example}
              </button>
            ))}
          </span>
        </Empty>
      ) : (
        <Result key={tab} expr={expr} tab={tab} />
      )}
    </div>
  );
}

function Result({ expr, tab }: { readonly expr: string; readonly tab: Tab }) {
  const { api, range, router, clock } = useSession();
  const moment = router.query.value.get('g0.end_input');
  const resource = useResource(
    async (abort): Promise<ExploreAnswer> => {
      const started = clock.now();
      const resolved = range.resolve();
      if (tab === 'table') {
        const answer = await api.query(expr, moment === null ? undefined : resolved.to / 1000, abort);
        return { tab, answer, tookMs: clock.now() - started };
      }
      const step = stepOf(router.query.peek().get('g0.step_input')) ?? niceStep(resolved, 480, 1);
      const grid = queryRangeOf(resolved, step);
      const answer = await api.queryRange(expr, grid, abort);
      return { tab, answer, grid, range: resolved, tookMs: clock.now() - started };
    },
    [expr, tab, range.text.value],
  );
  const show = (next: Tab): void => router.setQuery({ 'g0.tab': next === 'table' ? '1' : '0' });
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
        <ResultFacts result={resource.data.value} />
      </div>
      <View resource={resource} what="The answer" skeleton={<Skeleton rows={1} height={380} />}>
        {(result) => (
          <>
            {[...result.answer.warnings, ...result.answer.infos].map((text) => (
              <p class="note" key={text}>
                {text}
              </p>
            ))}
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
  const { times, lines } = useMemo(() => linesOf(result, shown), [result, shown]);
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
        syncKey="explore"
      />
    </>
  );
}

function ResultFacts({ result }: { readonly result: ExploreAnswer | undefined }) {
  if (!result) return null;
  const { data } = result.answer;
  const count = Array.isArray(data)
    ? data.length
    : 'result' in data && data.resultType !== 'scalar' && data.resultType !== 'string'
      ? data.result.length
      : 1;
  return (
    <span class="result-facts dim">
      {count} {count === 1 ? 'series' : 'series'} · {result.tookMs} ms
      {result.tab === 'graph' ? ` · step ${result.grid.step} s` : ''}
    </span>
  );
}

function linesOf(
  result: Extract<ExploreAnswer, { tab: 'graph' }>,
  theme: 'light' | 'dark',
): { times: readonly number[]; lines: ChartLine[] } {
  const { times, series } = columnsOf(result.answer.data.slice(0, MAX_LINES), result.grid);
  const names = series.map(({ labels }) => seriesText(labels));
  const colors = assignColors(names);
  return {
    times,
    lines: series.map(({ values }, i) => ({
      name: names[i]!,
      values,
      color: seriesColor(colors[i]!, theme),
      fill: series.length === 1 ? 0.1 : 0,
    })),
  };
}

/** Upstream writes 0 for the graph and 1 for the table, newer versions the word; without a tab, a link shows the table. */
function tabOf(text: string | null, hasExpr: boolean): Tab {
  if (text === '1' || text === 'table') return 'table';
  if (text === '0' || text === 'graph') return 'graph';
  return hasExpr ? 'table' : 'graph';
}

function stepOf(text: string | null): number | undefined {
  const step = Number(text);
  return text === null || !(step > 0) ? undefined : step;
}
