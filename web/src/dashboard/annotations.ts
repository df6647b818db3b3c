import type { AnnotationModel } from '../../../src/dashboards/model.ts';
import { isDark, type ShownTheme } from '../chart/palette.ts';
import type { ChartMark, ChartShade } from '../chart/time-marks.ts';
import type { LabelMap, MatrixSeries } from '../data/api-types.ts';
import type { Queries } from '../data/batch.ts';
import { intervalsOf } from '../data/intervals.ts';
import { niceStep, parseSample, queryRangeOf } from '../data/matrix.ts';
import { problemText } from '../data/problem.ts';
import { parsePromDuration } from '../format/duration.ts';
import type { ResolvedRange } from '../nav/time-range.ts';
import { cssColor } from './colors.ts';
import { type Choices, type Macros, substitute } from './substitute.ts';

/** Moments and stretches of time to be drawn on every graph of a dashboard. */
export interface TimeMarks {
  readonly marks: readonly ChartMark[];
  readonly shades: readonly ChartShade[];
}

export const NO_MARKS: TimeMarks = { marks: [], shades: [] };

/** One thing that happened; Unix seconds. A moment ends when it begins. */
export interface Happening {
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly color: string;
  /** Told on the time axis only. */
  readonly isBar?: boolean;
}

/** Most of one query that are drawn: beyond that they say nothing. */
const MAX_HAPPENINGS = 100;

/** Asks the queries of a dashboard's annotations; one that fails is left out and told in `problems`. */
export async function loadHappenings(
  annotations: readonly AnnotationModel[],
  context: {
    readonly queries: Queries;
    readonly range: ResolvedRange;
    readonly choices: Choices;
    readonly macros: Macros;
  },
  abort: AbortSignal,
): Promise<{ happenings: readonly Happening[]; problems: readonly string[] }> {
  const problems: string[] = [];
  const found = await Promise.all(
    annotations.map(async (annotation) => {
      const least = (parsePromDuration(annotation.step) ?? 0) / 1000;
      const grid = queryRangeOf(context.range, niceStep(context.range, 400, Math.max(15, least)));
      const expr = substitute(annotation.expr, context.choices, context.macros);
      try {
        const { data } = await context.queries.queryRange(expr, grid, abort);
        const found = happeningsOf(annotation, data, grid.step).slice(-MAX_HAPPENINGS);
        return annotation === OWN_ALERTS ? found.map((one) => ({ ...one, isBar: true })) : found;
      } catch (error) {
        if (abort.aborted) throw error;
        problems.push(`${annotation.name}: ${problemText(error)}`);
        return [];
      }
    }),
  );
  return { happenings: found.flat(), problems };
}

/** Samples in a row are one stretch; with `useValueForTime` each value is a moment of its own. Samples of 0 say that nothing happened. */
export function happeningsOf(
  annotation: AnnotationModel,
  matrix: readonly MatrixSeries[],
  step: number,
): Happening[] {
  const { color } = annotation;
  return matrix.flatMap((series): Happening[] => {
    const text = textOf(annotation, series.metric);
    if (annotation.useValueForTime) {
      const moments = new Set((series.values ?? []).map(([, value]) => parseSample(value) / 1000));
      return [...moments].map((time) => ({ from: time, to: time, text, color }));
    }
    const values = (series.values ?? []).filter(([, value]) => parseSample(value) !== 0);
    return intervalsOf([{ ...series, values }], step).map(({ from, to }) => ({
      from,
      to: to - from > step ? to : from,
      text,
      color,
    }));
  });
}

function textOf({ name, titleFormat, textFormat, tagKeys }: AnnotationModel, labels: LabelMap): string {
  const fill = (format: string): string =>
    format.replace(/\{\{\s*([\w.]+)\s*\}\}/g, (_, label: string) => labels[label] ?? '').trim();
  const tags = tagKeys.map((key) => labels[key]).filter((tag) => tag !== undefined);
  return [fill(titleFormat) || name, fill(textFormat), tags.join(', ')]
    .filter((part) => part !== '')
    .join(' · ');
}

/** Stretches as tinted ground with a mark where they begin. */
export function timeMarks(happenings: readonly Happening[], theme: ShownTheme): TimeMarks {
  const css = (color: string): string =>
    cssColor(color, theme) ?? (isDark(theme) ? 'oklch(0.76 0.11 75)' : 'oklch(0.56 0.11 65)');
  return {
    marks: happenings.map(({ from, text, color, isBar }) => ({
      time: from,
      text,
      color: css(color),
      ...(isBar ? { isFoot: true } : {}),
    })),
    shades: happenings
      .filter(({ from, to }) => to > from)
      .map(({ from, to, color, isBar }) =>
        isBar ? { from, to, color: css(color), isBar } : { from, to, color: faint(css(color)) },
      ),
  };
}

function faint(color: string): string {
  const oklch = /^oklch\(([^/)]+)\)$/.exec(color);
  if (oklch) return `oklch(${oklch[1]} / 0.1)`;
  const rgb = /^rgba?\(\s*([\d.]+)[\s,]+([\d.]+)[\s,]+([\d.]+)/.exec(color);
  return rgb ? `rgba(${rgb[1]}, ${rgb[2]}, ${rgb[3]}, 0.1)` : 'rgba(128, 128, 128, 0.1)';
}

/** Our own alerts as one of a dashboard's annotations. */
export const OWN_ALERTS: AnnotationModel = {
  name: 'Alerts',
  expr: 'ALERTS{alertstate="firing"}',
  step: '',
  titleFormat: '{{alertname}} fires',
  textFormat: '{{job}} {{instance}}',
  tagKeys: [],
  useValueForTime: false,
  color: 'red',
  isEnabled: true,
};
