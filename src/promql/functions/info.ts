import {
  eachLabel,
  formatLabels,
  type Labels,
  labelsFromSorted,
  labelsKey,
  labelValue,
  METRIC_NAME,
  NO_LABELS,
  textsKey,
} from '../../model/labels.ts';
import type { Matcher } from '../../model/matcher.ts';
import { childrenOf, type Expr, type VectorSelector } from '../ast.ts';
import { executionError } from '../errors.ts';
import { type EvalContext, evaluateVector, vector } from '../evaluate/context.ts';
import { mergeSameLabels } from '../evaluate/labels.ts';
import { lookup } from '../evaluate/selectors.ts';
import { withLabel } from '../evaluate/signatures.ts';
import { offsetMsOf, resolveAt } from '../evaluate/times.ts';
import {
  ABSENT,
  type Column,
  columnBytes,
  copyStep,
  FLOAT,
  type Grid,
  type MutableColumn,
  newColumn,
  setFloat,
} from '../evaluate/value.ts';
import { compileMatcher, compileMatchers } from '../matchers.ts';
import type { Evaluate, FunctionTable } from './table.ts';

/** Labels that tie a series to its info series. */
const IDENTIFYING = ['instance', 'job'] as const;
const TARGET_INFO: Matcher = { name: METRIC_NAME, op: '=', value: 'target_info' };

/** Adds to each series the data labels of the info series with the same instance and job. */
const info: Evaluate = (context, call, grid) => {
  const base = evaluateVector(context, call.args[0]!, grid);
  const selector = call.args[1];
  const given = selector?.kind === 'vector' ? selector.matchers : [TARGET_INFO];
  const nameMatchers = infoNames(given.filter(({ name }) => name === METRIC_NAME));
  const dataMatchers = given.filter(({ name }) => name !== METRIC_NAME);
  const isInfo = compileMatchers(nameMatchers);
  const isEnriched = (column: Column): boolean => !isInfo(nameOnly(column.labels));
  const wanted = base.filter(isEnriched);
  const infos = selectInfo(context, call.args[0]!, wanted, [...dataMatchers, ...nameMatchers], grid);
  const dataNames = new Set(dataMatchers.map(({ name }) => name));
  const mayBeMissing = dataMatchers.every((matcher) => compileMatcher(matcher)(''));
  const results: Column[] = [];
  const byIdentity = groupByIdentity(infos);
  for (const column of base) {
    if (isEnriched(column))
      results.push(...enrich(context, column, byIdentity, dataNames, mayBeMissing, grid));
    else results.push(column);
  }
  return vector(mergeSameLabels(context, results, grid.count));
};

const nameOnly = (labels: Labels): Labels => {
  const name = labelValue(labels, METRIC_NAME);
  return name === '' ? NO_LABELS : labelsFromSorted([METRIC_NAME, name]);
};

/** Which metrics are info metrics: as asked for; without a positive condition all `_info` ones, or target_info. */
function infoNames(matchers: readonly Matcher[]): readonly Matcher[] {
  if (matchers.length === 0) return [TARGET_INFO];
  if (matchers.some(({ op }) => op === '=' || op === '=~')) return matchers;
  return [{ name: METRIC_NAME, op: '=~', value: '.+_info' }, ...matchers];
}

/** The info series that may belong to any of the series; values are the times of their samples. */
function selectInfo(
  context: EvalContext,
  expr: Expr,
  wanted: readonly Column[],
  matchers: readonly Matcher[],
  grid: Grid,
): readonly Column[] {
  const identifying: Matcher[] = [];
  for (const name of IDENTIFYING) {
    const values = new Set(wanted.map((column) => labelValue(column.labels, name)));
    values.delete('');
    if (values.size > 0) identifying.push({ name, op: '=~', value: [...values].map(quoteMeta).join('|') });
  }
  if (identifying.length === 0) return [];
  const selector: VectorSelector = {
    kind: 'vector',
    name: '',
    matchers: [...identifying, ...matchers],
    ...lookOf(context, expr),
    extension: undefined,
    position: expr.position,
    height: 1,
  };
  return lookup(context, selector, grid, (column, step, series, index) => {
    if (series.histograms?.[index]) {
      throw executionError(
        `this should be an info metric, with float samples: ${formatLabels(series.labels)}`,
      );
    }
    setFloat(column, step, series.timestamps[index]!);
  });
}

const quoteMeta = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');

