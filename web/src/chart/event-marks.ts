import { useMemo } from 'preact/hooks';
import { useKept } from '../data/kept.ts';
import { useSession } from '../session.ts';
import { isDark } from './palette.ts';
import type { ChartMark, ChartShade } from './time-marks.ts';

/** The parameter that switches deploys and the like off. */
export const EVENTS_PARAMETER = 'mark-Events';

/** Deploys and the like as marks, unless they are switched off; what took a while is a bar on the time axis. */
export function useEventMarks(): { marks: readonly ChartMark[]; shades: readonly ChartShade[] } {
  const { events, theme, router } = useSession();
  const all = useKept(events.data.value);
  const isOn = router.query.value.get(EVENTS_PARAMETER) !== 'off';
  const color = isDark(theme.shown.value) ? 'oklch(0.76 0.11 75)' : 'oklch(0.56 0.11 65)';
  return useMemo(() => {
    const shown = isOn ? (all ?? []) : [];
    return {
      marks: shown.map(({ time, text, tags }) => ({
        time: time / 1000,
        color,
        text: tags.length === 0 ? text : `${text} · ${tags.join(', ')}`,
      })),
      shades: shown
        .filter(({ time, timeEnd }) => timeEnd > time)
        .map(({ time, timeEnd }) => ({ from: time / 1000, to: timeEnd / 1000, color, isBar: true })),
    };
  }, [all, isOn, color]);
}
