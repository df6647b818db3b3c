/** Explore's expressions as its address keeps them, spelled as upstream's query page does: `g0.expr`, `g1.expr`, … */
export interface ExprPanel {
  readonly expr: string;
  readonly tab: 'graph' | 'table';
  /** The expression is shown as a tree, too; `show_tree` as upstream. */
  readonly isTree: boolean;
}

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
  for (const key of query.keys()) if (/^g\d+\.(expr|tab|show_tree)$/.test(key)) change[key] = undefined;
  panels.forEach(({ expr, tab, isTree }, i) => {
    const isOnlyEmpty = expr === '' && panels.length === 1;
    change[`g${i}.expr`] = isOnlyEmpty ? undefined : expr;
    change[`g${i}.tab`] = isOnlyEmpty ? undefined : tab === 'table' ? '1' : '0';
    if (isTree && !isOnlyEmpty) change[`g${i}.show_tree`] = '1';
  });
  return change;
}

/** Upstream writes 0 for the graph and 1 for the table, newer versions the word; without a tab, a link shows the table. */
function tabOf(text: string | null, hasExpr: boolean): ExprPanel['tab'] {
  if (text === '1' || text === 'table') return 'table';
  if (text === '0' || text === 'graph') return 'graph';
  return hasExpr ? 'table' : 'graph';
}

/** An expression as a panel of a Grafana dashboard, to be pasted into one. */
export function panelJson({ expr, tab }: Pick<ExprPanel, 'expr' | 'tab'>): string {
  const isTable = tab === 'table';
  const panel = {
    type: isTable ? 'table' : 'timeseries',
    title: expr.length > 80 ? `${expr.slice(0, 77)}…` : expr,
    datasource: { type: 'prometheus' },
    gridPos: { x: 0, y: 0, w: 12, h: 8 },
    targets: [
      {
        refId: 'A',
        expr,
        legendFormat: '__auto',
        ...(isTable ? { instant: true, range: false, format: 'table' } : { range: true }),
      },
    ],
    fieldConfig: { defaults: {}, overrides: [] },
    options: {},
  };
  return JSON.stringify(panel, null, 2);
}
