import type { PanelModel, TargetModel } from '../../../src/dashboards/model.ts';
import type { LabelMap, VectorSample } from '../data/api-types.ts';
import type { Queries } from '../data/batch.ts';
import { bucketSeries } from '../data/bucket-series.ts';
import { askColumns } from '../data/first-points.ts';
import { niceStep, parseSample, seriesText } from '../data/matrix.ts';
import { parsePromDuration } from '../format/duration.ts';
import type { ResolvedRange } from '../nav/time-range.ts';
import { withFilters } from './filters.ts';
import { type Frame, seriesFrame, tableFrame } from './frame.ts';
import { type Settings, settingsOf } from './settings.ts';
import { type Choices, type Macros, substitute } from './substitute.ts';
import { transformFrames } from './transform.ts';
import { mergeFrames } from './transform-join.ts';

/** One series of a panel, with the name and the settings its target and the overrides give it. */
export interface PanelSeries {
  readonly refId: string;
  readonly labels: LabelMap;
  readonly name: string;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  /** What names the values, where they are rows of a table and no moments. */
  readonly rowNames?: readonly string[];
  /** Override properties that hit this series. */
  readonly settings: Settings;
}

export interface PanelData {
  readonly range: ResolvedRange;
  readonly step: number;
  readonly series: readonly PanelSeries[];
  /** What tables show; of other panels, what their transformations made. */
  readonly frames: readonly Frame[];
  readonly warnings: readonly string[];
  /** What was asked, for those who want to know. */
  readonly asked: readonly AskedQuery[];
}

export interface AskedQuery {
  readonly refId: string;
  readonly expr: string;
  /** Seconds; 0 of an instant query. */
  readonly step: number;
  readonly seriesCount: number;
}

export interface PanelContext {
  readonly queries: Queries;
  readonly range: ResolvedRange;
  readonly choices: Choices;
  /** Pixels. */
  readonly width: number;
  readonly scrapeSeconds: number;
  /** When the server started, Unix ms; undefined while that is not known. */
  startedAt(): number | undefined;
}

/** Asks all targets of a panel that are not hidden, and applies its transformations. @throws the first error */
export async function loadPanel(
  panel: PanelModel,
  given: PanelContext,
  abort: AbortSignal,
): Promise<PanelData> {
  const context = { ...given, range: ownRange(panel, given) };
  const targets = panel.targets.filter((target) => !target.isHidden);
  const answers = await Promise.all(targets.map((target) => loadTarget(panel, target, context, abort)));
  const series = nameSeries(answers.flatMap((answer) => answer.series));
  const made = framesAndSeries(panel, answers, series);
  return {
    range: context.range,
    step: answers[0]?.step ?? 15,
    series: made.series.map((one) => applyOverrides(one, panel.overrides)),
    frames: made.frames,
    warnings: answers.flatMap((answer) => answer.warnings),
    asked: answers.map((answer) => answer.asked),
  };
}

type RawSeries = Omit<PanelSeries, 'settings'>;

interface TargetAnswer {
  readonly step: number;
  readonly asked: AskedQuery;
  readonly series: readonly RawSeries[];
  /** Rows, where the target or the panel asks for a table. */
  readonly frame?: Frame;
  readonly warnings: readonly string[];
}

/** The range of a panel that has its own: `timeFrom` back from the end, all of it moved by `timeShift`. */
function ownRange(
  panel: PanelModel,
  { range, choices }: Pick<PanelContext, 'range' | 'choices'>,
): ResolvedRange {
  if (!panel.time) return range;
  const length = (text: string): number =>
    parsePromDuration(substitute(text, choices, {}).replace(/^now-/, '')) ?? 0;
  const from = length(panel.time.from);
  const shift = length(panel.time.shift);
  return { from: (from > 0 ? range.to - from : range.from) - shift, to: range.to - shift };
}

/** What the panel's type works on: tables on frames, all others on series; transformations on frames in between. */
function framesAndSeries(
  panel: PanelModel,
  answers: readonly TargetAnswer[],
  series: readonly RawSeries[],
): { frames: readonly Frame[]; series: readonly RawSeries[] } {
  const isTable = panel.type === 'table';
  const frames = [
    ...answers.flatMap((answer) => (answer.frame ? [answer.frame] : [])),
    ...(isTable || panel.transformations.length > 0
      ? series.filter((one) => !answers.some((answer) => answer.frame?.refId === one.refId)).map(seriesFrame)
      : []),
  ];
  if (panel.transformations.length > 0) {
    const made = transformFrames(frames, panel.transformations);
    return { frames: made, series: isTable ? [] : seriesOfFrames(made) };
  }
  // A table of several queries: side by side, as people mean it.
  return {
    frames: isTable && frames.length > 1 && answers.every((one) => one.frame) ? mergeFrames(frames) : frames,
    series,
  };
}

/** Number columns as series; without times they stand at their rows. */
function seriesOfFrames(frames: readonly Frame[]): RawSeries[] {
  return frames.flatMap((frame) => {
    const times = frame.fields.find((field) => field.type === 'time')?.values ?? [];
    const names = frame.fields.find((field) => field.type === 'string')?.values;
    return frame.fields
      .filter((field) => field.type === 'number')
      .map(
        (field): RawSeries => ({
          refId: frame.refId,
          labels: field.labels ?? {},
          name: field.name,
          times: field.values.map((_, i) => (typeof times[i] === 'number' ? times[i] / 1000 : i)),
          values: field.values.map((cell) => (typeof cell === 'number' ? cell : null)),
          ...(names ? { rowNames: names.map(String) } : {}),
        }),
      );
  });
}

