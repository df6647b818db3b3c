import type { VariableModel } from '../../../src/dashboards/model.ts';
import type { Api } from '../data/api.ts';
import type { VectorSample } from '../data/api-types.ts';
import { seriesText } from '../data/matrix.ts';
import { problemText } from '../data/problem.ts';
import type { ResolvedRange } from '../nav/time-range.ts';
import { filterText, parseFilter } from './filters.ts';
import { type Chosen, type Macros, substitute } from './substitute.ts';

export interface Option {
  readonly text: string;
  readonly value: string;
}

/** A variable with what can be chosen and what is. */
export interface VariableState {
  readonly model: VariableModel;
  readonly options: readonly Option[];
  readonly chosen: Chosen;
  /** Why its values could not be fetched. */
  readonly error?: string;
}

const ALL = '$__all';

/**
 * Fetches the values of all variables, each with the choices of those it mentions and at the same time as those it does not, and
 * settles what is chosen: what the URL says, else what is stored and still exists, else the first.
 */
export async function resolveVariables(
  models: readonly VariableModel[],
  given: (name: string) => readonly string[],
  api: Api,
  range: ResolvedRange,
  macros: Macros,
  abort: AbortSignal,
): Promise<VariableState[]> {
  const pending = new Map<string, Promise<VariableState>>();
  const resolve = async (
    model: VariableModel,
    before: ReadonlyMap<string, Promise<VariableState>>,
  ): Promise<VariableState> => {
    const needed = [...before].filter(([name]) => mentions(model, name)).map(([, state]) => state);
    const choices = new Map((await Promise.all(needed)).map((state) => [state.model.name, state.chosen]));
    let options: readonly Option[] = [];
    let error: string | undefined;
    try {
      options = await optionsOf(model, (text) => substitute(text, choices, macros), api, range, abort);
    } catch (problem) {
      if (abort.aborted) throw problem;
      error = problemText(problem);
    }
    const chosen = choose(model, options, given(model.name));
    return { model, options, chosen, ...(error === undefined ? {} : { error }) };
  };
  const states = models.map((model) => {
    const state = resolve(model, new Map(pending));
    pending.set(model.name, state);
    return state;
  });
  return Promise.all(states);
}

const mentions = ({ query, regex }: VariableModel, name: string): boolean =>
  `${query} ${regex}`.split(/[^\w.]+/).includes(name);

export function choose(model: VariableModel, options: readonly Option[], given: readonly string[]): Chosen {
  const wanted = given.length > 0 ? given : model.current;
  if (model.type === 'adhoc') {
    const filters = wanted.flatMap((text) => parseFilter(text) ?? []);
    const texts = filters.map(({ label, operator, value }) => `${label} ${operator} ${value}`);
    return { values: filters.map(filterText), texts, isAll: false, allValue: '', isMulti: true, filters };
  }
  const wantsAll = wanted.some((value) => value === ALL || (value === 'All' && model.includeAll));
  const isAll = wantsAll && model.includeAll;
  const isFree = model.type === 'textbox' || model.type === 'constant';
  const textOf = (value: string): string => options.find((option) => option.value === value)?.text ?? value;
  let values: string[];
  if (isAll) values = options.map((option) => option.value);
  else if (isFree) values = [wanted[0] ?? model.query];
  else {
    const known = wanted.filter((value) => options.some((option) => option.value === value));
    // What the URL names is taken at its word, as Grafana does: the value may only come into being later.
    values = given.length > 0 && !wantsAll ? [...given] : known;
    if (values.length === 0 && options[0]) values = [options[0].value];
  }
  return {
    values: model.isMulti ? values : isAll ? values : values.slice(0, 1),
    texts: values.map(textOf),
    isAll,
    allValue: model.allValue,
    isMulti: model.isMulti,
  };
}

type Insert = (text: string) => string;

