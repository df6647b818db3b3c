/** Pages of Prometheus, Alertmanager and Grafana that people have bookmarked, by their names here. */
const PAGES: Readonly<Record<string, string>> = {
  '/query': '/graph',
  '/rules': '/alerts',
  '/silences': '/alerts?show=silences',
  '/alerting': '/alerts',
  '/alerting/list': '/alerts',
  '/alerting/silences': '/alerts?show=silences',
  '/alerting/history': '/alerts?show=sent',
  '/service-discovery': '/targets',
  '/alertmanager-discovery': '/status',
  '/tsdb-status': '/status',
  '/config': '/status',
  '/flags': '/status',
  '/runtime': '/status',
};

/**
 * Where a bookmark of Prometheus' pages (also `/classic/…` and `/new/…`), of Alertmanager's or of Grafana's leads here. Undefined when
 * it is none.
 */
export function fromBookmark(path: string, query: URLSearchParams): string | undefined {
  const plain = path.replace(/^\/(classic|new)(?=\/)/, '');
  if (plain === '/explore') return grafanaExplore(query);
  const page = PAGES[plain] ?? (plain === path ? undefined : plain);
  if (page === undefined) return undefined;
  const text = query.toString();
  return text === '' ? page : `${page}${page.includes('?') ? '&' : '?'}${text}`;
}

/** Of the panes side by side in Grafana, the expressions of all and the range of the first. */
function grafanaExplore(query: URLSearchParams): string {
  const panes = ['left', 'right'].map((name) => parsed(query.get(name)));
  panes.push(...Object.values(record(parsed(query.get('panes')))));
  const out = new URLSearchParams();
  for (const pane of panes.map(paneOf)) {
    for (const expr of pane.exprs) {
      const n = [...out.keys()].filter((key) => key.endsWith('.expr')).length;
      out.set(`g${n}.expr`, expr);
      out.set(`g${n}.tab`, '0');
    }
    if (pane.from !== undefined && pane.to !== undefined && !out.has('from')) {
      out.set('from', pane.from);
      out.set('to', pane.to);
    }
  }
  const text = out.toString();
  return text === '' ? '/graph' : `/graph?${text}`;
}

interface Pane {
  readonly exprs: readonly string[];
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** `{"queries":[{"expr":"up"}],"range":{"from":"now-1h","to":"now"}}`, or of old `["now-1h","now","source",{"expr":"up"}]`. */
function paneOf(value: unknown): Pane {
  const [queries, from, to] = Array.isArray(value)
    ? [value, value[0], value[1]]
    : [record(value).queries, record(record(value).range).from, record(record(value).range).to];
  return {
    exprs: (Array.isArray(queries) ? queries : [])
      .map((one) => record(one).expr)
      .filter((expr): expr is string => typeof expr === 'string' && expr !== ''),
    from: instantText(from),
    to: instantText(to),
  };
}

const instantText = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

function parsed(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
