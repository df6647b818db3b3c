import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { DashboardModel } from '../../../src/dashboards/model.ts';
import { DashboardLinks } from '../dashboard/dashboard-links.tsx';
import { Panel, type PanelSurroundings } from '../dashboard/panel.tsx';
import { macrosOf } from '../dashboard/panel-data.ts';
import { usePanelKeys } from '../dashboard/panel-keys.ts';
import { expandSections, type Section, type ShownPanel } from '../dashboard/repeat.ts';
import { type Choices, substitute } from '../dashboard/substitute.ts';
import { AnnotationBar, useTimeMarks } from '../dashboard/time-marks.tsx';
import { VariableBar } from '../dashboard/variable-bar.tsx';
import { resolveVariables } from '../dashboard/variables.ts';
import { ApiError } from '../data/api.ts';
import { niceStep } from '../data/matrix.ts';
import { parsePromDuration } from '../format/duration.ts';
import { Icon } from '../parts/icons.tsx';
import { Empty, Skeleton, View } from '../parts/view-state.tsx';
import { useResource, useSession } from '../session.ts';
import { useFileWatch } from './file-watch.ts';

/** `/d/<uid>/<slug>`: a dashboard as authored. */
export function DashboardPage() {
  const { api, router, range, zone, firstLook } = useSession();
  const uid = decodeURIComponent(router.path.peek().split('/')[2] ?? '');
  const loaded = useRef<{ readonly model: DashboardModel; readonly version: string | undefined }>(undefined);
  const resource = useResource(
    async (abort) => {
      // What panels ask depends on how often targets are scraped.
      const [next] = await Promise.all([
        api.dashboard<DashboardModel>(uid, loaded.current?.version, abort),
        firstLook(),
      ]);
      if (next && !abort.aborted) {
        loaded.current = next;
        // Before the first draw: nothing is asked for a range that is not meant.
        const { time, refresh, timezone } = next.model;
        range.setDefaults(time, refresh === '' ? undefined : parsePromDuration(refresh));
        zone.setDefault(timezone.toLowerCase() === 'utc' ? 'utc' : undefined);
      }
      return loaded.current!.model;
    },
    [uid],
    { live: false },
  );
  useFileWatch(resource);
  const model = resource.data.value;
  useEffect(() => {
    if (model) document.title = `${model.title} · Belfry`;
  }, [model]);
  useEffect(
    () => () => {
      range.setDefaults(undefined, undefined);
      zone.setDefault(undefined);
    },
    [],
  );
  const problem = resource.error.value;
  if (!model && problem instanceof ApiError && problem.status === 404) {
    return (
      <Empty title="There is no dashboard at this address.">
        It was removed, or its file has gone.{' '}
        <a class="link-button" href={router.href('/dashboards')}>
          All dashboards
        </a>
      </Empty>
    );
  }
  return (
    <View resource={resource} what="The dashboard" skeleton={<Skeleton rows={4} height={220} />}>
      {(loaded) => <DashboardView model={loaded} />}
    </View>
  );
}

function DashboardView({ model }: { readonly model: DashboardModel }) {
  const { api, router, range, scrapeSeconds } = useSession();
  const query = router.query.value;
  const given = useMemo(() => varsOf(query), [varText(query)]);
  const variables = useResource(
    (abort) => {
      const resolved = range.resolve();
      const macros = macrosOf(resolved, niceStep(resolved, 200), scrapeSeconds());
      return resolveVariables(model.variables, (name) => given.get(name) ?? [], api, resolved, macros, abort);
    },
    [model, given, range.text.value],
    { live: false },
  );
  const states = variables.data.value;
  const choices = useStableChoices(states);
  const sections = useMemo(() => choices && expandSections(model.panels, choices), [model, choices]);
  const happened = useTimeMarks(model, choices);
  usePanelKeys();
  const choose = (name: string, values: readonly string[]): void => {
    const next = new URLSearchParams(query);
    next.delete(`var-${name}`);
    for (const value of values) next.append(`var-${name}`, value);
    router.go(`${router.path.value}?${next}`);
  };
  const around: PanelSurroundings = {
    syncKey: model.tooltip === 'own' ? '' : model.uid,
    isTipShared: model.tooltip === 'shared',
    marks: happened.marks,
  };
  const wanted = viewedPanel(query);
  const alone =
    wanted === undefined
      ? undefined
      : sections?.flatMap(({ panels }) => panels).find((shown) => shown.name === wanted);
  const wide = useMemo(() => alone && widened(alone), [alone]);
  const { syncKey, isTipShared, marks } = around;
  // Drawn anew only when something of it is another: at a refresh, each panel draws what it was answered, and no more.
  const content = useMemo(
    () =>
      wide ? (
        <Panel key={wide.key} shown={wide} top={0} isAlone {...around} />
      ) : (
        sections?.map((section) => <SectionView key={section.key} section={section} {...around} />)
      ),
    [wide, sections, syncKey, isTipShared, marks],
  );
  return (
    <div class={alone ? 'dashboard has-one-panel' : 'dashboard'}>
      <div class="page-head">
        <h1 class="page-title" title={model.description}>
          {model.title}
        </h1>
        {states && <VariableBar variables={states} onChoose={choose} />}
        <div class="dash-head-end">
          {choices && <DashboardLinks model={model} choices={choices} />}
          <AnnotationBar model={model} isOn={happened.isOn} />
        </div>
      </div>
      {[...model.warnings, ...happened.problems].map((warning) => (
        <p key={warning} class="note">
          {warning}
        </p>
      ))}
      {!sections && <Skeleton rows={4} height={220} />}
      {model.panels.length === 0 && <Empty title="This dashboard has no panels." />}
      {wanted !== undefined && sections && !alone && (
        <p class="note">
          This dashboard has no panel {wanted}.{' '}
          <button
            type="button"
            class="link-button"
            onClick={() =>
              router.setQuery({ viewPanel: undefined, fullscreen: undefined, panelId: undefined })
            }
          >
            Show all
          </button>
        </p>
      )}
      {content}
    </div>
  );
}

/** The same panel over the whole page: it has as many points and as much room for its legend. */
function widened(shown: ShownPanel): ShownPanel {
  return { ...shown, panel: { ...shown.panel, gridPos: { ...shown.panel.gridPos, w: 24 } } };
}

/** `viewPanel=2`, `viewPanel=panel-2`, and the `fullscreen&panelId=2` of old links. */
function viewedPanel(query: URLSearchParams): string | undefined {
  const old = query.has('fullscreen') ? query.get('panelId') : null;
  return (query.get('viewPanel') ?? old)?.replace(/^panel-/, '') || undefined;
}

function SectionView({ section, ...around }: { readonly section: Section } & PanelSurroundings) {
  const { row, panels } = section;
  const [isOpen, setIsOpen] = useState(row?.panel.collapsed !== true);
  const top = Math.min(...panels.map(({ panel }) => panel.gridPos.y));
  const title = row ? substitute(row.panel.title, row.choices, {}, 'text') : '';
  return (
    <div class="dash-section">
      {row && (
        <button type="button" class="dash-row" aria-expanded={isOpen} onClick={() => setIsOpen(!isOpen)}>
          <Icon name="chevron" /> {title || 'Row'}
          {!isOpen && panels.length > 0 && (
            <span class="section-note">
              {panels.length} {panels.length === 1 ? 'panel' : 'panels'}
            </span>
          )}
        </button>
      )}
      {isOpen && panels.length > 0 && (
        <div class="dash-grid">
          {panels.map((shown) => (
            <Panel key={shown.key} shown={shown} top={top} isAlone={false} {...around} />
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
