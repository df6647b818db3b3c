import { createHash } from 'node:crypto';
import { type Labels, labelsFromObject, NO_LABELS } from '../../model/labels.ts';
import { compileMatchers } from '../../promql/matchers.ts';
import { parseSelector } from '../../promql/parse.ts';
import { ApiError } from '../envelope.ts';
import { booleanOf, ParameterError } from '../params.ts';
import type { RuleGroupJson, RuleJson } from './monitoring.ts';

/** Longest selector read on main, characters. */
const MAX_SELECTOR = 4096;
const MAX_SELECTORS = 100;

export interface RuleList {
  readonly groups: readonly RuleGroupJson[];
  /** Names the first group of the next page; absent on the last one. */
  readonly groupNextToken?: string;
}

/** What `/rules` shows: upstream's filters and pages. @throws ParameterError, ApiError with upstream's text */
export function ruleList(groups: readonly RuleGroupJson[], params: URLSearchParams): RuleList {
  const type = typeOf(params.get('type') ?? '');
  const names = params.getAll('rule_name[]');
  const groupNames = params.getAll('rule_group[]');
  const files = params.getAll('file[]');
  const withoutAlerts = flag(params, 'exclude_alerts');
  const matchesLabels = labelFilter(params.getAll('match[]'));
  const { limit, token } = pageOf(params);

  const shown: RuleGroupJson[] = [];
  let isBefore = token !== '';
  for (const group of groups) {
    if (isBefore && tokenOf(group) !== token) continue;
    isBefore = false;
    if (groupNames.length > 0 && !groupNames.includes(group.name)) continue;
    if (files.length > 0 && !files.includes(group.file)) continue;
    const rules = group.rules
      .filter(
        (rule) =>
          (!type || rule.type === type) &&
          (names.length === 0 || names.includes(rule.name)) &&
          matchesLabels(rule),
      )
      .map((rule) => (withoutAlerts && rule.alerts ? { ...rule, alerts: [] } : rule));
    // A group that filters have emptied is left out; one that has no rules is shown.
    if (rules.length === 0 && group.rules.length > 0) continue;
    if (shown.length === limit) return { groups: shown, groupNextToken: tokenOf(group) };
    shown.push({ ...group, rules });
  }
  if (isBefore) {
    throw new ParameterError(
      'group_next_token',
      `invalid group_next_token '${token}'. were rule groups changed?`,
    );
  }
  return { groups: shown };
}

/** Whether a label set meets a selector as a person wrote it. @throws ParameterError */
export function readSelector(parameter: string, text: string): (labels: Labels) => boolean {
  if (text.length > MAX_SELECTOR) {
    throw new ParameterError(parameter, `expected at most ${MAX_SELECTOR} characters, got ${text.length}`);
  }
  try {
    return compileMatchers(parseSelector(text, { mayMatchAll: true }));
  } catch (error) {
    throw new ParameterError(parameter, (error as Error).message);
  }
}

/** Upstream's errors here do not name the parameter. @throws ApiError */
function ruleFilter(text: string): (labels: Labels) => boolean {
  let matches: (labels: Labels) => boolean;
  try {
    matches = readSelector('match[]', text);
  } catch (error) {
    throw new ApiError('bad_data', (error as ParameterError).problem);
  }
  if (matches(NO_LABELS))
    throw new ApiError('bad_data', 'match[] must contain at least one non-empty matcher');
  return matches;
}

/** Labels that are templates have no value before an alert fires: they match nothing but their absence. */
function labelFilter(selectors: readonly string[]): (rule: RuleJson) => boolean {
  if (selectors.length === 0) return () => true;
  if (selectors.length > MAX_SELECTORS) {
    throw new ParameterError(
      'match[]',
      `expected at most ${MAX_SELECTORS} selectors, got ${selectors.length}`,
    );
  }
  const filters = selectors.map(ruleFilter);
  return ({ labels }) => {
    const plain = Object.fromEntries(Object.entries(labels).filter(([, value]) => !value.includes('{{')));
    return filters.some((matches) => matches(labelsFromObject(plain)));
  };
}

function typeOf(text: string): RuleJson['type'] | undefined {
  switch (text.toLowerCase()) {
    case '':
      return undefined;
    case 'alert':
      return 'alerting';
    case 'record':
      return 'recording';
    default:
      throw new ParameterError('type', `not supported value ${JSON.stringify(text)}`);
  }
}

function pageOf(params: URLSearchParams): { limit: number; token: string } {
  const text = params.get('group_limit') ?? '';
  const token = params.get('group_next_token') ?? '';
  if (text === '') {
    if (token === '') return { limit: Number.POSITIVE_INFINITY, token };
    throw new ParameterError(
      'group_next_token',
      'group_limit needs to be present in order to paginate over the groups',
    );
  }
  if (!/^[+-]?\d+$/.test(text))
    throw new ParameterError('group_limit', 'group_limit needs to be a valid number');
  if (Number(text) <= 0) throw new ParameterError('group_limit', 'group_limit needs to be greater than 0');
  return { limit: Number(text), token };
}

const tokenOf = (group: RuleGroupJson): string =>
  createHash('sha1').update(`${group.file};${group.name}`).digest('hex');

function flag(params: URLSearchParams, name: string): boolean {
  const text = params.get(name) ?? '';
  const value = booleanOf(text, false);
  if (value !== undefined) return value;
  throw new ApiError(
    'bad_data',
    `error converting ${name}: expected true or false, got ${JSON.stringify(text)}`,
  );
}
