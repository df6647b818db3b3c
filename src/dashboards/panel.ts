import type { SourceOf } from './datasource.ts';
import { readField, readLinks } from './field.ts';
import { defined, entryOf, isObject, type Json, numberAt, objectAt, objectsAt, textAt } from './json.ts';
import type { PlacedPanel } from './layout.ts';
import { undrawnParts } from './left-out.ts';
import type { LinkModel, PanelModel, TargetModel, ThresholdsModel } from './model.ts';
import { readSeriesOverrides } from './series-overrides.ts';
import { readShape } from './shapes.ts';
import { readGraph, readLegend, readTimeseries, readTooltip, readValue } from './style.ts';
import { readOldTransform, readTableStyles } from './table-styles.ts';

/** Types that are drawn. */
const DRAWN = new Set([
  'timeseries',
  'stat',
  'gauge',
  'bargauge',
  'table',
  'text',
  'row',
  'heatmap',
  'piechart',
  'barchart',
  'histogram',
  'state-timeline',
  'status-history',
  'alertlist',
  'dashlist',
]);
/** Types that show one number per series. */
const SINGLE_VALUE = new Set(['stat', 'gauge', 'bargauge', 'piechart']);
/** Types with a legend. */
const WITH_LEGEND = new Set(['timeseries', 'piechart', 'barchart', 'histogram']);
/** Types that query nothing. */
const WITHOUT_QUERY = new Set(['text', 'row', 'alertlist', 'dashlist', 'news', 'welcome', 'annolist']);

const SUCCESSORS: Readonly<Record<string, string>> = {
  graph: 'timeseries',
  'table-old': 'table',
  'grafana-piechart-panel': 'piechart',
  'heatmap-new': 'heatmap',
  'natel-discrete-panel': 'state-timeline',
};

/** Gives out ids: the authored one where it is free, otherwise the next number that nobody asked for. */
export interface PanelIds {
  claim(authored: number | undefined): number;
}

export function panelIds(authored: readonly number[]): PanelIds {
  const taken = new Set<number>();
  let next = authored.reduce((most, id) => Math.max(most, id), 0) + 1;
  return {
    claim(id) {
      const given = id !== undefined && !taken.has(id) ? id : next++;
      taken.add(given);
      return given;
    },
  };
}

/** Brings one panel, with the panels of a closed row, into the form the page draws. Never throws. */
export function readPanel(
  { json, gridPos, inner }: PlacedPanel,
  sourceOf: SourceOf,
  ids: PanelIds,
): PanelModel {
  const authoredType = textAt(json, 'type', 'unknown');
  const type = successorOf(json, authoredType);
  const field = readField(json);
  const warnings: string[] = [];
  const targets = WITHOUT_QUERY.has(type) ? [] : readTargets(json, sourceOf, warnings);
  const isGraph = type === 'timeseries';
  const graph = isGraph ? (authoredType === 'graph' ? readGraph(json) : readTimeseries(field)) : undefined;
  const foreign = WITHOUT_QUERY.has(type) ? undefined : foreignSource(json, targets, sourceOf);
  // It says all that is to be said of its queries.
  if (foreign !== undefined) warnings.splice(0, warnings.length, foreign);
  else if (!DRAWN.has(type))
    warnings.push(`Panels of the type ${JSON.stringify(authoredType)} are not drawn.`);
  else warnings.push(...undrawnParts(json, type));
  const transformations = objectsAt(json, 'transformations').filter((one) => one.disabled !== true);
  const links = readLinks(objectAt(objectAt(json, 'fieldConfig'), 'defaults'), 'links');
  const panelLinks = readPanelLinks(json);
  const thresholds = field.thresholds ?? (isGraph ? readGraphThresholds(json) : undefined);
  const isUnsupported = foreign !== undefined || !DRAWN.has(type);

  return {
    id: ids.claim(numberAt(json, 'id')),
    type,
    authoredType,
    title: textAt(json, 'title'),
    description: textAt(json, 'description'),
    gridPos,
    isTransparent: json.transparent === true,
    targets,
    interval: textAt(json, 'interval'),
    unit: graph?.left.unit || field.unit,
    mappings: field.mappings,
    color: field.color,
    overrides:
      authoredType === 'graph'
        ? readSeriesOverrides(json)
        : type === 'table'
          ? [...readTableStyles(json), ...field.overrides]
          : field.overrides,
    options: objectAt(json, 'options'),
    transformations: type === 'table' ? [...readOldTransform(json), ...transformations] : transformations,
    ...readShape(json, type, field),
    ...defined({
      maxDataPoints: numberAt(json, 'maxDataPoints'),
      decimals: field.decimals,
      min: field.min,
      max: field.max,
      noValue: field.noValue,
      thresholds,
      graph,
      legend: WITH_LEGEND.has(type) ? readLegend(json) : undefined,
      tooltip: isGraph ? readTooltip(json) : undefined,
      value: SINGLE_VALUE.has(type) ? readValue(json) : undefined,
      text: type === 'text' ? readText(json) : undefined,
      links: links.length > 0 ? links : undefined,
      panelLinks: panelLinks.length > 0 ? panelLinks : undefined,
      time: readOwnTime(json),
      repeat: textAt(json, 'repeat') || undefined,
      repeatDirection: json.repeatDirection === 'v' ? 'v' : undefined,
      maxPerRow: numberAt(json, 'maxPerRow'),
      collapsed: type === 'row' ? json.collapsed === true || json.collapse === true : undefined,
      panels: type === 'row' ? inner.map((panel) => readPanel(panel, sourceOf, ids)) : undefined,
      unsupported: isUnsupported ? (true as const) : undefined,
      warnings: warnings.length > 0 ? warnings : undefined,
    }),
  };
}

