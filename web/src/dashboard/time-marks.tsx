import { useMemo } from 'preact/hooks';
import type { AnnotationModel, DashboardModel } from '../../../src/dashboards/model.ts';
import { EVENTS_PARAMETER } from '../chart/event-marks.ts';
import { useKept } from '../data/kept.ts';
import { niceStep } from '../data/matrix.ts';
import { useResource, useSession } from '../session.ts';
import { loadHappenings, NO_MARKS, OWN_ALERTS, type TimeMarks, timeMarks } from './annotations.ts';
import { macrosOf } from './panel-data.ts';
import type { Choices } from './substitute.ts';

interface ShownMarks {
  readonly marks: TimeMarks;
  readonly problems: readonly string[];
  isOn(annotation: AnnotationModel): boolean;
}

const parameter = (name: string): string => `mark-${name}`;

/** What happened while a dashboard's graphs show something, as far as it is switched on: its annotations and our own alerts. */
export function useTimeMarks(model: DashboardModel, choices: Choices | undefined): ShownMarks {
  const { queries, range, router, theme, tick } = useSession();
  const query = router.query.value;
  const isOn = (annotation: AnnotationModel): boolean => {
    const given = query.get(parameter(annotation.name));
    return given === null ? annotation.isEnabled : given !== 'off';
  };
  const wanted = marksOf(model).filter(isOn);
  const resource = useResource(
    async (abort) => {
      if (!choices || wanted.length === 0) return { happenings: [], problems: [] };
      const resolved = range.resolve();
      const macros = macrosOf(resolved, niceStep(resolved, 200), 15);
      return loadHappenings(wanted, { queries, range: resolved, choices, macros }, abort);
    },
    // With the panels, after the next paint: theirs and these are one request.
    [model, choices, wanted.map(({ name }) => name).join('\n'), range.text.value, tick.value],
    { live: false },
  );
  const happenings = useKept(resource.data.value?.happenings);
  const shown = theme.shown.value;
  const marks = useMemo(() => (happenings ? timeMarks(happenings, shown) : NO_MARKS), [happenings, shown]);
  return { marks, problems: resource.data.value?.problems ?? [], isOn };
}

/** When our own alerts fired, for graphs that belong to no dashboard. */
export function useAlertMarks(): TimeMarks {
  const { queries, range, theme } = useSession();
  const resource = useResource(
    async (abort) => {
      const resolved = range.resolve();
      const macros = macrosOf(resolved, niceStep(resolved, 200), 15);
      return loadHappenings([OWN_ALERTS], { queries, range: resolved, choices: new Map(), macros }, abort);
    },
    [range.text.value],
  );
  const happenings = useKept(resource.data.value?.happenings);
  const shown = theme.shown.value;
  return useMemo(() => (happenings ? timeMarks(happenings, shown) : NO_MARKS), [happenings, shown]);
}

/** Switches for what is marked on the graphs. */
export function AnnotationBar({
  model,
  isOn,
}: {
  readonly model: DashboardModel;
  isOn(annotation: AnnotationModel): boolean;
}) {
  const { router, events } = useSession();
  if (model.panels.length === 0) return null;
  const areEventsOn = router.query.value.get(EVENTS_PARAMETER) !== 'off';
  return (
    <fieldset class="segments annotation-bar" aria-label="Marked on the graphs">
      {marksOf(model).map((annotation) => (
        <button
          key={annotation.name}
          type="button"
          class="segment"
          aria-pressed={isOn(annotation)}
          onClick={() => {
            const next = !isOn(annotation);
            const value = next === annotation.isEnabled ? undefined : next ? 'on' : 'off';
            router.setQuery({ [parameter(annotation.name)]: value }, { replace: true });
          }}
        >
          {annotation.name}
        </button>
      ))}
      {(events.data.value ?? []).length > 0 && (
        <button
          type="button"
          class="segment"
          aria-pressed={areEventsOn}
          onClick={() =>
            router.setQuery({ [EVENTS_PARAMETER]: areEventsOn ? 'off' : undefined }, { replace: true })
          }
        >
          Events
        </button>
      )}
    </fieldset>
  );
}

/** The dashboard's own first; one that already asks for our alerts needs no second. */
function marksOf(model: DashboardModel): readonly AnnotationModel[] {
  const hasAlerts = model.annotations.some(
    ({ name, expr }) => name === OWN_ALERTS.name || /\bALERTS\b/.test(expr),
  );
  return hasAlerts ? model.annotations : [...model.annotations, OWN_ALERTS];
}
