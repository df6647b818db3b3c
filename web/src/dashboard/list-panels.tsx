import { useMemo } from 'preact/hooks';
import type { PanelModel } from '../../../src/dashboards/model.ts';
import { alertRows } from '../data/alerts.ts';
import { matchesAll, parseMatchers } from '../data/silences.ts';
import { Ago } from '../parts/ago.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { View } from '../parts/view-state.tsx';
import { useAlerts, useResource, useSession } from '../session.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Alerts of now, as the panel asks for them: by name, by labels, by state. */
export function AlertListPanel({ panel }: { readonly panel: PanelModel }) {
  const { router, range } = useSession();
  const alerts = useAlerts();
  const { options } = panel;
  const wanted = text(options.alertName).toLowerCase();
  const states = (options.stateFilter ?? {}) as Readonly<Record<string, boolean>>;
  const labels = text(options.alertInstanceLabelFilter).trim();
  const all = useMemo(() => alertRows(alerts.data.value ?? [], []), [alerts.data.value]);
  const rows = all.filter(
    (row) =>
      row.name.toLowerCase().includes(wanted) &&
      states[row.state] !== false &&
      (labels === '' || hasLabels(labels, row.labels)),
  );
  const most = typeof options.maxItems === 'number' ? options.maxItems : 20;
  if (rows.length === 0) return <p class="panel-empty">Nothing is firing or pending.</p>;
  return (
    <ul class="panel-list">
      {rows.slice(0, most).map((row) => (
        <li key={row.key}>
          <StateMark state={row.state} />
          <a href={router.href(`/alerts/${row.id}${range.carry.value}`)}>{row.name}</a>
          {row.annotations.summary && <span class="panel-list-note">{row.annotations.summary}</span>}
          <span class="panel-list-end">
            <Ago time={row.activeAt} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function hasLabels(filter: string, labels: Readonly<Record<string, string>>): boolean {
  try {
    return matchesAll(parseMatchers(filter), labels);
  } catch {
    return true; // a filter that cannot be read hides nothing
  }
}

/** Links to other dashboards: those with the tags or the words the panel asks for. */
export function DashboardListPanel({ panel }: { readonly panel: PanelModel }) {
  const { api, router, range } = useSession();
  const list = useResource((abort) => api.dashboards(abort), [], { live: false });
  const { options } = panel;
  const tags = Array.isArray(options.tags) ? options.tags.map(String) : [];
  const wanted = text(options.query).toLowerCase();
  const most = typeof options.maxItems === 'number' ? options.maxItems : 10;
  return (
    <View resource={list} what="The dashboards">
      {(all) => {
        const shown = all.filter(
          (one) => tags.every((tag) => one.tags.includes(tag)) && one.title.toLowerCase().includes(wanted),
        );
        return shown.length === 0 ? (
          <p class="panel-empty">No dashboard matches.</p>
        ) : (
          <ul class="panel-list">
            {shown.slice(0, most).map((one) => (
              <li key={one.uid}>
                <a href={router.href(`/d/${encodeURIComponent(one.uid)}/${range.carry.value}`)}>
                  {one.title}
                </a>
              </li>
            ))}
          </ul>
        );
      }}
    </View>
  );
}
