import { useEffect, useMemo, useState } from 'preact/hooks';
import type { DashboardModel, PanelModel } from '../../../src/dashboards/model.ts';
import { Panel } from '../dashboard/panel.tsx';
import { macrosOf } from '../dashboard/panel-data.ts';
import { type Choices, substitute } from '../dashboard/substitute.ts';
import { VariableBar } from '../dashboard/variable-bar.tsx';
import { resolveVariables } from '../dashboard/variables.ts';
import { niceStep } from '../data/matrix.ts';
import { parsePromDuration } from '../format/duration.ts';
import { Icon } from '../parts/icons.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';

/** `/d/<uid>/<slug>`: a dashboard as authored. */
export function DashboardPage() {
  const { api, router, range } = useSession();
  const uid = decodeURIComponent(router.path.peek().split('/')[2] ?? '');
  const resource = useResource((abort) => api.dashboard<DashboardModel>(uid, abort), [uid], { live: false });
  const model = resource.data.value;
  useEffect(() => {
    if (!model) return;
    document.title = `${model.title} · Belfry`;
    range.setDefaults(model.time, model.refresh === '' ? undefined : parsePromDuration(model.refresh));
  }, [model]);
  useEffect(() => () => range.setDefaults(undefined, undefined), []);
  return (
    <View resource={resource} what="The dashboard" skeleton={<Skeleton rows={4} height={220} />}>
      {(loaded) => <DashboardView model={loaded} />}
    </View>
  );
}

function DashboardView({ model }: { readonly model: DashboardModel }) {
  const { api, router, range } = useSession();
  const query = router.query.value;
  const given = useMemo(() => varsOf(query), [varText(query)]);
  const variables = useResource(
    (abort) => {
      const resolved = range.resolve();
      const macros = macrosOf(resolved, niceStep(resolved, 200), 15);
      return resolveVariables(model.variables, (name) => given.get(name) ?? [], api, resolved, macros, abort);
    },
    [model, given, range.text.value],
    { live: false },
  );
  const states = variables.data.value;
  const choices = useStableChoices(states);
  const choose = (name: string, values: readonly string[]): void => {
    const next = new URLSearchParams(query);
    next.delete(`var-${name}`);
    for (const value of values) next.append(`var-${name}`, value);
    router.go(`${router.path.value}?${next}`);
  };
  return (
    <div class="dashboard">
      <div class="page-head">
        <h1 class="page-title" title={model.description}>
          {model.title}
        </h1>
        {states && <VariableBar variables={states} onChoose={choose} />}
      </div>
      {model.warnings.map((warning) => (
        <p key={warning} class="note">
          {warning}
        </p>
      ))}
      {model.panels.length === 0 && <Empty title="This dashboard has no panels." />}
      {choices &&
        sectionsOf(model.panels).map((section) => (
          <SectionView
            key={section.row?.id ?? 0}
            section={section}
            choices={choices}
            syncKey={model.tooltip === 'own' ? '' : model.uid}
          />
        ))}
    </div>
  );
}

interface Section {
  readonly row: PanelModel | undefined;
  readonly panels: readonly PanelModel[];
}

/** Cuts the grid at its row panels; a closed row brings its panels itself. */
export function sectionsOf(panels: readonly PanelModel[]): Section[] {
  const ordered = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  const sections: { row: PanelModel | undefined; panels: PanelModel[] }[] = [];
  for (const panel of ordered) {
    if (panel.type === 'row') sections.push({ row: panel, panels: [...(panel.panels ?? [])] });
    else if (sections.length === 0) sections.push({ row: undefined, panels: [panel] });
    else sections.at(-1)!.panels.push(panel);
  }
  return sections;
}

function SectionView({
  section,
  choices,
  syncKey,
}: {
  readonly section: Section;
  readonly choices: Choices;
  readonly syncKey: string;
}) {
  const { row, panels } = section;
  const [isOpen, setIsOpen] = useState(row?.collapsed !== true);
  const top = Math.min(...panels.map((panel) => panel.gridPos.y));
  const title = row ? substitute(row.title, choices, {}, 'text') : '';
  return (
    <div class="dash-section">
      {row && (
        <button type="button" class="dash-row" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
          <Icon name="chevron" /> {title || 'Row'}
          {!isOpen && panels.length > 0 && <span class="section-note">{panels.length} panels</span>}
        </button>
      )}
      {isOpen && panels.length > 0 && (
        <div class="dash-grid">
          {panels.map((panel) => (
            <Panel
              key={panel.id}
              panel={panel}
              choices={choices}
              top={top}
              syncKey={syncKey === '' ? `panel-${panel.id}` : syncKey}
            />
          ))}
        </div>
      )}
    </div>
  );
}

function varsOf(query: URLSearchParams): ReadonlyMap<string, readonly string[]> {
  const names = [...new Set(query.keys())].filter((key) => key.startsWith('var-'));
  return new Map(names.map((key) => [key.slice(4), query.getAll(key)]));
}

const varText = (query: URLSearchParams): string =>
  [...query].filter(([key]) => key.startsWith('var-')).join('&');

/** The same map as long as the choices are the same, so that panels do not ask again for nothing. */
function useStableChoices(
  states: Awaited<ReturnType<typeof resolveVariables>> | undefined,
): Choices | undefined {
  const text = states && JSON.stringify(states.map(({ model, chosen }) => [model.name, chosen]));
  return useMemo(() => states && new Map(states.map(({ model, chosen }) => [model.name, chosen])), [text]);
}
