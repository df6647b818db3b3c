import { isObject, type Json, objectAt, objectsAt, textAt } from './json.ts';

/** Plugin ids that speak PromQL. */
const PROMETHEUS = new Set([
  'prometheus',
  'victoriametrics-datasource',
  'victoriametrics-metrics-datasource',
  'grafana-amazonprometheus-datasource',
  'grafana-azureprometheus-datasource',
]);

/** Grafana's own sources, which are no place to query. */
const INTERNAL = new Set(['grafana', 'datasource']);

/** Names under which people keep other kinds of stores, for JSON that gives a name only. */
const OTHER_NAMES =
  /^(loki|influx(db)?|elasticsearch|opensearch|graphite|tempo|jaeger|zipkin|mysql|postgres(ql)?|mssql|clickhouse|cloudwatch|testdata( db)?|opentsdb|sql)$/i;

export type Source = { readonly kind: 'ours' } | { readonly kind: 'other'; readonly name: string };

const OURS: Source = { kind: 'ours' };

/** Tells whether what a panel or target names as its source is answered by our own store. */
export type SourceOf = (datasource: unknown) => Source;

/** @param dashboard for its `__inputs` and its data source variables, which placeholders refer to */
export function sourceReader(dashboard: Json): SourceOf {
  const plugins = new Map<string, string>();
  for (const input of objectsAt(dashboard, '__inputs')) {
    if (textAt(input, 'type') === 'datasource') plugins.set(textAt(input, 'name'), textAt(input, 'pluginId'));
  }
  for (const variable of objectsAt(objectAt(dashboard, 'templating'), 'list')) {
    if (textAt(variable, 'type') === 'datasource')
      plugins.set(textAt(variable, 'name'), textAt(variable, 'query'));
  }
  const ofPlugin = (plugin: string): Source =>
    plugin === '' || PROMETHEUS.has(plugin) || INTERNAL.has(plugin) || plugin.startsWith('$')
      ? OURS
      : { kind: 'other', name: plugin };
  const ofName = (name: string): Source => {
    const placeholder = /^(?:\$\{?|\[\[)([\w-]+)(?::\w+)?(?:\}|\]\])?$/.exec(name)?.[1];
    if (placeholder !== undefined) return ofPlugin(plugins.get(placeholder) ?? '');
    return OTHER_NAMES.test(name) ? { kind: 'other', name } : OURS;
  };
  return (datasource) => {
    if (typeof datasource === 'string') return ofName(datasource);
    if (!isObject(datasource)) return OURS;
    const type = textAt(datasource, 'type');
    return type === '' ? ofName(textAt(datasource, 'uid')) : ofPlugin(type);
  };
}