/** The time of the first selector below decides when info series are looked at: its `@`, offsets of subqueries added up. */
function lookOf(context: EvalContext, expr: Expr): { at: number | undefined; offset: number } {
  const { window } = context;
  const find = (node: Expr): { at: number | undefined; offset: number } | undefined => {
    if (node.kind === 'vector') return { at: resolveAt(node.at, window), offset: offsetMsOf(node, window) };
    for (const child of childrenOf(node)) {
      const found = find(child);
      if (found === undefined) continue;
      if (node.kind !== 'subquery' || found.at !== undefined) return found;
      return { at: resolveAt(node.at, window), offset: found.offset + offsetMsOf(node, window) };
    }
    return undefined;
  };
  return find(expr) ?? { at: undefined, offset: 0 };
}

const identityOf = (labels: Labels): string => textsKey(IDENTIFYING.map((name) => labelValue(labels, name)));

/** Info series by identity, then by metric name. */
function groupByIdentity(infos: readonly Column[]): Map<string, Map<string, Column[]>> {
  const groups = new Map<string, Map<string, Column[]>>();
  for (const column of infos) {
    const identity = identityOf(column.labels);
    const names = groups.get(identity) ?? new Map<string, Column[]>();
    groups.set(identity, names);
    const name = labelValue(column.labels, METRIC_NAME);
    const alike = names.get(name);
    if (alike) alike.push(column);
    else names.set(name, [column]);
  }
  return groups;
}

function enrich(
  { budget, room }: EvalContext,
  column: Column,
  byIdentity: Map<string, Map<string, Column[]>>,
  dataNames: ReadonlySet<string>,
  mayBeMissing: boolean,
  grid: Grid,
): Column[] {
  const names = byIdentity.get(identityOf(column.labels));
  const results = new Map<string, MutableColumn>();
  const labelsOfChoice = new Map<string, Labels | undefined>();
  for (let step = 0; step < grid.count; step++) {
    if (column.present[step] === ABSENT) continue;
    const chosen: Column[] = [];
    for (const infos of names?.values() ?? []) {
      const latest = latestAt(infos, step);
      if (latest) chosen.push(latest);
    }
    const choice = textsKey(chosen.map((info) => labelsKey(info.labels)));
    if (!labelsOfChoice.has(choice)) {
      labelsOfChoice.set(choice, withData(column.labels, chosen, dataNames, mayBeMissing));
    }
    const labels = labelsOfChoice.get(choice);
    if (labels === undefined) continue;
    const key = labelsKey(labels);
    let out = results.get(key);
    if (out === undefined) {
      budget.bytes(columnBytes(grid.count));
      out = newColumn(room, labels, grid.count, column.dropName);
      results.set(key, out);
    }
    copyStep(column, out, step);
  }
  return [...results.values()];
}

/** The info series with the newest sample. */
function latestAt(infos: readonly Column[], step: number): Column | undefined {
  let latest: Column | undefined;
  for (const info of infos) {
    if (info.present[step] !== FLOAT) continue;
    if (latest === undefined || info.values[step]! > latest.values[step]!) latest = info;
    else if (info.values[step] === latest.values[step]) {
      throw executionError(
        `found duplicate series for info metric: existing ${formatLabels(latest.labels)} @ ${latest.values[step]}, new ${formatLabels(info.labels)} @ ${info.values[step]}`,
      );
    }
  }
  return latest;
}

/** The labels with the data labels of info series added; undefined when a label asked for is missing. */
function withData(
  labels: Labels,
  infos: readonly Column[],
  dataNames: ReadonlySet<string>,
  mayBeMissing: boolean,
): Labels | undefined {
  const data = new Map<string, string>();
  for (const info of infos) {
    for (const [name, value] of eachLabel(info.labels)) {
      if (name === METRIC_NAME || (dataNames.size > 0 && !dataNames.has(name))) continue;
      const known = data.get(name);
      if (known !== undefined && known !== value) throw executionError(`conflicting label: ${name}`);
      if (labelValue(labels, name) === '') data.set(name, value);
    }
  }
  if (infos.length === 0 && !mayBeMissing) return undefined;
  let enriched = labels;
  for (const [name, value] of data) enriched = withLabel(enriched, name, value);
  return enriched;
}

export const infoFunctions = {
  info: { args: ['vector', 'vector'], variadic: 1, returns: 'vector', evaluate: info },
} satisfies FunctionTable;
