import type { OverrideModel, PanelModel, TargetModel } from '../../../src/dashboards/model.ts';
import type { Api } from '../data/api.ts';
import type { LabelMap, VectorSample } from '../data/api-types.ts';
import { columnsOf, niceStep, parseSample, queryRangeOf, seriesText } from '../data/matrix.ts';
import { parsePromDuration } from '../format/duration.ts';
import type { ResolvedRange } from '../nav/time-range.ts';
import { type Choices, type Macros, substitute } from './substitute.ts';

/** One series of a panel, with the name and the settings its target and the overrides give it. */
export interface PanelSeries {
  readonly refId: string;
  readonly labels: LabelMap;
  readonly name: string;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  /** Override properties that hit this series, by id; a later override wins. */
  readonly settings: ReadonlyMap<string, unknown>;
}

/** One instant answer, for tables. */
export interface PanelFrame {
  readonly refId: string;
  readonly rows: readonly { readonly labels: LabelMap; readonly value: number }[];
}

export interface PanelData {
  readonly range: ResolvedRange;
  readonly step: number;
  readonly series: readonly PanelSeries[];
  readonly frames: readonly PanelFrame[];
  readonly warnings: readonly string[];
}

export interface PanelContext {
  readonly api: Api;
  readonly range: ResolvedRange;
  readonly choices: Choices;
  /** Pixels. */
  readonly width: number;
  readonly scrapeSeconds: number;
}

/** Asks all targets of a panel that are not hidden. @throws the first error */
export async function loadPanel(
  panel: PanelModel,
  context: PanelContext,
  abort: AbortSignal,
): Promise<PanelData> {
  const targets = panel.targets.filter((target) => !target.isHidden);
  const answers = await Promise.all(targets.map((target) => loadTarget(panel, target, context, abort)));
  const series = answers.flatMap((answer) => answer.series);
  return {
    range: context.range,
    step: answers[0]?.step ?? 15,
    series: nameSeries(series).map((one) => applyOverrides(one, panel.overrides)),
    frames: answers.flatMap((answer) => answer.frames),
    warnings: answers.flatMap((answer) => answer.warnings),
  };
}

type RawSeries = Omit<PanelSeries, 'settings'>;

interface TargetAnswer {
  readonly step: number;
  readonly series: readonly RawSeries[];
  readonly frames: readonly PanelFrame[];
  readonly warnings: readonly string[];
}

async function loadTarget(
  panel: PanelModel,
  target: TargetModel,
  context: PanelContext,
  abort: AbortSignal,
): Promise<TargetAnswer> {
  const { api, range, choices } = context;
  const step = stepOf(panel, target, context);
  const macros = macrosOf(range, step, context.scrapeSeconds);
  const expr = substitute(target.expr, choices, macros);
  const legend = substitute(target.legendFormat, choices, macros, 'text');
  if (target.isInstant || (panel.type === 'table' && target.format === 'table')) {
    const { data, warnings } = await api.query(expr, range.to / 1000, abort);
    const samples: readonly VectorSample[] =
      data.resultType === 'vector'
        ? data.result
        : data.resultType === 'scalar'
          ? [{ metric: {}, value: data.result }]
          : [];
    const rows = samples.flatMap((sample) =>
      sample.value ? [{ labels: sample.metric, value: parseSample(sample.value[1]) }] : [],
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
    return { step, series, frames: [{ refId: target.refId, rows }], warnings };
  }
  const grid = queryRangeOf(range, step);
  const { data, warnings } = await api.queryRange(expr, grid, abort);
  const columns = columnsOf(data, grid);
  const series = columns.series.map(
    ({ labels, values }): RawSeries => ({
      refId: target.refId,
      labels,
      name: legendName(legend, labels, expr),
      times: columns.times,
      values,
    }),
  );
  return { step, series, frames: [], warnings };
}

/** Grafana's rule: the range over the panel's width, at least the minimum interval, rounded to a nice value, times the factor. */
export function stepOf(panel: PanelModel, target: TargetModel, context: PanelContext): number {
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

function applyOverrides(series: RawSeries, overrides: readonly OverrideModel[]): PanelSeries {
  const settings = new Map<string, unknown>();
  for (const { matcher, properties } of overrides) {
    if (isHit(series, matcher)) for (const { id, value } of properties) settings.set(id, value);
  }
  const name = settings.get('displayName');
  return { ...series, settings, ...(typeof name === 'string' && name !== '' ? { name } : {}) };
}

function isHit(series: RawSeries, matcher: OverrideModel['matcher']): boolean {
  const { id, options } = matcher;
  switch (id) {
    case 'byName':
      return series.name === options;
    case 'byRegexp':
    case 'byRegex': {
      const match = /^\/([\s\S]*)\/([a-z]*)$/.exec(String(options));
      try {
        return new RegExp(match ? match[1]! : String(options), match?.[2]?.replace('g', '')).test(
          series.name,
        );
      } catch {
        return false;
      }
    }
    case 'byFrameRefID':
      return series.refId === options;
    case 'byNames':
      return ((options as { names?: unknown[] } | null)?.names ?? []).includes(series.name);
    case 'byType':
      return options === 'number';
    default:
      return false;
  }
}