/** Links under the panel's title; the old ones name a dashboard by its place. */
function readPanelLinks(panel: Json): LinkModel[] {
  return objectsAt(panel, 'links').flatMap((link): LinkModel[] => {
    const url = textAt(link, 'url') || (textAt(link, 'dashUri') && `dashboard/${textAt(link, 'dashUri')}`);
    const parameters = textAt(link, 'params');
    if (url === '') return [];
    return [
      {
        title: textAt(link, 'title') || textAt(link, 'dashboard') || url,
        url: parameters === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${parameters}`,
        isNewTab: link.targetBlank === true,
      },
    ];
  });
}

/** `timeFrom` and `timeShift`. */
function readOwnTime(panel: Json): PanelModel['time'] {
  const from = textAt(panel, 'timeFrom');
  const shift = textAt(panel, 'timeShift');
  return from === '' && shift === '' ? undefined : { from, shift, isHidden: panel.hideTimeOverride === true };
}

function successorOf(panel: Json, authored: string): string {
  if (authored === 'singlestat') return objectAt(panel, 'gauge').show === true ? 'gauge' : 'stat';
  return entryOf(SUCCESSORS, authored) ?? authored;
}

/** Targets with an expression for our own store; without a `refId` they are A, B, C … in turn. */
function readTargets(panel: Json, sourceOf: SourceOf, warnings: string[]): TargetModel[] {
  const found: TargetModel[] = [];
  objectsAt(panel, 'targets').forEach((target, i) => {
    const expr = textAt(target, 'expr');
    const refId = textAt(target, 'refId') || String.fromCharCode(65 + (i % 26));
    if (expr.trim() === '') return;
    const source = sourceOf(target.datasource ?? panel.datasource);
    if (source.kind === 'other') {
      warnings.push(`Query ${refId} needs the data source ${JSON.stringify(source.name)} and is left out.`);
      return;
    }
    const format = textAt(target, 'format', 'time_series');
    const current = withCurrentNames(expr);
    if (current !== expr)
      warnings.push(`Query ${refId}: holt_winters is double_exponential_smoothing since Prometheus 3.0.`);
    found.push({
      refId,
      expr: current,
      legendFormat: textAt(target, 'legendFormat'),
      isInstant: target.instant === true && target.range !== true,
      isHidden: target.hide === true,
      format:
        format === 'table' || format === '1' ? 'table' : format === 'heatmap' ? 'heatmap' : 'time_series',
      interval: textAt(target, 'interval'),
      intervalFactor: Math.max(1, numberAt(target, 'intervalFactor') ?? 1),
    });
  });
  return found;
}

/** An expression with the function that Prometheus 3.0 renamed under its new name; what stands in quotes is left alone. */
function withCurrentNames(expr: string): string {
  return expr.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`|\bholt_winters(?=\s*\()/g, (found) =>
    found === 'holt_winters' ? 'double_exponential_smoothing' : found,
  );
}

/** Says which source a panel needs when none of its queries can be answered here. */
function foreignSource(panel: Json, targets: readonly TargetModel[], sourceOf: SourceOf): string | undefined {
  if (targets.length > 0) return undefined;
  const authored = objectsAt(panel, 'targets');
  const source = [panel.datasource, ...authored.map((target) => target.datasource)]
    .map(sourceOf)
    .find((candidate) => candidate.kind === 'other');
  return source?.kind === 'other'
    ? `This panel needs the data source ${JSON.stringify(source.name)}.`
    : undefined;
}

/** The old graph's thresholds: each with a value and a colour of its own. */
function readGraphThresholds(panel: Json): ThresholdsModel | undefined {
  const steps = objectsAt(panel, 'thresholds').flatMap((threshold) => {
    const value = numberAt(threshold, 'value');
    if (value === undefined) return [];
    const mode = textAt(threshold, 'colorMode', 'critical');
    const color =
      { critical: 'red', warning: 'orange', ok: 'green' }[mode] ?? textAt(threshold, 'lineColor', 'red');
    return [{ value, color }];
  });
  return steps.length === 0
    ? undefined
    : { mode: 'absolute', steps: [{ value: null, color: 'transparent' }, ...steps] };
}

function readText(panel: Json): NonNullable<PanelModel['text']> {
  const options = objectAt(panel, 'options');
  const source = isObject(panel.options) && 'content' in options ? options : panel;
  const mode = textAt(source, 'mode', 'markdown');
  return { mode: mode === 'html' || mode === 'code' ? mode : 'markdown', content: textAt(source, 'content') };
}