async function optionsOf(
  model: VariableModel,
  insert: Insert,
  api: Api,
  range: ResolvedRange,
  abort: AbortSignal,
): Promise<readonly Option[]> {
  switch (model.type) {
    case 'query':
      return sortOptions(
        applyRegex(await queryValues(insert(model.query).trim(), api, range, abort), model.regex),
        model.sort,
      );
    case 'custom':
      return customOptions(insert(model.query));
    case 'interval':
      return customOptions(model.query).map((option) =>
        option.value === 'auto' ? { text: 'auto', value: insert('$__interval') } : option,
      );
    case 'constant':
    case 'textbox':
      return [{ text: model.query, value: model.query }];
    case 'datasource':
      return [{ text: 'Belfry', value: 'belfry' }];
    case 'adhoc':
      return [];
  }
}

async function queryValues(
  query: string,
  api: Api,
  range: ResolvedRange,
  abort: AbortSignal,
): Promise<readonly string[]> {
  const seconds = { start: Math.floor(range.from / 1000), end: Math.ceil(range.to / 1000) };
  const labelValues = /^label_values\(\s*(?:([\s\S]+),\s*)?("?[\w:.]+"?)\s*\)$/.exec(query);
  if (labelValues)
    return api.labelValues(labelValues[2]!.replaceAll('"', ''), labelValues[1]?.trim(), seconds, abort);
  const metrics = /^metrics\((.*)\)$/s.exec(query);
  if (metrics) {
    const pattern = new RegExp(metrics[1]!.trim());
    return (await api.labelValues('__name__', undefined, seconds, abort)).filter((name) =>
      pattern.test(name),
    );
  }
  if (query === '') return [];
  const expr = /^query_result\(([\s\S]*)\)$/.exec(query)?.[1] ?? query;
  const { data } = await api.query(expr, seconds.end, abort);
  if (data.resultType !== 'vector') return [];
  return data.result.map(
    (sample: VectorSample) => `${seriesText(sample.metric)} ${sample.value?.[1] ?? ''} ${seconds.end * 1000}`,
  );
}

/** `/pattern/flags`: keeps what matches; a group, or groups named `text` and `value`, picks the part. */
export function applyRegex(values: readonly string[], regex: string): Option[] {
  const plain = (value: string): Option => ({ text: value, value });
  if (regex.trim() === '') return unique(values.map(plain));
  const match = /^\/([\s\S]*)\/([a-z]*)$/.exec(regex.trim());
  let pattern: RegExp;
  try {
    pattern = match ? new RegExp(match[1]!, match[2]!.replace('g', '')) : new RegExp(regex);
  } catch {
    return unique(values.map(plain));
  }
  const found = values.flatMap((value): Option[] => {
    const hit = pattern.exec(value);
    if (!hit) return [];
    const { text, value: named } = hit.groups ?? {};
    if (text !== undefined || named !== undefined) return [{ text: text ?? named!, value: named ?? text! }];
    return [plain(hit[1] ?? (hit.length > 1 ? '' : value))];
  });
  return unique(found);
}

/** 1/2 alphabetical, 3/4 by the number in it, 5/6 alphabetical without case, 7/8 naturally; even is descending. */
export function sortOptions(options: readonly Option[], sort: number): Option[] {
  if (sort === 0) return [...options];
  const number = (text: string): number => Number(/\d+(\.\d+)?/.exec(text)?.[0] ?? -1);
  const compare = (a: Option, b: Option): number => {
    if (sort <= 2) return a.text < b.text ? -1 : a.text > b.text ? 1 : 0;
    if (sort <= 4) return number(a.text) - number(b.text);
    if (sort <= 6) return a.text.toLowerCase() < b.text.toLowerCase() ? -1 : 1;
    return a.text.localeCompare(b.text, undefined, { numeric: true });
  };
  const sorted = [...options].sort(compare);
  return sort % 2 === 0 ? sorted.reverse() : sorted;
}

/** `a,b` or `text : value`, a comma inside a value written `\,`. */
export function customOptions(query: string): Option[] {
  return query
    .split(/(?<!\\),/)
    .map((part) => part.replaceAll('\\,', ',').trim())
    .filter((part) => part !== '')
    .map((part) => {
      const pair = /^(.+?)\s+:\s+(.+)$/.exec(part);
      return pair ? { text: pair[1]!, value: pair[2]! } : { text: part, value: part };
    });
}

function unique(options: readonly Option[]): Option[] {
  const seen = new Set<string>();
  return options.filter(({ value }) => !seen.has(value) && seen.add(value));
}