async function loadTarget(
  panel: PanelModel,
  target: TargetModel,
  context: PanelContext,
  abort: AbortSignal,
): Promise<TargetAnswer> {
  const { queries, range, choices } = context;
  const step = stepOf(panel, target, context);
  const macros = macrosOf(range, step, context.scrapeSeconds);
  const filters = [...choices.values()].flatMap((chosen) => chosen.filters ?? []);
  const expr = await withFilters(substitute(target.expr, choices, macros), filters);
  const legend = substitute(target.legendFormat, choices, macros, 'text');
  const valueName =
    panel.targets.filter((one) => !one.isHidden).length > 1 ? `Value #${target.refId}` : 'Value';
  if (target.isInstant || (panel.type === 'table' && target.format === 'table')) {
    const { data, warnings } = await queries.query(expr, range.to / 1000, abort);
    const samples: readonly VectorSample[] =
      data.resultType === 'vector'
        ? data.result
        : data.resultType === 'scalar'
          ? [{ metric: {}, value: data.result }]
          : [];
    const rows = samples.flatMap((sample) =>
      sample.value
        ? [{ labels: sample.metric, value: parseSample(sample.value[1]), time: sample.value[0] * 1000 }]
        : [],
    );
    const series = rows.map(
      ({ labels, value }): RawSeries => ({
        refId: target.refId,
        labels,
        name: legendName(legend, labels, expr),
        times: [range.to / 1000],
        values: [Number.isFinite(value) ? value : null],
      }),
    );
    const asTable =
      target.format === 'table' || (panel.type === 'table' && panel.transformations.length === 0);
    return {
      step,
      asked: { refId: target.refId, expr, step: 0, seriesCount: series.length },
      series,
      warnings,
      ...(asTable ? { frame: tableFrame(target.refId, rows, valueName) } : {}),
    };
  }
  const { warnings, ...columns } = await askColumns(
    async (grid) => {
      const answer = await queries.queryRange(expr, grid, abort, { columns: 'true' });
      return panel.type === 'heatmap' ? { ...answer, data: bucketSeries(answer.data) } : answer;
    },
    range,
    step,
    context.startedAt,
  );
  const series = columns.series.map(
    ({ labels, values }): RawSeries => ({
      refId: target.refId,
      labels,
      name: legendName(legend, labels, expr),
      times: columns.times,
      values,
    }),
  );
  const asked = { refId: target.refId, expr, step, seriesCount: series.length };
  if (target.format !== 'table') return { step, asked, series, warnings };
  const rows = series.flatMap(({ labels, times, values }) =>
    values.flatMap((value, i) => (value === null ? [] : [{ labels, value, time: times[i]! * 1000 }])),
  );
  return { step, asked, series, warnings, frame: tableFrame(target.refId, rows, valueName) };
}

/** Grafana's rule: the range over the panel's width, at least the minimum interval, rounded to a nice value, times the factor. */
function stepOf(panel: PanelModel, target: TargetModel, context: PanelContext): number {
  const { range, choices, width, scrapeSeconds } = context;
  const minimum = target.interval || panel.interval;
  const minText = substitute(minimum, choices, {}).replace(/^[<>]=?/, '');
  const minSeconds = (parsePromDuration(minText) ?? (Number(minText) * 1000 || 0)) / 1000;
  const points = Math.min(panel.maxDataPoints ?? Number.POSITIVE_INFINITY, Math.max(40, width / 2));
  return (
    niceStep(range, points, Math.max(1, minSeconds > 0 ? minSeconds : scrapeSeconds)) * target.intervalFactor
  );
}

export function macrosOf(range: ResolvedRange, step: number, scrapeSeconds: number): Macros {
  const rangeSeconds = Math.max(1, Math.round((range.to - range.from) / 1000));
  return {
    __interval: `${step}s`,
    __interval_ms: String(step * 1000),
    __rate_interval: `${Math.max(step + scrapeSeconds, 4 * scrapeSeconds)}s`,
    __range: `${rangeSeconds}s`,
    __range_s: String(rangeSeconds),
    __range_ms: String(rangeSeconds * 1000),
    __from: String(range.from),
    __to: String(range.to),
  };
}

/** The authored pattern with its labels filled in; without one, or when nothing of it is left, the series as it is. */
function legendName(legend: string, labels: LabelMap, expr: string): string {
  const filled =
    legend === '__auto'
      ? ''
      : legend.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name: string) => labels[name] ?? '').trim();
  if (filled !== '') return filled;
  const text = seriesText(labels);
  return text === '{}' ? expr.trim() : text;
}

/** Two series of one name are told apart by a number, as a legend needs it. */
function nameSeries(series: readonly RawSeries[]): RawSeries[] {
  const seen = new Map<string, number>();
  return series.map((one) => {
    const count = (seen.get(one.name) ?? 0) + 1;
    seen.set(one.name, count);
    return count === 1 ? one : { ...one, name: `${one.name} ${count}` };
  });
}

function applyOverrides(series: RawSeries, overrides: PanelModel['overrides']): PanelSeries {
  const settings = settingsOf({ ...series, type: 'number' }, overrides);
  const name = settings.get('displayName');
  return {
    ...series,
    settings,
    ...(typeof name === 'string' && name !== '' ? { name: filledName(name, series) } : {}),
  };
}

/** A display name may refer to the series' labels and to its name. */
function filledName(name: string, { labels, name: own }: Pick<PanelSeries, 'labels' | 'name'>): string {
  return name
    .replace(
      /\$\{__field\.labels\.([^}]+)\}|\$\{__field\.labels\["(.+?)"\]\}/g,
      (_, a, b) => labels[String(a ?? b)] ?? '',
    )
    .replace(/\$\{__(?:field|series)\.(?:name|displayName)\}|\$__cell_0/g, own);
}
