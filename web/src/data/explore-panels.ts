/** Explore's expressions as its address keeps them, spelled as upstream's query page does: `g0.expr`, `g1.expr`, … */
export interface ExprPanel {
  readonly expr: string;
  readonly tab: 'graph' | 'table';
  /** How a graph is drawn, as upstream's `display_mode`; absent is chosen by what the answer holds. */
  readonly display?: Display | undefined;
  /** The expression is shown as a tree, too; `show_tree` as upstream. */
  readonly isTree: boolean;
}

export type Display = 'lines' | 'stacked' | 'heatmap';

/** At least one; numbers left out in between are closed up. */
export function panelsOf(query: URLSearchParams): ExprPanel[] {
  const numbers = [...query.keys()]
    .map((key) => /^g(\d+)\.expr$/.exec(key)?.[1])
    .filter((text) => text !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
  const panels = numbers.map(
    (n): ExprPanel => ({
      expr: query.get(`g${n}.expr`) ?? '',
      tab: tabOf(query.get(`g${n}.tab`), true),
      isTree: query.get(`g${n}.show_tree`) === '1',
      ...displayOf(query.get(`g${n}.display_mode`), query.get(`g${n}.stacked`)),
    }),
  );
  return panels.length > 0 ? panels : [{ expr: '', tab: tabOf(query.get('g0.tab'), false), isTree: false }];
}

/** What changes in the address for these to be its expressions. */
export function panelQuery(
  query: URLSearchParams,
  panels: readonly ExprPanel[],
): Record<string, string | undefined> {
  const change: Record<string, string | undefined> = {};
  for (const key of query.keys())
    if (/^g\d+\.(expr|tab|show_tree|display_mode|stacked)$/.test(key)) change[key] = undefined;
  panels.forEach(({ expr, tab, isTree, display }, i) => {
    const isOnlyEmpty = expr === '' && panels.length === 1;
    change[`g${i}.expr`] = isOnlyEmpty ? undefined : expr;
    change[`g${i}.tab`] = isOnlyEmpty ? undefined : tab === 'table' ? '1' : '0';
    if (isTree && !isOnlyEmpty) change[`g${i}.show_tree`] = '1';
    if (display !== undefined && !isOnlyEmpty) change[`g${i}.display_mode`] = display;
  });
  return change;
}

/** Upstream writes 0 for the graph and 1 for the table, newer versions the word; without a tab, a link shows the table. */
function tabOf(text: string | null, hasExpr: boolean): ExprPanel['tab'] {
  if (text === '1' || text === 'table') return 'table';
  if (text === '0' || text === 'graph') return 'graph';
  return hasExpr ? 'table' : 'graph';
}

/** Links of old say `stacked=1`. */
function displayOf(mode: string | null, stacked: string | null): { display?: Display } {
  if (mode === 'lines' || mode === 'stacked' || mode === 'heatmap') return { display: mode };
  return stacked === '1' ? { display: 'stacked' } : {};
}

/** An expression as a panel of a Grafana dashboard, to be pasted into one. */
export const panelJson = (panel: Pick<ExprPanel, 'expr' | 'tab' | 'display'>): string =>
  JSON.stringify(grafanaPanel(panel), null, 2);

export function grafanaPanel({ expr, tab, display }: Pick<ExprPanel, 'expr' | 'tab' | 'display'>): object {
  const isTable = tab === 'table';
  const isHeat = !isTable && display === 'heatmap';
  const isStacked = !isTable && display === 'stacked';
  return {
    type: isTable ? 'table' : isHeat ? 'heatmap' : 'timeseries',
    title: expr.length > 80 ? `${expr.slice(0, 77)}…` : expr,
    datasource: { type: 'prometheus' },
    gridPos: { x: 0, y: 0, w: 12, h: 8 },
    targets: [
      {
        refId: 'A',
        expr,
        legendFormat: '__auto',
        ...(isTable ? { instant: true, range: false, format: 'table' } : { range: true }),
        ...(isHeat ? { format: 'heatmap' } : {}),
      },
    ],
    fieldConfig: {
      defaults: isStacked ? { custom: { stacking: { mode: 'normal' }, fillOpacity: 30 } } : {},
      overrides: [],
    },
    options: {},
  };
}

/** A Grafana dashboard with one more panel at its foot, whatever the file's form. @throws SyntaxError */
export function withPanel(dashboard: string, panel: object, title: string): string {
  const file = JSON.parse(dashboard) as Record<string, unknown>;
  const own = (file.dashboard ?? file.spec ?? file) as Record<string, unknown>;
  const rows = own.rows as readonly Record<string, unknown>[] | undefined;
  const panels = Array.isArray(own.panels) ? (own.panels as readonly GridPanel[]) : [];
  if (Array.isArray(rows) && rows.length > 0 && panels.length === 0) {
    own.rows = [
      ...rows,
      { title: '', height: 300, panels: [{ ...panel, id: undefined, gridPos: undefined, span: 12 }] },
    ];
    return JSON.stringify(file, null, 2);
  }
  const all = panels.flatMap((one) => [one, ...(one.panels ?? [])]);
  const id = Math.max(0, ...all.map((one) => one.id ?? 0)) + 1;
  const foot = Math.max(0, ...panels.map(({ gridPos }) => (gridPos?.y ?? 0) + (gridPos?.h ?? 0)));
  own.panels = [...panels, { ...panel, id, gridPos: { x: 0, y: foot, w: 12, h: 8 } }];
  own.title ??= title;
  return JSON.stringify(file, null, 2);
}

interface GridPanel {
  readonly id?: number;
  readonly gridPos?: { readonly y?: number; readonly h?: number };
  readonly panels?: readonly GridPanel[];
}
